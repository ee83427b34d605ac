import type { Part } from '../../schema/index.ts';

/** Where branches leave a training. */
export interface BranchMoment {
  readonly step: number;
  /** That the training has seen by then. */
  readonly examples: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** tr Σ / |G|² as the training measured it there; null where it did not. */
  readonly noiseScale: number | null;
}

/** A branch that is asked for. */
export interface BranchOrder {
  readonly batchSize: number;
  readonly learningRate: number;
  readonly steps: number;
  /** Of the data, from 0 on. */
  readonly order: number;
}

/** What it came to. */
export type TrainedBranch = Part<'branch'>;

/** What trains branches of one moment: our own trainer, or a command. */
export interface BranchTrainer {
  readonly moment: BranchMoment;
  /** Batch sizes are multiples of this. */
  readonly unit: number;
  train(branch: BranchOrder, signal: AbortSignal | undefined): Promise<TrainedBranch>;
}

/** Share of the past in the exponential mean of training losses. */
export const trainLossDecay = 0.5;
