import { formatNumbered } from '../../../base/indices.ts';
import { largestOf, leastOf, meanOf } from '../../../base/statistics.ts';
import {
  adversarialJump,
  type Finding,
  littleBetweenImages,
  mostAreOne,
  nearness,
  type ReproductionResult,
  scalesChangeMuch,
  slightDifference,
} from '../../../stability/index.ts';
import { effectText, type VerdictOutcome } from '../../../verdict/index.ts';
import { formatCount, formatExact, formatPercent, formatRange, plural, typesetNumber } from '../../numbers.ts';
import { directedText, leadingText, ratioText } from '../perturbation/explanation-text.ts';
import { formatInterval } from '../perturbation/perturbation-text.ts';

/** A finding of the paper as it is told: the verdict's rule and outcome, and the numbers in words. */
export interface PaperFinding {
  readonly name: 'F1' | 'F2' | 'F3' | 'F4' | 'F5';
  /** The paper's finding in our words. */
  readonly statement: string;
  readonly verdict: VerdictOutcome;
  /** Why: one sentence. */
  readonly reason: string;
  /** The rule by which the verdict was reached: ours. */
  readonly rule: string;
  /** Numbers. */
  readonly evidence: readonly string[];
}

const range = (values: readonly number[], format: (x: number) => string): string =>
  formatRange(leastOf(values), largestOf(values), format);

const told = <N>(
  { name, statement, outcome, reason, rule }: Finding<N>,
  evidence: readonly string[],
): PaperFinding => ({
  name,
  statement,
  verdict: outcome,
  reason,
  rule,
  evidence,
});

/** The effects of a finding's parts, with their intervals. */
const effects = <N>({ parts }: Finding<N>): string[] =>
  parts.flatMap(({ claim, outcome, effect }) =>
    effect
      ? [
          `${claim[0]!.toUpperCase()}${claim.slice(1)}: ${outcome}, ${effect.scale === 'ratio' ? 'ratio ' : ''}${effectText(effect)}.`,
        ]
      : [],
  );

/** Most singular values of a unit are at the skip scale. */
function ones({ spectra, active }: ReproductionResult): PaperFinding {
  const finding = mostAreOne(spectra, active);
  const { units, all, missing, proven, broken } = finding.numbers;
  const most = units.filter((u) => u.within[1]! > 0.5).length;
  const shares = nearness.map((near, i) => {
    const own = units.map((u) => u.within[i]!);
    return `${range(own, formatPercent)} (mean ${formatPercent(meanOf(own))}) within ${near < 1e-3 ? formatExact(near) : formatPercent(near)}`;
  });
  return told(finding, [
    units.length === 0
      ? 'No complete spectrum was taken.'
      : `Share of a unit’s values near the plateau, over ${units.length} of ${plural(all, 'unit')}: ${shares.join(', ')}. More than half are within 1 % of it in ${plural(most, 'unit')}.`,
    ...(missing.length ? [`Without a complete spectrum, for its cost: ${formatNumbered(missing)}.`] : []),
    `A theorem, not a finding: with k active inner units at least n − 2k values are exactly at |a|. That alone demands more than half in ${proven.units} of ${plural(proven.of, 'unit')} with an identity shortcut, at 95 % of the images.`,
    broken === 0
      ? 'No spectrum has fewer values at the plateau than the theorem demands.'
      : `Fewer values at the plateau than the theorem demands are in ${plural(broken, 'spectrum', 'spectra')}: look at tolerance and residuals.`,
    ...effects(finding),
  ]);
}

function littleDifference({ spectra }: ReproductionResult): PaperFinding {
  const finding = littleBetweenImages(spectra);
  const { images, units, missing } = finding.numbers;
  if (units.length === 0) return told(finding, ['Complete spectra at two images or more are needed.']);
  const between = units.map((u) => u.betweenImages);
  const others = units.flatMap((u) => (u.betweenUnits === null ? [] : [u.betweenUnits]));
  return told(finding, [
    `${range(between, formatPercent)} between two of ${images} images, at most ${formatPercent(slightDifference)} in ${between.filter((d) => d <= slightDifference).length} of ${plural(units.length, 'unit')}${
      others.length ? `; ${range(others, formatPercent)} between two units of one size at one image` : ''
    }.`,
    ...(missing.length
      ? [`Not compared, for their complete spectra are of fewer images: ${formatNumbered(missing)}.`]
      : []),
    ...effects(finding),
  ]);
}

