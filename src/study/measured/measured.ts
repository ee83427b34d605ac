/**
 * What a study has measured, as plain data: the analysis reads this and nothing else, so a store, an import of other people's
 * logs and a simulated study with closed form are the same to it.
 */

/** Whether less or more of a quantity is better. */
export type Direction = 'min' | 'max';

/** What a target is about: the loss on training data, or the loss or the metric (accuracy, mean IoU, perplexity) on held-out data. */
export type Quantity = 'trainLoss' | 'valLoss' | 'valMetric';

/** A line of a trial's curve. Evaluation is off the clock. */
export interface Measurement {
  readonly step: number;
  /** Passes over the training data, fractional. */
  readonly epoch: number;
  /** Examples (for language: tokens) seen so far. */
  readonly examples: number;
  /** Time in steps. */
  readonly seconds: number;
  /** On a fixed sample of the training data without augmentation; null where it was not evaluated. */
  readonly trainLoss: number | null;
  readonly valLoss: number | null;
  readonly valMetric: number | null;
  /** tr Σ / |G|² in examples (arXiv 1812.06162); null where one micro-batch tells nothing. */
  readonly noiseScale: number | null;
  readonly gradNorm: number | null;
}

/**
 * `infeasible`: diverged (Shallue et al., arXiv 1811.03600). `failed`: its process died more often than it is retried.
 * `stopped`: ended early, because every target was reached or none could be reached any more.
 */
export type TrialStatus = 'queued' | 'running' | 'complete' | 'stopped' | 'infeasible' | 'failed';

/** A trial: what it was, how it ended, and its curve. */
export interface MeasuredTrial {
  /** Hash of what defines it. */
  readonly id: string;
  readonly workload: string;
  /** Name within the study: `BLR`, `LSR`, `SRSR`, `LARS`, `tuned`, ... */
  readonly strategy: string;
  readonly batchSize: number;
  /** The rate before the strategy's rule. */
  readonly baseRate: number;
  /** The rate that it trained with, after the rule. */
  readonly learningRate: number;
  readonly seed: number;
  readonly status: TrialStatus;
  /** Steps that it was allowed. */
  readonly budgetSteps: number;
  /** In the order of steps. */
  readonly measurements: readonly Measurement[];
  /** Median seconds of a step, where measured; null for imported curves without a clock. */
  readonly secondsPerStep: number | null;
  /** Where it ran: processor, threads, device. */
  readonly hardware: string | null;
}

/** A target as a study declares it: `absolute`, or the paper's rule: the lowest quartile of the losses that the largest batch reaches. */
export interface TargetSpec {
  readonly name: string;
  readonly quantity: Quantity;
  readonly rule:
    | { readonly kind: 'absolute'; readonly value: number }
    | { readonly kind: 'quartile'; readonly q: number };
}

/** What is trained: a model on data, with the targets that it is to reach. */
export interface MeasuredWorkload {
  readonly name: string;
  readonly model: string;
  readonly dataset: string;
  /** Share of the training data. */
  readonly fraction: number;
  /** Of procedural data; null otherwise. */
  readonly complexity: number | null;
  /** Examples (tokens) of an epoch. */
  readonly examples: number;
  /** What `valMetric` is, and which way is better. */
  readonly metric: { readonly name: string; readonly direction: Direction } | null;
  readonly parameters: number | null;
  readonly targets: readonly TargetSpec[];
}

/** A study as plain data: its workloads, and every trial with what was measured of it. What analysis, cost and export read. */
export interface MeasuredStudy {
  readonly name: string;
  readonly workloads: readonly MeasuredWorkload[];
  readonly trials: readonly MeasuredTrial[];
}
