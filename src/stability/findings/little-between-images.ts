import { cannotTell, judgeDirection, meanEffect, notTestable, type Verdict } from '../../verdict/index.ts';
import type { SpectrumResult } from '../result.ts';
import { relativeDifference } from '../spectra/spread.ts';
import { allOf, type Finding, slightDifference } from './finding.ts';

/** Images below which how much spectra differ between them is not known well enough. */
export const fewestImages = 10;

export interface UnitDifferences {
  readonly name: string;
  /** Mean over pairs of images of the relative difference of this unit's sorted values. */
  readonly betweenImages: number;
  /** Mean over images and over other units with as many values of the relative difference to them; null where there is none. */
  readonly betweenUnits: number | null;
}

export interface LittleBetweenImages {
  readonly images: number;
  readonly units: readonly UnitDifferences[];
  /** Units with a complete spectrum at some of the images alone, which cannot be compared. */
  readonly missing: readonly string[];
}

/** Distances of each unit's spectra between images, and to the other units of its size at the same image. */
export function unitDifferences({ images, spread }: SpectrumResult): UnitDifferences[] {
  return spread.map(({ name, relativeDifference: betweenImages }) => {
    const distances = images.flatMap(({ units }) => {
      const own = units.find((u) => u.name === name)!;
      return units
        .filter((u) => u.name !== name && u.complete && u.singularValues.length === own.singularValues.length)
        .map((u) => relativeDifference(own.singularValues, u.singularValues));
    });
    const mean = distances.reduce((s, d) => s + d, 0) / distances.length;
    return { name, betweenImages, betweenUnits: distances.length ? mean : null };
  });
}

/**
 * F2: singular values differ only slightly between images. Slight in itself (`slightDifference`), and slight beside what sets one unit apart from another: values that are
 * all near 1 differ little whatever is compared.
 */
export function littleBetweenImages(spectra: SpectrumResult): Finding<LittleBetweenImages> {
  const units = unitDifferences(spectra);
  const images = spectra.images.length;
  const missing = (spectra.images[0]?.units ?? []).map((u) => u.name).filter((n) => units.every((u) => u.name !== n));
  const small = `two images differ by less than ${100 * slightDifference} % in a unit’s sorted values, over units`;
  const beside = 'two images differ less in a unit’s sorted values than two units of that size do at one image';
  const few = `${images} image${images === 1 ? '' : 's'}; expected at least ${fewestImages}`;
  const judge = (claim: string, verdict: () => Verdict): Verdict =>
    units.length < 2
      ? notTestable(claim, 'complete spectra of two units at two images or more are needed')
      : images < fewestImages
        ? cannotTell(claim, few, verdict().effect)
        : verdict();
  const compared = units.filter((u) => u.betweenUnits !== null);
  const parts = [
    judge(small, () =>
      judgeDirection(
        meanEffect(
          units.map((u) => Math.log(u.betweenImages / slightDifference)),
          'ratio',
        ),
        {
          claim: small,
          expected: 'below',
        },
      ),
    ),
    judge(beside, () =>
      judgeDirection(
        meanEffect(
          compared.map((u) => Math.log(u.betweenImages / u.betweenUnits!)),
          'ratio',
        ),
        { claim: beside, expected: 'below' },
        'there are no two units of one size',
      ),
    ),
  ];
  return {
    name: 'F2',
    statement: 'Singular values differ only slightly between images, although they depend on the activations.',
    rule: `Relative differences of sorted values, geometric means over units with 95 % intervals: to ${100 * slightDifference} %, and to the distance between different units of one size. Both below 1: agrees; one above: disagrees; fewer than ${fewestImages} images cannot tell. Conditional on this network and on the images.`,
    ...allOf(parts),
    parts,
    numbers: { images, units, missing },
  };
}
