/** What `ballast batch stability` measures. Plain JSON; null where there is nothing to say. */

import type { AttackSummary, Environment, Interval } from '../stability/index.ts';
import type { EffectSize, Verdict } from '../verdict/index.ts';

/** How a perturbation has grown at the end of a stage: ‖d‖ / ‖x‖ there over the same at the image; medians over images. */
export interface StageGrowth {
  readonly stage: string;
  /** Of PGD and of Gaussian noise of the same l2 norm; null where no image could be attacked. */
  readonly adversarial: number | null;
  readonly random: number | null;
  /** Adversarial to random, image by image: median with a 95 % bootstrap interval. */
  readonly ratio: Interval | null;
}

/** The largest singular value of a residual unit or stage: mean over images. */
export interface BlockNorm {
  readonly name: string;
  /** ‖J‖₂, the largest singular value. */
  readonly norm: number;
  /** Largest residual, relative to the value. */
  readonly maxResidual: number;
}

/** One trained network, with everything that was measured of it. */
export interface TrainedModel {
  readonly trialId: string;
  /** Strategies of the study that come to this trial. */
  readonly strategies: readonly string[];
  readonly batchSize: number;
  readonly learningRate: number;
  /** Its update rule; absent in results of earlier versions. */
  readonly optimizer?: string;
  readonly seed: number;
  readonly steps: number;
  readonly examples: number;
  readonly trainLoss: number | null;
  readonly valLoss: number | null;
  /** On the images that are attacked. */
  readonly accuracy: number;
  /** One for each radius. */
  readonly attacks: readonly AttackSummary[];
  /** Needs no radius: median l2 norm of the smallest perturbations that DeepFool finds; null where it finds none. */
  readonly distance: number | null;
  readonly growth: readonly StageGrowth[];
  readonly norms: readonly BlockNorm[];
}

/** How a measure goes with the batch size, all networks of a workload together. */
export interface Trend {
  readonly measure: string;
  /** Change per doubling of the batch at equal rate and training loss, and whether larger batches are less stable by it; corrected for all measures (Holm). */
  readonly batch: Verdict;
  /** Change per doubling of the rate, and per unit of the training loss; null where that does not vary, or nothing was fitted. */
  readonly rate: EffectSize | null;
  readonly loss: EffectSize | null;
  /** Networks behind it. */
  readonly networks: number;
}

export interface WorkloadStability {
  readonly name: string;
  readonly model: string;
  readonly dataset: string;
  readonly models: readonly TrainedModel[];
  /** Trial ids of those that are right no more often than chance: they are in no trend. */
  readonly atChance: readonly string[];
  readonly trends: readonly Trend[];
}

export interface StudyStability {
  readonly study: string;
  readonly settings: {
    readonly images: readonly number[];
    readonly eps: readonly number[];
    readonly steps: number;
    readonly spectrumImages: number;
    readonly seed: number;
  };
  readonly workloads: readonly WorkloadStability[];
  /** Workloads and trials that were left out, with the reason. */
  readonly skipped: readonly { readonly what: string; readonly why: string }[];
  readonly environment: Environment;
  readonly seconds: number;
}