function strongChange({ interventions }: ReproductionResult): PaperFinding {
  const single = interventions.filter((i) => i.changed.length === 1);
  const together = interventions.filter((i) => i.changed.length > 1).flatMap((i) => i.scales);
  const finding = scalesChangeMuch(single);
  const { units, scales, plateaus } = finding.numbers;
  const changes = scales.flatMap((s) => s.changes.flat()).filter((c) => c !== null);
  const accuracies = (part: readonly { readonly accuracy: number }[]) =>
    range(
      part.map((s) => s.accuracy),
      formatPercent,
    );
  const unchanged = interventions[0]?.unchanged;
  return told(finding, [
    changes.length === 0
      ? 'How much the scales change a complete spectrum was not measured.'
      : `The scales change the sorted values of ${units.join(', ')} by ${range(changes, formatPercent)}.`,
    `A theorem, not a finding: the plateau moves to |a|, with at least as many values as the rank demands (in ${plateaus.kept} of ${plural(plateaus.of, 'spectrum', 'spectra')}).`,
    ...(unchanged && together.length
      ? [
          `Accuracy of the changed network on ${formatCount(unchanged.evaluated)} images: ${formatPercent(unchanged.accuracy)} unchanged, ${single.length > 0 ? `${accuracies(single.flatMap((i) => i.scales))} with one unit scaled, ` : ''}${accuracies(together)} with all units scaled by ${formatExact(0.9)} to ${formatExact(1.1)}.`,
        ]
      : []),
    ...effects(finding),
  ]);
}

function jumpAtTheEnd({ perturbations }: ReproductionResult): PaperFinding {
  const { growth, byStage = { excess: [], final: null }, followed, images } = perturbations;
  const finding = adversarialJump(byStage);
  const { excess, final } = byStage;
  if (excess.length === 0) return told(finding, ['No perturbation was followed.']);
  const controls = excess.some((e) => e.untrainedToRandom !== null);
  return told(finding, [
    `Excess growth, adversarial over random, over ${excess.map((e) => `${e.stage}: ${ratioText(e.toRandom)}`).join('; ')} (${followed} images, 95 % intervals). Over shuffled pixels: ${excess.map((e) => ratioText(e.toShuffled)).join('; ')}.${
      excess.some((e) => e.toDirected)
        ? ` Over noise with their component along the margin’s gradient: ${excess.map((e) => ratioText(e.toDirected)).join('; ')}.`
        : ''
    }`,
    ...(final
      ? [
          `From ${final.from} to ${final.to} ‖d‖ is multiplied by ${ratioText(final.adversarial)} (adversarial), ${ratioText(final.random)} (random) and ${ratioText(final.shuffled)} (shuffled pixels).`,
        ]
      : []),
    ...directedText(byStage),
    `Adversarial to random ‖d‖ / ‖x‖ at the end of ${growth.map((g) => `${g.stage}: ${formatInterval(g.toRandom, followed)}`).join('; ')} (medians).`,
    ...(controls
      ? [
          `Untrained control, batch norm calibrated: excess over ${excess.map((e) => `${e.stage}: ${ratioText(e.untrainedToRandom)}`).join('; ')}; at the ends of the stages ${growth.map((g) => formatInterval(g.untrainedToRandom, images.length)).join('; ')}.`,
        ]
      : []),
    ...effects(finding),
  ]);
}

function projected({ perturbations }: ReproductionResult): PaperFinding {
  const units = perturbations.projections.filter((p) => p.kind === 'unit' && p.adversarial && p.random);
  const last = units.at(-1);
  const statement = 'Perturbations are projected onto the singular vectors of the units’ linearizations.';
  const rule =
    'What the projections show is not known from public sources, so there is nothing to agree with: the numbers stand alone.';
  if (!last)
    return {
      name: 'F5',
      statement,
      rule,
      verdict: 'not testable here',
      reason: 'no perturbation was projected',
      evidence: ['No perturbation was projected.'],
    };
  const more = units.filter((u) => u.adversarial!.energyAbove > u.random!.energyAbove).length;
  const top = (kind: 'adversarial' | 'random') => last[kind]!.energyTop;
  return {
    name: 'F5',
    statement,
    rule,
    verdict: 'not testable here',
    reason: 'public sources do not say what the paper found, so there is nothing to agree with',
    evidence: [
      `Adversarial perturbations have more energy on singular values above the plateau than random ones in ${more} of ${plural(units.length, 'unit')} (means over ${plural(perturbations.projected, 'image')}).`,
      `At the last unit, ${last.name}: ${formatPercent(last.adversarial!.energyAbove)} above and ${formatPercent(last.adversarial!.energyPlateau)} on the plateau for adversarial ones, ${formatPercent(last.random!.energyAbove)} and ${formatPercent(last.random!.energyPlateau)} for random ones.`,
      ...(top('adversarial') === null || top('random') === null || !last.top
        ? []
        : [
            `On its ${last.top.values.length} leading right singular vectors: ${formatPercent(top('adversarial')!)} and ${formatPercent(top('random')!)}.`,
          ]),
      ...leadingText(perturbations.leading),
      `Gain predicted by the singular values at ${last.name}: ${typesetNumber(last.adversarial!.predictedGain, 3)} (adversarial; measured ${typesetNumber(last.adversarial!.measuredGain, 3)}), ${typesetNumber(last.random!.predictedGain, 3)} (random; measured ${typesetNumber(last.random!.measuredGain, 3)}), ${typesetNumber(last.isotropicGain, 3)} for a perturbation without direction.`,
    ],
  };
}

/** F1 to F5 of the paper, each with the rule of the verdict and the numbers it rests on. */
export function paperFindings(result: ReproductionResult): PaperFinding[] {
  return [ones(result), littleDifference(result), strongChange(result), jumpAtTheEnd(result), projected(result)];
}
