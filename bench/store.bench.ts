/**
 * `npm run bench -- store [TRIALS] [MEASUREMENTS]`: a study of 1,000 trials with 10,000 measurements each, unless told. Peers keep the
 * same in files: a line of JSON a measurement, a file a trial. To be met: the list of trials below 50 ms, one curve below 20 ms.
 */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { StudyStore } from '../src/store/index.ts';
import { alternate, type BenchResult, timed } from './harness.ts';

const id = (trial: number) => `trial-${String(trial).padStart(6, '0')}`;

async function filled(folder: string, trials: number, measurements: number): Promise<StudyStore> {
  const store = await StudyStore.open(folder);
  const numbers = Array.from({ length: trials }, (_, i) => i);
  store.replaceGrid({
    name: 'bench',
    text: '',
    workloads: { w: '{}' },
    trials: numbers.map((i) => ({ id: id(i), spec: '{}', budgetSteps: measurements, budgetSeconds: null })),
    points: numbers.map((i) => ({
      workload: 'w',
      strategy: 'BLR',
      batchSize: 16,
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

export default async function bench(args: readonly string[]): Promise<BenchResult> {
  const [trials = 1000, measurements = 10_000] = args.map(Number);
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  try {
    const store = await filled(join(folder, 'store'), trials, measurements);
    const files = mkdtempSync(join(folder, 'files-'));
    const lines = (i: number) =>
      `${store
        .curve(id(i))
        .map((m) => JSON.stringify(m))
        .join('\n')}\n`;
    // A peer's time for one curve does not depend on the other files; for the list only the last line counts.
    for (let i = 0; i < trials; i++) writeFileSync(join(files, id(i)), i < 10 ? lines(i) : lines(i % 10).slice(-400));
    let turn = 0;
    const next = () => turn++ % Math.min(10, trials);
    const row = store.curve(id(0)).at(-1)!;
    const claim = store.claims.claim()!;
    const cases = [
      await alternate(
        {
          name: `list of ${trials} trials with their step`,
          unit: 'lists/s',
          work: 1,
          rounds: 15,
          peers: ['JSON lines'],
        },
        [
          { name: 'ballast', run: () => timed(async () => store.trials()) },
          {
            name: 'JSON lines',
            run: () =>
              timed(async () =>
                readdirSync(files).map((file) =>
                  JSON.parse(readFileSync(join(files, file), 'utf8').trim().split('\n').at(-1)!),
                ),
              ),
          },
        ],
      ),
      await alternate(
        { name: `curve of ${measurements} measurements`, unit: 'curves/s', work: 1, rounds: 25, peers: ['JSON lines'] },
        [
          { name: 'ballast', run: () => timed(async () => store.curve(id(next()))) },
          {
            name: 'JSON lines',
            run: () =>
              timed(async () =>
                readFileSync(join(files, id(next())), 'utf8')
                  .trim()
                  .split('\n')
                  .map((line) => JSON.parse(line) as unknown),
              ),
          },
        ],
      ),
      await alternate(
        { name: 'one more measurement', unit: 'measurements/s', work: 1, rounds: 50, peers: ['JSON lines'] },
        [
          {
            name: 'ballast',
            run: () => timed(async () => store.claims.measure(claim, { ...row, step: measurements + turn })),
          },
          {
            name: 'JSON lines',
            run: () => timed(async () => appendFileSync(join(files, id(next())), `${JSON.stringify(row)}\n`)),
          },
        ],
      ),
    ];
    store.close();
    return { what: `a study of ${trials} trials x ${measurements} measurements`, cases };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
