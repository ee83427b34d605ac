import type { Network } from '../../models/index.ts';
import type { GrowthByStage, MeanRatio } from '../../schema/index.ts';
import { effectSize, meanEffect } from '../../verdict/index.ts';
import { findStages, findUnits } from '../units/units.ts';
import type { PerturbationKind } from './index.ts';
import type { FollowedKinds } from './perturbation-growth.ts';

export type { FinalGrowth, GrowthByStage, MeanRatio, StageExcess } from '../../schema/index.ts';

/** Null with fewer than two images. */
function meanRatio(values: readonly number[]): MeanRatio | null {
  const effect = meanEffect(values.map(Math.log).filter(Number.isFinite), 'ratio');
  if (!effect) return null;
  const { estimate, low, high, count } = effectSize(effect);
  return { ratio: estimate, low: low!, high: high!, logError: effect.standardError, images: count };
}

/** Position of the first unit of a stage's last third. */
export const lastThirdFrom = (units: number): number => Math.ceil((2 * units) / 3);

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
  const from = names.indexOf(final.units[lastThirdFrom(final.units.length) - 1]!);
  const grown = (rows: FollowedKinds, kind: PerturbationKind) =>
    divided(norms(rows, kind, final.last), norms(rows, kind, from));
  const over = (rows: FollowedKinds | undefined, kind: PerturbationKind) =>
    rows ? meanRatio(grown(rows, kind)) : null;
  return {
    excess: stages.map((stage) => {
      const own = excess(found, 'random', stage);
      return {
        stage: stage.name,
        toRandom: meanRatio(own),
        toShuffled: meanRatio(excess(found, 'shuffled', stage)),
        toDirected: meanRatio(excess(found, 'directed', stage)),
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
            directed: over(found, 'directed'),
            overDirected: meanRatio(divided(grown(found, 'adversarial'), grown(found, 'directed'))),
            untrainedAdversarial: over(untrained, 'adversarial'),
          }
        : null,
  };
}
