import { describe, expect, it } from 'vitest';
import { grammarDataset, type ImageDataset, shapesDataset } from '../../../src/data/index.ts';
import { defineModel, type Model } from '../../../src/models/index.ts';
import { conv2d, initialize, relu } from '../../../src/nn/index.ts';
import { BatchPlan, optimizerNamed, type PlannedConfig, planTraining, Trainer } from '../../../src/train/index.ts';
import { SegmentationTask } from '../../../src/train/tasks/segmentation.ts';
import type { TrainingTask } from '../../../src/train/tasks/task.ts';

const text = (split: 'train' | 'valid', count: number) => grammarDataset({ seed: 4, split, count });
const base: Omit<PlannedConfig, 'model' | 'batchSize'> = {
  normalize: 'default',
  dataset: 'test',
  augment: true,
  seed: 3,
  optimizer: 'sgd',
  weightDecay: 0,
  labelSmoothing: 0,
  lr: 0.5,
  scaling: 'base',
  baseBatch: 4,
  schedule: 'constant',
  milestones: [],
  factor: 0.1,
  power: 1,
  warmup: '0st',
  length: '6st',
  logEvery: '1st',
  evalEvery: '1ep',
  checkpointEvery: '1ep',
  lossBound: 1e4,
};

const rule = optimizerNamed('sgd', {});

async function trainerOf(model: Model, task: TrainingTask, batchSize: number, microBatch: number): Promise<Trainer> {
  return Trainer.create({
    objective: (batch) => task.objective(batch),
    parameters: model.parameters,
    initial: initialize(model.parameters, 1),
    rule,
    batchSize,
    microBatch,
    seed: 3,
  });
}

/** Losses of the first steps, as a run makes them. */
async function losses(trainer: Trainer, task: TrainingTask, batches: BatchPlan, steps: number): Promise<number[]> {
  const all: number[] = [];
  for (let step = 0; step < steps; step++) {
    const position = batches.examplesBefore(step);
    if (task.startsAnew?.(position)) trainer.resetCarry();
    const batch = (micro: number) => task.batch(position + micro * trainer.microBatch, trainer.microBatch);
    all.push((await trainer.step({ batch, scalars: { lr: 0.5 }, step })).loss);
  }
  await trainer.dispose();
  return all;
}

const close = (a: readonly number[], b: readonly number[], digits: number) =>
  a.forEach((value, i) => {
    expect(value).toBeCloseTo(b[i]!, digits);
  });

describe('a language task', () => {
  const config = { ...base, model: 'lstm1x16', batchSize: 4, sequenceLength: 5 };
  const data = { train: text('train', 90), valid: text('valid', 60) };
  const { model, task, batches } = planTraining(config, data);

  it('reads the text in order: rows continue from step to step, and begin anew with the epoch', () => {
    expect([task.examples, task.tokens, batches.steps('1ep', '')]).toEqual([16, 5, 4]);
    const { tokens } = data.train;
    for (const [position, window] of [
      [0, 0],
      [4, 1],
      [12, 3],
      [16, 0],
    ] as const) {
      const { inputs, targets } = task.batch(position, 4);
      expect(targets).toBe(20);
      expect(task.startsAnew!(position)).toBe(window === 0);
      for (let row = 0; row < 4; row++) {
        const from = row * 22 + window * 5;
        const words = (name: string) =>
          Array.from((inputs[name]!.data as BigInt64Array).slice(row * 5, row * 5 + 5), Number);
        expect(words('tokens')).toEqual([...tokens.subarray(from, from + 5)]);
        expect(words('label')).toEqual([...tokens.subarray(from + 1, from + 6)]);
      }
    }
  });

  it('gives the same losses whole and accumulated, with the state of each row handed on', async () => {
    const whole = await losses(await trainerOf(model, task, 4, 4), task, batches, 6);
    const parts = await losses(await trainerOf(model, task, 4, 2), task, batches, 6);
    close(whole, parts, 5);
    // Without the state the second step is another one.
    const forgetful = await losses(
      await trainerOf(model, task, 4, 4),
      { ...wrapped(task), startsAnew: () => true },
      batches,
      6,
    );
    expect(forgetful[0]).toBe(whole[0]);
    expect(Math.abs(forgetful[1]! - whole[1]!)).toBeGreaterThan(1e-5);
  });

  it('goes on from a state in the middle of the text bit for bit', async () => {
    const straight = await losses(await trainerOf(model, task, 4, 4), task, batches, 6);
    const first = await trainerOf(model, task, 4, 4);
    for (let step = 0; step < 3; step++)
      await first.step({ batch: () => task.batch(4 * step, 4), scalars: { lr: 0.5 }, step });
    const second = await trainerOf(model, task, 4, 4);
    second.restore(first.state());
    for (let step = 3; step < 4; step++)
      expect((await second.step({ batch: () => task.batch(4 * step, 4), scalars: { lr: 0.5 }, step })).loss).toBe(
        straight[step],
      );
    await first.dispose();
    await second.dispose();
  });

  it('needs text that is long enough for its streams', () => {
    expect(() => planTraining({ ...config, batchSize: 18 }, data)).toThrow(
      '18 streams have 5 words each; expected more than the 5',
    );
    const shapes = shapesDataset({ split: 'train', count: 3, seed: 1 });
    expect(() => planTraining({ ...config, jitter: 0.1 }, data)).toThrow('zoom and jitter are for images');
    expect(() => planTraining(config, { train: shapes, valid: shapes })).toThrow(
      'lstm1x16 is a language model, shapes has images',
    );
  });
});

