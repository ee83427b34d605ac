import type { BlockSpectrum, ImageSpectra, SpectrumResult } from '../../../stability/index.ts';

/** What a report says about one unit or stage at one image, derived from its spectrum. Shares are 0 .. 1. */
export interface SpectrumRow {
  readonly image: ImageSpectra;
  readonly block: BlockSpectrum;
  /** Position in the network's order, from 0. */
  readonly depth: number;
  /** Number of singular values the Jacobian has: min(rows, columns). */
  readonly size: number;
  readonly plateauShare: number | null;
  /** k / hidden size. */
  readonly activeFraction: number | null;
  readonly boundShare: number | null;
  /** Null when there are no values at all. */
  readonly largest: number | null;
  /** Smallest value that is not zero; null when the spectrum is not complete or all of it is zero. */
  readonly smallestNonzero: number | null;
  /** How many of the listed values are zero within tolerance. */
  readonly zeros: number;
}

/** Values at zero are the last ones: as many as were counted, or, where they were not counted, those within tolerance. */
function countZeros({ singularValues, zero, tolerance }: BlockSpectrum): number {
  if (zero !== null) return Math.min(zero, singularValues.length);
  const first = singularValues.findIndex((s) => s <= tolerance);
  return first < 0 ? 0 : singularValues.length - first;
}

export function spectrumRow(image: ImageSpectra, block: BlockSpectrum, depth: number): SpectrumRow {
  const size = Math.min(...block.shape);
  const zeros = countZeros(block);
  const values = block.singularValues;
  const nonzero = values.length - zeros;
  return {
    image,
    block,
    depth,
    size,
    plateauShare: block.complete && block.plateau ? block.plateau.count / size : null,
    activeFraction: block.activeHidden !== null && block.hiddenSize ? block.activeHidden / block.hiddenSize : null,
    boundShare: block.bound === null ? null : block.bound / size,
    largest: values[0] ?? null,
    smallestNonzero: block.complete && nonzero > 0 ? values[nonzero - 1]! : null,
    zeros,
  };
}

/** Everything that was linearized at an image: units, stages, the whole network. */
export const blocksOf = ({ units, stages, network }: ImageSpectra): readonly BlockSpectrum[] => [
  ...units,
  ...stages,
  ...(network ? [network] : []),
];

/** All units at all images, image by image. */
export function unitRows(result: SpectrumResult): SpectrumRow[] {
  return result.images.flatMap((image) => image.units.map((unit, depth) => spectrumRow(image, unit, depth)));
}

/** Values counted above, at, below the plateau and at zero; together they are `size`. */
export interface PlateauCounts {
  readonly above: number;
  readonly at: number;
  readonly below: number;
  readonly zero: number;
}

/**
 * The counts without overlap: a zero is not counted as below, and where the plateau itself is zero (no skip connection)
 * its values are counted at the plateau only. Null when the spectrum was not counted.
 */
export function disjointCounts({ plateau, above, below, zero }: BlockSpectrum): PlateauCounts | null {
  if (plateau === null || above === null || below === null) return null;
  const zeros = plateau.value === 0 ? 0 : Math.min(zero ?? 0, below);
  return { above, at: plateau.count, below: below - zeros, zero: zeros };
}

/** Consecutive units that are drawn together, usually a stage. */
export interface UnitGroup {
  readonly name: string;
  readonly units: readonly { readonly name: string; readonly short: string; readonly depth: number }[];
}

/**
 * Units grouped by the stages that were measured, where these cover all of them, else by what stands before the last dot of
 * their names (`layer3` of `layer3.4`); runs (`layer3.1..layer3.4`) and names without a dot stand in one group.
 */
export function groupUnits(result: SpectrumResult): UnitGroup[] {
  const [first] = result.images;
  if (!first) return [];
  const stageOf = new Map(first.stages.flatMap((stage) => stage.units.map((u) => [u, stage.name] as const)));
  return groupNames(
    first.units.map((u) => u.name),
    first.units.every((u) => stageOf.has(u.name)) ? (name) => stageOf.get(name)! : undefined,
  );
}

/** Names in the network's order, in groups by `groupOf`, or else by what stands before their last dot. */
export function groupNames(names: readonly string[], groupOf?: (name: string) => string): UnitGroup[] {
  const groups: { name: string; units: { name: string; short: string; depth: number }[] }[] = [];
  names.forEach((name, depth) => {
    const dot = name.includes('..') ? -1 : name.lastIndexOf('.');
    const prefix = dot > 0 ? name.slice(0, dot) : '';
    const group = groupOf ? groupOf(name) : prefix;
    const short = dot > 0 && group === prefix ? name.slice(dot + 1) : name;
    if (groups.at(-1)?.name !== group) groups.push({ name: group, units: [] });
    groups.at(-1)!.units.push({ name, short, depth });
  });
  return groups;
}

/** The plateau that most spectra have, where it is positive; else 1: the value around which figures are drawn. */
export function referenceValue(blocks: readonly BlockSpectrum[]): number {
  const votes = new Map<number, number>();
  for (const { plateau } of blocks) {
    if (plateau && plateau.value > 0) votes.set(plateau.value, (votes.get(plateau.value) ?? 0) + 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 1;
}

/** `image 7` or, for a class that is known, `image 7 (cat)`. */
export function imageName(result: SpectrumResult, image: ImageSpectra): string {
  const label = result.classes[image.label];
  return label === undefined ? `image ${image.index}` : `image ${image.index} (${label})`;
}
