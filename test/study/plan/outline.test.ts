import { beforeAll, describe, expect, it } from 'vitest';
import { isText, loadData } from '../../../src/data/index.ts';
import { outlinePlan, type PlanRequest } from '../../../src/study/plan/outline.ts';
import type { PlannedConfig, TrainingData } from '../../../src/train/index.ts';

const config: PlannedConfig = {
  model: 'resnet8',
  normalize: 'default',
  dataset: 'shapes',
  fraction: 0.02,
  augment: true,
  seed: 0,
  batchSize: 32,
  optimizer: 'momentum',
  weightDecay: 1e-4,
  labelSmoothing: 0,
  lr: 0.05,
  scaling: 'base',
  baseBatch: 32,
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
};

describe('the outline of a plan', () => {
  let data: TrainingData;
  let examples: number;
  beforeAll(async () => {
    const images = await loadData({ name: 'shapes', dir: undefined, split: 'test', seed: 0, download: false });
    if (isText(images)) throw new TypeError('shapes are images');
    data = { train: images, valid: images };
    examples = Math.round(0.02 * images.count);
  });

  const outline = (changed: Partial<PlannedConfig> = {}, more: Partial<PlanRequest> = {}) =>
    outlinePlan({
      ...data,
      config: { ...config, ...changed },
      steps: 24,
      timing: 1,
      devices: [1],
      folder: 'nowhere',
      resume: false,
      environment: { ballast: '', node: '', cpu: '', device: 'cpu', threads: 1, date: '' },
      ...more,
    });

  it('cuts the batch of the short run into four where it can, and never leaves it whole', () => {
    const parts = [32, 2, 3, 12, 50, 7].map((batchSize) => [batchSize, outline({ batchSize }).run.microBatch]);
    expect(parts).toEqual([
      [32, 8],
      [2, 1],
      [3, 1],
      [12, 3],
      [50, 10],
      [7, 1],
    ]);
    expect(outline({}, { microBatch: 5 }).run.microBatch).toBe(4);
  });

  it('is the training itself, drawn together, with a line for every step', () => {
    const { run, reference } = outline();
    expect(run).toMatchObject({ length: '24st', logEvery: '1st', schedule: 'cosine', lr: 0.05 });
    expect(reference.steps).toBe(Math.ceil((4 * examples) / 32));
    expect(reference.epochs).toBeCloseTo((reference.steps * 32) / examples, 6);
  });

  it('plans powers of two as far as the data go, or what it is told, in order', () => {
    const { batchSizes } = outline();
    expect(batchSizes[0]).toBe(8);
    expect(batchSizes.at(-1)!).toBeLessThanOrEqual(examples);
    expect(2 * batchSizes.at(-1)!).toBeGreaterThan(examples);
    expect(outline({}, { batchSizes: [24, 12] }).batchSizes).toEqual([12, 24]);
  });

  it.each<[string, Partial<PlannedConfig>, Partial<PlanRequest>, RegExp]>([
    ['devices without a link', {}, { devices: [1, 2] }, /several devices need the bandwidth and the latency/],
    ['a batch beyond the data', {}, { batchSizes: [8, 100_000] }, /100000 is more than the \d+ that the data allow/],
    ['a single batch size', {}, { batchSizes: [8] }, /expected two or more batch sizes/],
    ['a batch that is one example', { batchSize: 1 }, {}, /batch size of at least 2/],
    ['a batch that grows', { growth: { factor: 2, at: ['1ep'] } }, {}, /no one batch size to plan/],
    [
      'more devices than examples',
      {},
      { batchSizes: [2, 4], devices: [8], link: { bandwidth: 1, latency: 0, source: 'given' } },
      /no batch size can be shared by 8 devices/,
    ],
  ])('refuses %s', (_, changed, more, message) => {
    expect(() => outline(changed, more)).toThrow(message);
  });
});
