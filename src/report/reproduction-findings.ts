import type { InterventionResult, PerturbedLayer, ReproductionResult } from '../stability/index.ts';
import { largestOf, leastOf } from '../statistics.ts';
import { formatCount, formatExact, formatNumber, formatPercent, formatRange, typesetNumber } from './numbers.ts';
import { formatInterval } from './perturbation-text.ts';

/** How a finding of the paper stands on this network. `open`: what was measured does not decide it. */
export type Verdict = 'agrees' | 'agrees in part' | 'disagrees' | 'open';

export interface PaperFinding {
  readonly name: 'F1' | 'F2' | 'F3' | 'F4' | 'F5';
  /** The paper's finding in our words. */
  readonly statement: string;
  readonly verdict: Verdict;
  /** The rule by which the verdict was reached: ours. */
  readonly rule: string;
  /** Numbers. */
  readonly evidence: readonly string[];
}

const range = (values: readonly number[], format: (x: number) => string): string =>
  formatRange(leastOf(values), largestOf(values), format);

/** All of them: agrees; at least half: in part. */
function verdictOf(agreeing: number, all: number): Verdict {
  if (all === 0) return 'open';
  if (agreeing === all) return 'agrees';
  return agreeing >= all / 2 ? 'agrees in part' : 'disagrees';
}

/** Most singular values of a unit are at the skip scale. */
function mostAreOne({ spectra, active }: ReproductionResult): PaperFinding {
  const counted = spectra.images.flatMap((image) =>
    image.units.flatMap((u) => (u.plateau && u.complete ? [{ u, share: u.plateau.count / leastOf(u.shape) }] : [])),
  );
  const most = counted.filter((c) => c.share > 0.5).length;
  const bounded = active.filter((a) => a.bound !== null);
  const proven = bounded.filter((a) => a.bound!.quantiles.q05 / a.size > 0.5).length;
  const broken = counted.filter(({ u }) => u.bound !== null && u.plateau!.count < u.bound).length;
  return {
    name: 'F1',
    statement: 'Most singular values of a unit’s linearization are 1.',
    rule: 'More than half of the values at the plateau in every complete spectrum: agrees; in at least half of the spectra: in part.',
    verdict: verdictOf(most, counted.length),
    evidence: [
      counted.length === 0
        ? 'No complete spectrum was taken.'
        : `${range(
            counted.map((c) => c.share),
            formatPercent,
          )} of the values lie at the plateau, more than half in ${most} of ${counted.length} complete spectra.`,
      `Rank alone (n − 2k values at least) demands more than half in ${proven} of ${bounded.length} units with an identity shortcut, at 95 % of the images.`,
      broken === 0
        ? 'No spectrum has fewer values at the plateau than the rank demands.'
        : `${broken} spectra have fewer values at the plateau than the rank demands: look at tolerance and residuals.`,
    ],
  };
}

const slight = 0.1;

function littleBetweenImages({ spectra }: ReproductionResult): PaperFinding {
  const differences = spectra.spread.map((s) => s.relativeDifference);
  const small = differences.filter((d) => d <= slight).length;
  return {
    name: 'F2',
    statement: 'Singular values differ only slightly between images, although they depend on the activations.',
    rule: `Mean relative difference of the sorted values between two images at most ${formatPercent(slight)} in every unit: agrees; in at least half of the units: in part.`,
    verdict: verdictOf(small, differences.length),
    evidence:
      differences.length === 0
        ? ['Complete spectra at two images or more are needed.']
        : [
            `${range(differences, formatPercent)} between two of ${spectra.images.length} images, at most ${formatPercent(slight)} in ${small} of ${differences.length} units.`,
          ],
  };
}

function scalesChangeMuch({ interventions, spectra }: ReproductionResult): PaperFinding {
  const differences = spectra.spread.map((s) => s.relativeDifference);
  const joined = (part: readonly InterventionResult[]) => ({ ...part[0]!, scales: part.flatMap((i) => i.scales) });
  const [alone, together] = [joined(interventions.slice(0, 2)), joined(interventions.slice(2))];
  const changes = alone.scales.flatMap((s) =>
    s.units.flatMap((u) =>
      u.change === null || (s.skipScale === 1 && s.weightScale === 1) ? [] : [{ s, change: u.change }],
    ),
  );
  const own = alone.changed[0]!;
  const between = spectra.spread.find((s) => s.name === own)?.relativeDifference;
  const smallest = leastOf(changes.map((c) => c.change));
  const plateaus = alone.scales.flatMap((s) => s.units.filter((u) => u.plateau && u.bound !== null));
  const kept = plateaus.filter((u) => u.plateau!.count >= u.bound!).length;
  const accuracies = together.scales.map((s) => s.accuracy);
  return {
    name: 'F3',
    statement: 'Other scales of the skip connection, or other weights, change the distribution strongly.',
    rule: 'Every scale changes the spectrum more than other images do: agrees; some do: in part.',
    verdict:
      changes.length === 0 || between === undefined
        ? 'open'
        : smallest > between
          ? 'agrees'
          : changes.some((c) => c.change > between)
            ? 'agrees in part'
            : 'disagrees',
    evidence: [
      `${own}: ${
        changes.length === 0
          ? 'how much the scales change its spectrum was not measured'
          : `the scales change its sorted values by ${range(
              changes.map((c) => c.change),
              formatPercent,
            )}`
      }; ${
        between === undefined
          ? 'how much images change them was not measured'
          : `two images by ${formatPercent(between)} (over all measured units ${range(differences, formatPercent)})`
      }.`,
      `The plateau moves to |a| in ${kept} of ${plateaus.length} spectra, with at least as many values as the rank demands.`,
      `Accuracy of the changed network on ${formatCount(alone.unchanged.evaluated)} images: ${formatPercent(alone.unchanged.accuracy)} unchanged, ${range(
        alone.scales.map((s) => s.accuracy),
        formatPercent,
      )} with ${own} scaled alone, ${range(accuracies, formatPercent)} with all units scaled by ${formatExact(0.9)} to ${formatExact(1.1)}.`,
    ],
  };
}

