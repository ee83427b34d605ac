import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload, Measurement } from '../measured/measured.ts';

export type Cell = string | number | null;

/** One line a measurement, with all that is known of its trial: long, but every tool can read it. */
export interface MeasurementTable {
  readonly columns: readonly string[];
  /** In the order of the study. */
  readonly rows: Iterable<readonly Cell[]>;
}

type Column = readonly [
  name: string,
  value: (m: Measurement, trial: MeasuredTrial, workload: MeasuredWorkload) => Cell,
];

/** What changes from one measurement of a trial to the next. */
export const curveColumns: readonly (readonly [string, keyof Measurement])[] = [
  ['step', 'step'],
  ['epoch', 'epoch'],
  ['examples', 'examples'],
  ['seconds', 'seconds'],
  ['train_loss', 'trainLoss'],
  ['val_loss', 'valLoss'],
  ['val_metric', 'valMetric'],
  ['noise_scale', 'noiseScale'],
  ['grad_norm', 'gradNorm'],
];

const columns: readonly Column[] = [
  ['workload', (_, t) => t.workload],
  ['model', (_, __, w) => w.model],
  ['dataset', (_, __, w) => w.dataset],
  ['fraction', (_, __, w) => w.fraction],
  ['complexity', (_, __, w) => w.complexity],
  ['strategy', (_, t) => t.strategy],
  ['batch_size', (_, t) => t.batchSize],
  ['base_rate', (_, t) => t.baseRate],
  ['learning_rate', (_, t) => t.learningRate],
  ['seed', (_, t) => t.seed],
  ['trial', (_, t) => t.id],
  ['status', (_, t) => t.status],
  ['budget_steps', (_, t) => t.budgetSteps],
  ['seconds_per_step', (_, t) => t.secondsPerStep],
  ['hardware', (_, t) => t.hardware],
  ...curveColumns.map(([name, key]): Column => [name, (m) => m[key]]),
];

/** The names of the table's columns, in their order. */
export const tableColumns: readonly string[] = columns.map(([name]) => name);

/** All measurements of a study as one table. A trial without a measurement has no line. */
export function measurementTable({ workloads, trials }: MeasuredStudy): MeasurementTable {
  const byName = new Map(workloads.map((w) => [w.name, w]));
  const rows = function* () {
    for (const trial of trials) {
      const workload = byName.get(trial.workload)!;
      for (const m of trial.measurements) yield columns.map(([, value]) => value(m, trial, workload));
    }
  };
  return { columns: tableColumns, rows: { [Symbol.iterator]: rows } };
}
