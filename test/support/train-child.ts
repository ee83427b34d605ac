/**
 * A small training run in a process of its own, to be killed: `train-child.ts FOLDER [KIND]`. Resumes by itself; says each step. Kinds: images,
 * growing (with a growing batch), text (a recurrent network with dropout).
 */
import { grammarDataset, shapesDataset } from '../../src/data/index.ts';
import { type RunConfig, trainNetwork } from '../../src/train/index.ts';

const [folder, kind = 'images'] = process.argv.slice(2) as [string, string?];
const common: RunConfig = {
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
const settings: Readonly<Record<string, Partial<RunConfig>>> = {
  images: {},
  growing: { growth: { factor: 2, at: ['20st'] }, length: '30st', optimizer: 'nesterov' },
  text: { model: 'lstm1x8', normalize: 'default', dropout: 0.3, sequenceLength: 5, clipNorm: 0.5, lr: 0.5 },
};
const words = (split: 'train' | 'valid', count: number) => grammarDataset({ split, count, seed: 1 });
const images = (split: 'train' | 'test', count: number) => shapesDataset({ split, count, seed: 1 });
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const result = await trainNetwork({
  config: { ...common, ...settings[kind] },
  train: kind === 'text' ? words('train', 1000) : images('train', 100),
  valid: kind === 'text' ? words('valid', 300) : images('test', 20),
  folder,
  resume: true,
  signal: stop.signal,
  onStep: ({ step }) => process.stdout.write(`${step}\n`),
  onNote: (note) => process.stdout.write(`note: ${note}\n`),
});
process.stdout.write(`${result.status}\n`);
