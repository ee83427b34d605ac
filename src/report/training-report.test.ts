import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import type { MetricsRecord } from '../train/index.ts';
import { renderTrainingReport, type TrainingReport } from './training-report.ts';

const record = (step: number, more: Partial<MetricsRecord> = {}): MetricsRecord => ({
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

const report = (more: Partial<TrainingReport> = {}): TrainingReport => ({
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

const page = (more?: Partial<TrainingReport>) => parseHTML(renderTrainingReport(report(more))).document;

describe('the report of a training run', () => {
  it('says what was trained, how well, and how to do it again', () => {
    const text = page().body.textContent;
    for (const part of ['269,722 parameters', '300 of 128 examples', '64 at a time', 'accuracy 80.00 %', 'complete'])
      expect(text).toContain(part);
    expect(page().querySelector('footer code')!.textContent).toBe('ballast train --model resnet20 --out "<here>"');
  });

  it('has a curve for each quantity that was measured', () => {
    const titles = (more?: Partial<TrainingReport>) => [...page(more).querySelectorAll('h4')].map((h) => h.textContent);
    expect(titles()).toEqual([
      'cross-entropy in nats',
      'accuracy on the test split',
      'learning rate',
      'gradient norm',
      'examples',
    ]);
    const plain = [100, 200].map((step) => record(step));
    expect(titles({ records: plain })).toEqual(['cross-entropy in nats', 'learning rate', 'gradient norm']);
    expect(titles({ metric: 'perplexity' })[1]).toBe('perplexity on the test split');
  });

  it('stands for runs that ended at once or went astray', () => {
    expect(page({ records: [] }).querySelectorAll('svg').length).toBe(0);
    const wild = [record(1, { trainLoss: Number.NaN, gradNorm: Number.POSITIVE_INFINITY }), record(2)];
    expect(renderTrainingReport(report({ records: wild }))).not.toMatch(/NaN|Infinity/);
  });
});
