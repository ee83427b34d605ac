import type { TrainingReport } from '../../src/report/training/training-report.ts';
import type { MetricsRecord } from '../../src/train/index.ts';

/** A line of a run’s metrics. */
export const record = (step: number, more: Partial<MetricsRecord> = {}): MetricsRecord => ({
  step,
  epoch: step / 100,
  examples: 128 * step,
  seconds: step,
  trainLoss: 2 * Math.exp(-step / 100),
  lr: 0.1 * (1 - step / 400),
  batchSize: 128,
  gradNorm: 1,
  ...more,
});

/** A whole run, made up. */
export const syntheticTraining = (more: Partial<TrainingReport> = {}): TrainingReport => ({
  config: {
    model: 'resnet20',
    normalize: 'cifar10',
    dataset: 'cifar10',
    augment: true,
    seed: 7,
    batchSize: 128,
    microBatch: 64,
    optimizer: 'nesterov',
    weightDecay: 5e-4,
    labelSmoothing: 0,
    lr: 0.1,
    scaling: 'base',
    baseBatch: 128,
    schedule: 'cosine',
    milestones: [],
    factor: 0.1,
    power: 1,
    warmup: '0st',
    length: '4ep',
    logEvery: '50st',
    evalEvery: '1ep',
    checkpointEvery: '1ep',
    lossBound: 1e4,
  },
  records: [50, 100, 150, 200, 250, 300].map((step) =>
    record(step, { noiseScale: 500 + step, ...(step % 100 ? {} : { valLoss: 1, valMetric: 0.5 + step / 1000 }) }),
  ),
  result: {
    status: 'complete',
    steps: 300,
    epochs: 3,
    seconds: 300,
    examplesPerSecond: 700,
    final: { trainLoss: 0.1, valLoss: 0.9, valMetric: 0.8 },
  },
  metric: 'accuracy',
  parameters: 269_722,
  heldOut: 'test split',
  command: 'ballast train --model resnet20 --out "<here>"',
  machine: 'a machine',
  ...more,
});