/** A task as plain object, to be changed. */
const wrapped = (task: TrainingTask): TrainingTask => ({
  examples: task.examples,
  metric: task.metric,
  objective: (batch) => task.objective(batch),
  batch: (position, size) => task.batch(position, size),
});

describe('dropout', () => {
  const config = { ...base, model: 'lstm1x16', batchSize: 4, sequenceLength: 5, dropout: 0.5 };
  const data = { train: text('train', 90), valid: text('valid', 60) };

  it('is drawn anew in each step and micro-batch, the same again in the same one', async () => {
    const { model, task, batches } = planTraining(config, data);
    const [a, b, none] = [
      await losses(await trainerOf(model, task, 4, 4), task, batches, 3),
      await losses(await trainerOf(model, task, 4, 4), task, batches, 3),
      planTraining({ ...config, dropout: 0 }, data),
    ];
    expect(a).toEqual(b);
    const dry = await losses(await trainerOf(none.model, none.task, 4, 4), none.task, batches, 3);
    expect(Math.abs(a[0]! - dry[0]!)).toBeGreaterThan(1e-6);
  });
});

describe('a segmentation task', () => {
  const shapes = shapesDataset({ split: 'train', count: 12, seed: 2 });
  // The background does not count, so every image has another number of pixels that do.
  const train: ImageDataset = { ...shapes, ignoreLabel: 10, maskClasses: shapes.maskClasses!.slice(0, 10) };
  /** Two convolutions without batch norm, so that batches can be taken apart. */
  const model = defineModel({
    name: 'pixels',
    task: 'segmentation',
    inputShape: train.shape,
    classes: 10,
    body: (scope, x) => {
      const h = relu(scope, 'relu', conv2d(scope, 'conv1', x, { out: 16, kernel: 3 }));
      return conv2d(scope, 'conv2', h, { out: 10, kernel: 1 });
    },
  });

  it('gives accumulated batches the loss and gradient of the whole, though each part has another number of labels', async () => {
    const task = new SegmentationTask({ model, train, valid: train, seed: 1, augment: {} });
    const counts = [0, 4, 8].map((at) => task.batch(at, 4).targets);
    expect(new Set(counts).size).toBe(3);
    const plan = new BatchPlan({ batchSize: 12, examples: 12 });
    const [whole, parts] = [await trainerOf(model, task, 12, 12), await trainerOf(model, task, 12, 4)];
    const request = (size: number) => ({
      batch: (micro: number) => task.batch(micro * size, size),
      scalars: { lr: 0.5 },
      step: 0,
    });
    const [a, b] = [await whole.step(request(12)), await parts.step(request(4))];
    expect(b.gradSquare / a.gradSquare).toBeCloseTo(1, 4);
    close(await losses(whole, task, plan, 4), await losses(parts, task, plan, 4), 4);
    expect(b.loss).toBeCloseTo(a.loss, 5);
  });

  it('counts pixels that have a class, those of the padding not', () => {
    const task = new SegmentationTask({ model, train, valid: train, seed: 1, augment: {} });
    const { inputs, targets } = task.batch(0, 12);
    const label = inputs.label!.data as BigInt64Array;
    expect(inputs.label!.shape).toEqual([12, 32, 32]);
    expect(label.filter((v) => v >= 0n).length).toBe(targets);
    expect(label.filter((v) => v < 0n).length).toBe(12 * 1024 - targets);
    expect(Math.max(...Array.from(label, Number))).toBeLessThan(10);
    const plain = new SegmentationTask({ model, train, valid: train, seed: 1, augment: undefined });
    expect(plain.batch(0, 12).targets).toBe(train.masks!.filter((v) => v !== 10).length);
  });
});
