/**
 * What `ballast perturb` measures, in the form in which it is printed with `--json`, stored and drawn.
 * Plain JSON: numbers, strings, arrays; null where there is nothing to say.
 */

import type { Distribution, Interval } from '../statistics.ts';
import type { GrowthByStage } from './excess-growth.ts';
import type { AttackName, Norm, PerturbationKind } from './perturbations/index.ts';
import type { ProjectedBlock } from './projections/index.ts';
import type { Environment } from './result.ts';

/** What kind of perturbation does at one place, over images: medians, and how all of it is spread. */
export interface LayerPerturbation {
  /** ‖d‖ / ‖x‖ */
  readonly relativeNorm: number;
  /** ‖d‖ / ‖d₀‖ */
  readonly growth: number;
  /** ‖d‖ / ‖d of the place before‖; null where the perturbation enters. */
  readonly gain: number | null;
  /** ‖J d‖ / ‖d‖ of the step to here. */
  readonly predictedGain: number | null;
  /** ‖d - J d_before‖ / ‖d‖ */
  readonly linearizationError: number | null;
  /** ‖J₀ d₀‖ / ‖x‖, J₀ from the entry to here: what `relativeNorm` were if the network was linear. */
  readonly linearRelativeNorm: number;
  /** Of the unit's incoming perturbation, where it was projected. */
  readonly energyAbove?: number;
  readonly energyPlateau?: number;
  readonly energyBelow?: number;
  readonly energyTop?: number | null;
  readonly distributions: Readonly<Record<string, Distribution | null>>;
}

export interface GrowthRatio {
  /** Unit at the end of a stage. */
  readonly name: string;
  readonly stage: string;
  /** Median over images of adversarial to control ‖d‖ / ‖x‖, with a 95 % bootstrap interval. */
  readonly toRandom: Interval | null;
  readonly toShuffled: Interval | null;
  /** The same against random noise in the untrained network. */
  readonly untrainedToRandom: Interval | null;
}

export interface AttackSummary {
  readonly eps: number | null;
  /** Share of all images still answered correctly. */
  readonly accuracy: number;
  /** Images answered correctly without a perturbation, and not yet as the target wants: those that were attacked. */
  readonly attacked: number;
  /** Successes that the attack claims, and those that predicting again, radius and box confirm. */
  readonly successes: number;
  readonly verified: number;
  /** Over verified successes; null without any. */
  readonly medianL2: number | null;
  readonly medianLinf: number | null;
  readonly warnings: readonly string[];
}

export type PerturbedLayer = { readonly name: string; readonly size: number } & Readonly<
  Record<PerturbationKind, LayerPerturbation | null>
>;

export interface PerturbationResult {
  readonly model: string;
  readonly weights: string;
  readonly dataset: string;
  readonly classes: readonly string[];
  readonly images: readonly number[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly clean: { readonly accuracy: number; readonly misclassified: readonly number[] };
  /** At the first radius. */
  readonly attack: AttackSummary & { readonly name: AttackName; readonly norm: Norm };
  readonly byRadius: readonly AttackSummary[];
  /** Images whose perturbation is not zero: what the rest is about. */
  readonly followed: number;
  /** The first so many of them were projected. */
  readonly projected: number;
  readonly layers: readonly PerturbedLayer[];
  readonly growth: readonly GrowthRatio[];
  /** The same stage by stage without what is generic, and over the end of the final stage. */
  readonly byStage: GrowthByStage;
  readonly untrained: {
    readonly weights: string;
    readonly attack: AttackSummary;
    readonly layers: readonly PerturbedLayer[];
  } | null;
  readonly projections: readonly ProjectedBlock[];
  /** Pictures for a report: the first images with a success, or the first attacked ones. */
  readonly shown: readonly {
    readonly image: number;
    readonly label: number;
    readonly answer: number;
    readonly l2: number;
    readonly linf: number;
  }[];
  readonly environment: Environment;
  readonly seconds: number;
}