/** ‖d‖ / ‖x‖ at the end of a stage over that at its beginning: the unit before its first. */
function growthOver(layers: readonly PerturbedLayer[], names: readonly string[], kind: 'adversarial' | 'random') {
  const at = (i: number) => layers[i]?.[kind]?.relativeNorm ?? Number.NaN;
  const first = layers.findIndex((l) => l.name === names[0]);
  const last = layers.findIndex((l) => l.name === names.at(-1));
  return at(last) / at(first - 1);
}

function adversarialJump({ perturbations, spectra }: ReproductionResult): PaperFinding {
  const { growth, layers, followed } = perturbations;
  const last = growth.at(-1);
  const stages = spectra.images[0]?.stages ?? [];
  const statement =
    'Adversarial perturbations jump in magnitude towards the end of the final stage; random ones do not.';
  const rule =
    'At the end of the final stage the ratio of adversarial to random ‖d‖ / ‖x‖ is above 1 with its whole interval, against shuffled pixels too, adversarial perturbations grow more than twofold over the final stage and more than in any stage before, and random ones less than twofold: agrees. Only the ratios: in part.';
  if (!last?.toRandom || stages.length === 0)
    return { name: 'F4', statement, rule, verdict: 'open', evidence: ['No perturbation was followed.'] };
  const over = stages.map((s) => ({
    name: s.name,
    adversarial: growthOver(layers, s.units, 'adversarial'),
    random: growthOver(layers, s.units, 'random'),
  }));
  const final = over.at(-1)!;
  const ratios = last.toRandom.low > 1 && (last.toShuffled?.low ?? 0) > 1;
  const jump =
    final.adversarial > 2 && final.random < 2 && over.slice(0, -1).every((s) => s.adversarial < final.adversarial);
  return {
    name: 'F4',
    statement,
    rule,
    verdict: ratios && jump ? 'agrees' : ratios ? 'agrees in part' : 'disagrees',
    evidence: [
      `Adversarial to random ‖d‖ / ‖x‖ at the end of ${growth.map((g) => `${g.stage}: ${formatInterval(g.toRandom, followed)}`).join('; ')} (${followed} images, 95 % intervals).`,
      `To shuffled pixels: ${growth.map((g) => formatInterval(g.toShuffled, followed)).join('; ')}.${
        last.untrainedToRandom
          ? ` Untrained network, adversarial to random: ${growth.map((g) => formatInterval(g.untrainedToRandom, perturbations.images.length)).join('; ')}.`
          : ''
      }`,
      `Over a stage ‖d‖ / ‖x‖ is multiplied by ${over.map((s) => `${formatNumber(s.adversarial, 3)} (adversarial) and ${formatNumber(s.random, 3)} (random) in ${s.name}`).join('; ')}.`,
    ],
  };
}

function projected({ perturbations }: ReproductionResult): PaperFinding {
  const units = perturbations.projections.filter((p) => p.kind === 'unit' && p.adversarial && p.random);
  const last = units.at(-1);
  const statement = 'Perturbations are projected onto the singular vectors of the units’ linearizations.';
  const rule =
    'What the projections show is not known from public sources, so there is nothing to agree with: the numbers stand alone.';
  if (!last) return { name: 'F5', statement, rule, verdict: 'open', evidence: ['No perturbation was projected.'] };
  const more = units.filter((u) => u.adversarial!.energyAbove > u.random!.energyAbove).length;
  const top = (kind: 'adversarial' | 'random') => last[kind]!.energyTop;
  return {
    name: 'F5',
    statement,
    rule,
    verdict: 'open',
    evidence: [
      `Adversarial perturbations have more energy on singular values above the plateau than random ones in ${more} of ${units.length} units (means over ${perturbations.projected} images).`,
      `At the last unit, ${last.name}: ${formatPercent(last.adversarial!.energyAbove)} above and ${formatPercent(last.adversarial!.energyPlateau)} on the plateau for adversarial ones, ${formatPercent(last.random!.energyAbove)} and ${formatPercent(last.random!.energyPlateau)} for random ones.`,
      ...(top('adversarial') === null || top('random') === null || !last.top
        ? []
        : [
            `On its ${last.top.values.length} leading right singular vectors: ${formatPercent(top('adversarial')!)} and ${formatPercent(top('random')!)}.`,
          ]),
      `Gain predicted by the singular values at ${last.name}: ${typesetNumber(last.adversarial!.predictedGain, 3)} (adversarial; measured ${typesetNumber(last.adversarial!.measuredGain, 3)}), ${typesetNumber(last.random!.predictedGain, 3)} (random; measured ${typesetNumber(last.random!.measuredGain, 3)}), ${typesetNumber(last.isotropicGain, 3)} for a perturbation without direction.`,
    ],
  };
}

/** F1 to F5 of the paper, each with the rule of the verdict and the numbers it rests on. */
export function paperFindings(result: ReproductionResult): PaperFinding[] {
  return [
    mostAreOne(result),
    littleBetweenImages(result),
    scalesChangeMuch(result),
    adversarialJump(result),
    projected(result),
  ];
}
