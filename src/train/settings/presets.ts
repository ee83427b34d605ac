import type { Task } from '../../models/index.ts';

export interface Preset {
  readonly batchSize: number;
  readonly optimizer: string;
  readonly lr: number;
  readonly weightDecay: number;
  readonly epochs: number;
  readonly clipNorm?: number;
}

/**
 * Settings that train the usual networks well, where nothing else is said. Those for language are Zaremba et al.'s (1409.2329), whose loss is a sum
 * over the 20 tokens of a sequence: for the mean over tokens the rate is 20 times theirs, the gradient's bound a twentieth.
 */
export const presets: Readonly<Record<Task, Preset>> = {
  classification: { batchSize: 128, optimizer: 'momentum', lr: 0.1, weightDecay: 1e-4, epochs: 40 },
  segmentation: { batchSize: 8, optimizer: 'adam', lr: 1e-3, weightDecay: 0, epochs: 60 },
  language: { batchSize: 20, optimizer: 'sgd', lr: 20, weightDecay: 0, epochs: 13, clipNorm: 0.25 },
};
