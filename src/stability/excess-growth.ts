import type { Network } from '../models/index.ts';
import { effectSize, meanEffect } from '../verdict/index.ts';
import type { FollowedKinds } from './perturbation-growth.ts';
import type { PerturbationKind } from './perturbations/index.ts';
import { findStages, findUnits } from './units.ts';

/** Geometric mean of a ratio over images with its 95 % interval (Student's t of the logarithms), conditional on the network. */
export interface MeanRatio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Standard error of the mean logarithm. */
  readonly logError: number;
  readonly images: number;
}

/**
 * How much more an adversarial perturbation grows over one stage than its control does: (‖d‖ / ‖d_control‖ at the stage's end) / (the same at its
 * beginning). A stage that amplifies whatever enters it has 1.
 */
export interface StageExcess {
  readonly stage: string;
  readonly toRandom: MeanRatio | null;
  readonly toShuffled: MeanRatio | null;
  /** Of the untrained control, to random noise. */
  readonly untrainedToRandom: MeanRatio | null;
  /** Excess to random of the final stage over that of this one, image by image; null for the final stage itself. */
  readonly finalOverThis: MeanRatio | null;
}

/** What perturbations do over the last third of the final stage's units: ‖d‖ at `to` over ‖d‖ at `from`. */
export interface FinalGrowth {
  readonly stage: string;
  readonly from: string;
  readonly to: string;
  readonly adversarial: MeanRatio | null;
  readonly random: MeanRatio | null;
  readonly shuffled: MeanRatio | null;
  readonly untrainedAdversarial: MeanRatio | null;
}

export interface GrowthByStage {
  readonly excess: readonly StageExcess[];
  readonly final: FinalGrowth | null;
}

/** Null with fewer than two images. */
function meanRatio(values: readonly number[]): MeanRatio | null {
  const effect = meanEffect(values.map(Math.log).filter(Number.isFinite), 'ratio');
  if (!effect) return null;
  const { estimate, low, high, count } = effectSize(effect);
  return { ratio: estimate, low: low!, high: high!, logError: effect.standardError, images: count };
}

const divided = (a: ArrayLike<number>, b: ArrayLike<number>): number[] => Array.from(a, (v, i) => v / b[i]!);

/**
 * Growth over stages without what is common to all perturbations, and over the end of the final stage: what finding F4 of arXiv 1905.13386 is about
 * ("towards the end of the final stage"). Stages that the perturbations do not pass whole are left out.
 */
export function growthByStage(
  network: Network,
  found: FollowedKinds,
  untrained: FollowedKinds | undefined,
): GrowthByStage {
  const names = found.adversarial.map((row) => row.name);
  const stages = findStages(findUnits(network.graph(1))).flatMap(({ name, units }) => {
    const first = names.indexOf(units[0]!.name);
    const last = names.indexOf(units.at(-1)!.name);
    return first > 0 && last >= first ? [{ name, units: units.map((u) => u.name), before: first - 1, last }] : [];
  });
  const final = stages.at(-1);
  if (!final) return { excess: [], final: null };
  const norms = (rows: FollowedKinds, kind: PerturbationKind, at: number) => rows[kind][at]!.perturbation;
  const excess = (rows: FollowedKinds, control: PerturbationKind, stage: (typeof stages)[number]): number[] => {
    const ratio = (at: number) => divided(norms(rows, 'adversarial', at), norms(rows, control, at));
    return divided(ratio(stage.last), ratio(stage.before));
  };
  const atTheEnd = excess(found, 'random', final);
  // The unit in front of the last third: of nine units the sixth.
  const from = names.indexOf(final.units[Math.ceil((2 * final.units.length) / 3) - 1]!);
  const over = (rows: FollowedKinds | undefined, kind: PerturbationKind) =>
    rows ? meanRatio(divided(norms(rows, kind, final.last), norms(rows, kind, from))) : null;
  return {
    excess: stages.map((stage) => {
      const own = excess(found, 'random', stage);
      return {
        stage: stage.name,
        toRandom: meanRatio(own),
        toShuffled: meanRatio(excess(found, 'shuffled', stage)),
        untrainedToRandom: untrained ? meanRatio(excess(untrained, 'random', stage)) : null,
        finalOverThis: stage === final ? null : meanRatio(divided(atTheEnd, own)),
      };
    }),
    // A stage of one or two units has no last third apart from the whole.
    final:
      from < final.last && final.units.length > 2
        ? {
            stage: final.name,
            from: names[from]!,
            to: names[final.last]!,
            adversarial: over(found, 'adversarial'),
            random: over(found, 'random'),
            shuffled: over(found, 'shuffled'),
            untrainedAdversarial: over(untrained, 'adversarial'),
          }
        : null,
  };
}
