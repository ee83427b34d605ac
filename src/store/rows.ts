/** Rows of the tables, as they are read and written. */

export const storedStatuses = ['queued', 'running', 'complete', 'stopped', 'infeasible', 'failed'] as const;
export type StoredStatus = (typeof storedStatuses)[number];

/** A line of a curve; names as in the table of columns below. */
export interface MeasurementRow {
  readonly step: number;
  readonly epoch: number;
  readonly examples: number;
  readonly seconds: number;
  readonly trainLoss: number | null;
  readonly valLoss: number | null;
  readonly valMetric: number | null;
  readonly noiseScale: number | null;
  readonly gradNorm: number | null;
}

/** A computation that the grid asks for. */
export interface WantedTrial {
  readonly id: string;
  /** JSON. */
  readonly spec: string;
  readonly budgetSteps: number;
  readonly budgetSeconds: number | null;
}

export interface TrialRow extends WantedTrial {
  readonly number: number;
  readonly inGrid: boolean;
  readonly status: StoredStatus;
  /** Cancelled by hand: it is not claimed until it is queued again by hand. */
  readonly held: boolean;
  readonly crashes: number;
  readonly note: string | null;
  readonly hardware: string | null;
  readonly secondsPerStep: number | null;
  /** Step of its last measurement; 0 before the first. */
  readonly step: number;
}

/** A place in the grid, and the trial that it comes to. */
export interface PointRow {
  readonly workload: string;
  readonly strategy: string;
  readonly batchSize: number;
  readonly baseRate: number;
  readonly seed: number;
  readonly learningRate: number;
  readonly budgetSteps: number;
  readonly trialId: string;
}

export interface ExtensionRow {
  readonly workload: string;
  readonly strategy: string;
  readonly batchSize: number;
  readonly baseRate: number;
}

export interface AttemptRow {
  readonly trialId: string;
  readonly number: number;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly fromStep: number | null;
  readonly ended: number | null;
  readonly toStep: number | null;
  readonly outcome: string | null;
}

const columns = {
  step: 'step',
  epoch: 'epoch',
  examples: 'examples',
  seconds: 'seconds',
  trainLoss: 'train_loss',
  valLoss: 'val_loss',
  valMetric: 'val_metric',
  noiseScale: 'noise_scale',
  gradNorm: 'grad_norm',
} as const satisfies Readonly<Record<keyof MeasurementRow, string>>;

export const measurementKeys = Object.keys(columns) as (keyof MeasurementRow)[];
export const measurementColumns = Object.values(columns);

/** A row of those columns as an object: written out, as curves are long. */
export function measurementOf(row: readonly (number | null)[]): MeasurementRow {
  type Loss = number | null;
  const [step, epoch, examples, seconds, trainLoss, valLoss, valMetric, noiseScale, gradNorm] = row as readonly [
    ...[number, number, number, number],
    ...[Loss, Loss, Loss, Loss, Loss],
  ];
  return { step, epoch, examples, seconds, trainLoss, valLoss, valMetric, noiseScale, gradNorm };
}
