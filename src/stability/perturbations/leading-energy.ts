import { meanOf } from '../../base/statistics.ts';
import type { Network } from '../../models/index.ts';
import type { LeadingEnergy, MeanShare } from '../../schema/index.ts';
import { effectSize, meanEffect } from '../../verdict/index.ts';
import type { ImageEnergies, Projections } from '../projections/index.ts';
import { featureCount, findStages, findUnits, type Stage } from '../units/units.ts';
import { lastThirdFrom } from './excess-growth.ts';
import type { PerturbationKind } from './index.ts';

/** The final stage and the units of its last third; its last unit where it has none. Undefined for a network without units. */
export function endOfFinalStage(network: Network): Stage | undefined {
  const final = findStages(findUnits(network.graph(1))).at(-1);
  if (!final) return undefined;
  const from = Math.min(lastThirdFrom(final.units.length), final.units.length - 1);
  return { name: final.name, units: final.units.slice(from) };
}

/** Null with fewer than two images. */
function meanShare(values: readonly number[]): MeanShare | null {
  const effect = meanEffect(values);
  if (!effect) return null;
  const { estimate, low, high, count } = effectSize(effect);
  return { share: estimate, low: Math.max(0, low!), high: Math.min(1, high!), images: count };
}

/** Of each vector, over images: the mean over these units of its energy on their leading right singular vectors. */
function sharesOf(units: readonly string[], { images }: Projections) {
  const own = units.map((name) => images.get(name)!);
  const shares = (energy: (of: ImageEnergies) => number | null) => {
    const rows = own[0]!.map((_, i) => own.map((unit) => energy(unit[i]!)));
    const known = rows.flatMap((row) => (row.includes(null) ? [] : [row as number[]]));
    return meanShare(known.map((row) => meanOf(row)));
  };
  const of = (kind: PerturbationKind) => shares((image) => image.kinds[kind].incoming.top);
  return {
    ...{ adversarial: of('adversarial'), random: of('random'), shuffled: of('shuffled'), directed: of('directed') },
    gradient: shares((image) => image.gradient?.incoming.top ?? null),
  };
}

/**
 * What enters the last units of the final stage, on the leading right singular vectors of each: whether what jumps there is amplified because it lies where the units
 * amplify. Null without projections onto leading vectors.
 */
export function leadingEnergyAt(
  network: Network,
  top: number,
  trained: Projections,
  untrained: Projections | undefined,
): LeadingEnergy | null {
  const end = endOfFinalStage(network);
  if (!end || top === 0 || trained.blocks.length === 0) return null;
  const names = end.units.map((unit) => unit.name);
  const counts = end.units.map((unit) => {
    const [cols, rows] = [featureCount(unit.input), featureCount(unit.sum)];
    return { count: Math.min(top, rows, cols), cols };
  });
  return {
    stage: end.name,
    units: names,
    count: Math.max(...counts.map(({ count }) => count)),
    isotropic: counts.reduce((sum, { count, cols }) => sum + count / cols, 0) / counts.length,
    trained: sharesOf(names, trained),
    untrained: untrained && untrained.blocks.length > 0 ? sharesOf(names, untrained) : null,
  };
}
