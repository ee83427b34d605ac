/** Branches of a run of ours, in its folder: what they begin from, and that they are the training gone on with. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import type { ImageDataset } from '../../../src/data/index.ts';
import { measureMoment, momentsOf, OwnBranches, openOwnRun } from '../../../src/study/branch/index.ts';
import { readMetrics, trainingConfig, trainNetwork, writeRunConfig } from '../../../src/train/index.ts';

const stream = new RandomStream({ seed: 7, purpose: 'pictures' });
const pictures = (count: number): ImageDataset => ({
  name: 'noise',
  classes: ['a', 'b', 'c'],
  count,
  shape: [3, 8, 8],
  pixels: Uint8Array.from({ length: count * 192 }, () => 255 * stream.uniform()),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
});
const [train, valid] = [pictures(48), pictures(12)];
const runtime = { device: 'cpu', threads: 1 } as const;
const config = trainingConfig({
  model: 'resnet8',
  dataset: 'noise',
  batchSize: 8,
  microBatch: 4,
  length: '8st',
  schedule: 'constant',
  augment: false,
  lr: 0.05,
  logEvery: '1st',
  evalEvery: '4st',
  keepCheckpoints: ['4st', '8st'],
});

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-own-branches-'));
  await writeRunConfig(folder, config);
  await trainNetwork({ config, train, valid, folder, resume: false, runtime });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nowhere = { read: async () => undefined, write: async () => {} };
const opened = async (settings = { optimizerState: 'keep', anneal: false } as const) => {
  const run = await openOwnRun(folder, config, { train, valid });
  return { run, source: (await OwnBranches.open(run, settings, runtime)).source(momentsOf(run, ['4st', '8st'])) };
};

describe('branches of a run of ours', () => {
  it('begin at the whole states that it kept, at the batch, rate and noise scale that it had there', async () => {
    const { run, source } = await opened();
    expect(run.steps).toEqual([4, 8]);
    const { moment, unit } = await source.at(4);
    const records = await readMetrics(join(folder, 'metrics.jsonl'));
    const known = records.filter((r) => r.step <= 4).findLast((r) => r.noiseScale !== undefined);
    expect(moment).toMatchObject({ step: 4, examples: 32, batchSize: 8, learningRate: 0.05 });
    expect(moment.noiseScale).toBe(known?.noiseScale ?? null);
    expect(unit).toBe(4);
    // A branch of no rate stays where the run was.
    const stayed = await (await source.at(8)).train({ batchSize: 8, learningRate: 0, steps: 0, order: 0 }, undefined);
    expect(stayed.loss).toBeCloseTo(records.at(-1)!.valLoss!, 5);
    await source.dispose();
    expect(() => momentsOf(run, ['5st'])).toThrow(/no checkpoint at 5st \(step 5\); expected some of the steps 4, 8/);
  });

  it('are the same when they are trained again, and differ by order, rate and batch', async () => {
    const { source } = await opened();
    const trainer = await source.at(4);
    const lossOf = async (batchSize: number, learningRate: number, order: number) =>
      (await trainer.train({ batchSize, learningRate, steps: 32 / batchSize, order }, undefined)).loss;
    const first = await lossOf(8, 0.05, 0);
    expect(await lossOf(8, 0.05, 0)).toBe(first);
    const others = [await lossOf(8, 0.05, 1), await lossOf(8, 0.1, 0), await lossOf(16, 0.05, 0)];
    expect(new Set([first, ...others]).size).toBe(4);
    await source.dispose();
  });

  it('say what each batch size is held to be', async () => {
    const { source } = await opened();
    const found = await measureMoment({
      trainer: await source.at(4),
      protocol: { margin: 50, most: 2, perDoubling: 1, orders: 2, mostOrders: 2 },
      rule: 'linear',
      examples: 32,
      kept: nowhere,
    });
    expect(found.batches).toMatchObject([{ batchSize: 16, outcome: 'safe', steps: 2, learningRate: 0.1 }]);
    expect(found.critical).toMatchObject({ low: 16, lowTested: true, high: null });
    expect(found.cost).toMatchObject({ branches: 4, examples: 128 });
    await source.dispose();
  });
});
