import type { BranchTrainer } from './branch-trainer.ts';

/** A training that can be branched: a run of ours, or a command of a study. */
export interface BranchSource {
  readonly name: string;
  readonly dataset: string;
  /** Name of the update rule; empty where nobody knows. */
  readonly optimizer: string;
  /** All that decides what a branch comes to beside moment, batch size, rate, steps and order: what is kept of others is of no use. */
  readonly identity: unknown;
  /** Growing. */
  readonly moments: readonly { readonly step: number; readonly batchSize: number }[];
  /** Batch sizes are multiples of this. */
  readonly unit: number;
  /** Examples that branches are judged on; null where the command decides. */
  readonly heldOut: number | null;
  /** Examples of the whole training. */
  readonly totalExamples: number;
  /** Of a command: the folder with what it has left at a moment that was reached. */
  momentFolder?(step: number): string;
  at(step: number, signal?: AbortSignal): Promise<BranchTrainer>;
  dispose(): Promise<void>;
}
