import { type Effect, judgeDirection, judgeEquivalence, notTestable, studentEffect } from '../../verdict/index.ts';
import type { GrowthByStage, MeanRatio } from '../perturbations/excess-growth.ts';
import { allOf, type Finding } from './finding.ts';

/** A factor over the last third of the final stage's units from which perturbations are said to jump. Ours: the paper gives none. */
export const jump = 1.5;

/** Followed images that a verdict needs. */
const fewestImages = 10;

/** The effect that a stored ratio is. Null where it was not measured, or at too few images. */
function effectOf(ratio: MeanRatio | null | undefined): Effect | null {
  if (!ratio || ratio.images < fewestImages) return null;
  return studentEffect({
    estimate: Math.log(ratio.ratio),
    standardError: ratio.logError,
    degrees: ratio.images - 1,
    scale: 'ratio',
    count: ratio.images,
  });
}

/** The same ratio against a threshold. */
const against = (effect: Effect | null, threshold: number): Effect | null => {
  const estimate = effect && effect.estimate - Math.log(threshold);
  return effect && studentEffect({ ...effect, estimate: estimate! });
};

/**
 * F4: adversarial perturbations jump in magnitude towards the end of the final stage, random ones do not. Growth that all perturbations share is no part of it: what counts
 * is how much more adversarial ones grow than random ones of the same norm, and where.
 */
export function adversarialJump(growth: GrowthByStage): Finding<GrowthByStage> {
  const { excess, final } = growth;
  const few = `expected at least ${fewestImages} images with a perturbation, followed through a final stage of three units or more`;
  const end = final ? `from ${final.from} to ${final.to}` : 'over the end of the final stage';
  const jumps = `adversarial perturbations grow more than ${jump}-fold ${end}`;
  const calm = `random perturbations of the same norm grow less than ${jump}-fold ${end}`;
  const earlier = excess.slice(0, -1);
  const parts = [
    judgeDirection(against(effectOf(final?.adversarial), jump), { claim: jumps, expected: 'above' }, few),
    judgeEquivalence(effectOf(final?.random), { claim: calm, margin: jump }, few),
    ...(excess.length < 2
      ? [
          notTestable(
            'the excess of adversarial over random growth is largest in the final stage',
            'there are no two stages',
          ),
        ]
      : earlier.map((stage) =>
          judgeDirection(
            effectOf(stage.finalOverThis),
            {
              claim: `adversarial perturbations outgrow random ones more over the final stage than over ${stage.stage}`,
              expected: 'above',
            },
            few,
          ),
        )),
  ];
  return {
    name: 'F4',
    statement: 'Adversarial perturbations jump in magnitude towards the end of the final stage; random ones do not.',
    rule: `Over the last third of the final stage’s units adversarial perturbations grow more than ${jump}-fold, random ones of the same norm stay within a factor of ${jump} (two one-sided tests), and the excess of adversarial over random growth is larger over the final stage than over each earlier one; geometric means over images, paired, with 95 % intervals. All of it: agrees; one part the other way: disagrees. Conditional on the network, the attack and the radius.`,
    ...allOf(parts),
    parts,
    numbers: growth,
  };
}
