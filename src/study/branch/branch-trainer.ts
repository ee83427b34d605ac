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
export interface TrainedBranch {
  /** On the same held-out examples for all; null where it diverged. */
  readonly loss: number | null;
  /** Exponential mean (0.5) of the losses of its steps, for the rule of Merrill et al.; null where it diverged or nothing was logged. */
  readonly trainLoss: number | null;
  readonly seconds: number;
}

/** What trains branches of one moment: our own trainer, or a command. */
export interface BranchTrainer {
  readonly moment: BranchMoment;
  /** Batch sizes are multiples of this. */
  readonly unit: number;
  train(branch: BranchOrder, signal: AbortSignal | undefined): Promise<TrainedBranch>;
}

/** Share of the past in the exponential mean of training losses. */
export const trainLossDecay = 0.5;
