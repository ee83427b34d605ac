import type { Objective } from '../step.ts';
import type { Batch } from '../trainer.ts';

/** What is trained on, and how the result is judged. */
export interface TrainingTask {
  /** Examples in an epoch. */
  readonly examples: number;
  /** Tokens of an example, where examples are text. */
  readonly tokens?: number;
  /** What `metric` is. */
  readonly metric: Metric;
  /** The network with its loss on a batch of this size. */
  objective(batch: number): Objective;
  /** The endless stream of training examples from `position` on. A pure function. */
  batch(position: number, size: number): Batch;
  /** Whether what steps hand on is to be forgotten before the step that begins at `position`. */
  startsAnew?(position: number): boolean;
}

/** What a held-out score is called: for classification, segmentation and language. */
export type Metric = 'accuracy' | 'meanIoU' | 'perplexity';
