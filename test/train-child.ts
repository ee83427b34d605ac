/** A small training run in a process of its own, to be killed: `train-child.ts FOLDER`. Resumes by itself; says each step. */
import { shapesDataset } from '../src/data/index.ts';
import { type RunConfig, trainNetwork } from '../src/train/index.ts';

const config: RunConfig = {
  model: 'resnet8',
  normalize: 'cifar10',
  dataset: 'shapes',
  augment: true,
  seed: 5,
  batchSize: 16,
  microBatch: 8,
  optimizer: 'momentum',
  momentum: 0.9,
  weightDecay: 1e-3,
  labelSmoothing: 0.1,
  lr: 0.05,
  scaling: 'base',
  baseBatch: 16,
  schedule: 'onecycle',
  milestones: [],
  factor: 0.1,
  power: 1,
  warmup: '3st',
  length: '40st',
  logEvery: '4st',
  evalEvery: '20st',
  checkpointEvery: '5st',
  lossBound: 1e4,
};
const images = (split: 'train' | 'test', count: number) => shapesDataset({ split, count, seed: 1 });
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const result = await trainNetwork({
  config,
  train: images('train', 100),
  valid: images('test', 20),
  folder: process.argv[2]!,
  resume: true,
  signal: stop.signal,
  onStep: ({ step }) => process.stdout.write(`${step}\n`),
  onNote: (note) => process.stdout.write(`note: ${note}\n`),
});
process.stdout.write(`${result.status}\n`);
