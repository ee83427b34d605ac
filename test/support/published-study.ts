/** The studies in `results/`, from what is published of them: the measurements, and the targets of the study file. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { parse } from 'yaml';
import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload, TargetSpec } from '../../src/study/measured.ts';

type Row = Readonly<Record<string, unknown>>;

/** Cells of a line of our own export: quotes stand around those with a comma. */
const cellsOf = (line: string) => [...line.matchAll(/(?:"([^"]*)"|([^,]*))(?:,|$)/g)].map((m) => m[1] ?? m[2]!);

async function rowsOf(folder: string): Promise<Row[]> {
  const csv = join(folder, 'measurements.csv');
  if (!existsSync(csv)) {
    const file = await asyncBufferFromFile(join(folder, 'measurements.parquet'));
    return (await parquetReadObjects({ file })) as Row[];
  }
  const [head, ...lines] = readFileSync(csv, 'utf8').trim().split('\n').map(cellsOf);
  return lines.map((cells) => Object.fromEntries(head!.map((name, i) => [name, cells[i]])));
}

const numberOf = (cell: unknown): number | null => (cell === '' || cell == null ? null : Number(cell));
const has = (cell: unknown) => numberOf(cell)!;

/** The study in a folder of `results/`; `keep` says which of its workloads. */
export async function publishedStudy(
  folder: string,
  keep: (workload: string) => boolean = () => true,
): Promise<MeasuredStudy> {
  const declared = parse(readFileSync(join(folder, 'study.yaml'), 'utf8')) as {
    name: string;
    targets?: Row[];
    workloads: { name: string; targets?: Row[] }[];
  };
  const rows = (await rowsOf(folder)).filter((r) => keep(String(r.workload)));
  const trials = new Map<string, MeasuredTrial & { measurements: MeasuredTrial['measurements'][number][] }>();
  for (const r of rows) {
    const id = String(r.trial);
    const place = [r.workload, r.strategy, r.batch_size, r.base_rate, r.seed].join(' ');
    let trial = trials.get(place);
    if (!trial) {
      trial = {
        id,
        workload: String(r.workload),
        strategy: String(r.strategy),
        batchSize: has(r.batch_size),
        baseRate: has(r.base_rate),
        learningRate: has(r.learning_rate),
        seed: has(r.seed),
        status: String(r.status) as MeasuredTrial['status'],
        budgetSteps: has(r.budget_steps),
        secondsPerStep: numberOf(r.seconds_per_step),
        hardware: String(r.hardware),
        measurements: [],
      };
      trials.set(place, trial);
    }
    if (numberOf(r.step) === null) continue;
    trial.measurements.push({
      step: has(r.step),
      epoch: has(r.epoch),
      examples: has(r.examples),
      seconds: has(r.seconds),
      trainLoss: numberOf(r.train_loss),
      valLoss: numberOf(r.val_loss),
      valMetric: numberOf(r.val_metric),
      noiseScale: numberOf(r.noise_scale),
      gradNorm: numberOf(r.grad_norm),
    });
  }
  const workloads = [...new Set(rows.map((r) => String(r.workload)))].map((name): MeasuredWorkload => {
    const entry = declared.workloads.find((w) => name === w.name || name.startsWith(`${w.name}-`))!;
    const own = rows.find((r) => r.workload === name)!;
    const targets = (entry.targets ?? declared.targets ?? []).map((t, i): TargetSpec => {
      const quantity = t.quantity as TargetSpec['quantity'];
      return t.value === undefined
        ? { name: `${i}`, quantity, rule: { kind: 'quartile', q: Number(t.quartile) } }
        : { name: `${i}`, quantity, rule: { kind: 'absolute', value: Number(t.value) } };
    });
    return {
      name,
      model: String(own.model),
      dataset: String(own.dataset),
      fraction: has(own.fraction),
      complexity: numberOf(own.complexity),
      examples: 1,
      metric: { name: 'metric', direction: 'max' },
      parameters: null,
      targets,
    };
  });
  return { name: declared.name, workloads, trials: [...trials.values()] };
}
