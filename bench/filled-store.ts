/** A study on disk with as many trials and measurements as one likes. */
import Database from 'libsql';
import { StudyStore } from '../src/store/index.ts';

export const id = (trial: number) => `t-${String(trial).padStart(6, '0')}`;

const facts = {
  ...{ name: 'w', model: 'none', dataset: 'none', fraction: 1, complexity: null, examples: 50_000 },
  ...{ metric: null, parameters: 1e6 },
  targets: [{ name: 'trainLoss<=0.1', quantity: 'trainLoss', rule: { kind: 'absolute', value: 0.1 } }],
};

/** Trials at seven batch sizes, the same curve for each; none of them ended. */
export async function filled(folder: string, trials: number, measurements: number): Promise<StudyStore> {
  const store = await StudyStore.open(folder);
  const numbers = Array.from({ length: trials }, (_, i) => i);
  store.replaceGrid({
    name: 'bench',
    text: '',
    workloads: { w: JSON.stringify(facts) },
    trials: numbers.map((i) => ({ id: id(i), spec: '{}', budgetSteps: measurements, budgetSeconds: null })),
    points: numbers.map((i) => ({
      workload: 'w',
      strategy: 'BLR',
      batchSize: 16 << (i % 7),
      baseRate: 0.1,
      seed: i,
      learningRate: 0.1,
      budgetSteps: measurements,
      trialId: id(i),
    })),
  });
  const db = new Database(store.path);
  db.exec(
    `insert into measurement
     with recursive s(step) as (select 1 union all select step + 1 from s where step < ${measurements})
     select number, step, step / 390.0, step * 128, step * 0.17, 2.3 / (1 + step * 0.01), 2.5 / (1 + step * 0.01), step * 1e-5, null, 0.7
     from trial, s`,
  );
  db.close();
  return store;
}
