import type { PlannedConfig } from '../../src/train/index.ts';

/** What a training at one rate leaves open, as steps are compared: no augmentation, an epoch in all, nothing in between. */
export const oneRate = {
  augment: false,
  seed: 0,
  labelSmoothing: 0,
  scaling: 'base',
  schedule: 'constant',
  milestones: [],
  factor: 0.1,
  power: 1,
  warmup: '0st',
  length: '1ep',
  logEvery: '1ep',
  evalEvery: '1ep',
  checkpointEvery: '1ep',
  lossBound: 1e4,
} satisfies Partial<PlannedConfig>;
