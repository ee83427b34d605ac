import { meanOf } from '../../base/statistics.ts';
import { cannotTell, jackknifeEffect, judgeDirection, notTestable, type Verdict } from '../../verdict/index.ts';
import type { SpectrumResult } from '../result.ts';
import { pairDifferences, relativeDifference } from '../spectra/spread.ts';
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

/** A unit with complete spectra at every image: relative differences of its sorted values. */
interface Compared {
  readonly name: string;
  /** Of each image to those before it. */
  readonly pairs: readonly (readonly number[])[];
  /** At each image to every other unit with as many values. */
  readonly others: readonly (readonly number[])[];
}

function comparedUnits({ images, spread }: SpectrumResult): Compared[] {
  return spread.map(({ name }) => {
    const own = images.map(({ units }) => units.find((u) => u.name === name)!.singularValues);
    return {
      name,
      pairs: pairDifferences(own),
      others: images.map(({ units }, i) =>
        units
          .filter((u) => u.name !== name && u.complete && u.singularValues.length === own[i]!.length)
          .map((u) => relativeDifference(own[i]!, u.singularValues)),
      ),
    };
  });
}

/** Mean over pairs of images, of all but the named one. */
const betweenImages = ({ pairs }: Compared, without: number | null = null): number =>
  meanOf(pairs.flatMap((row, i) => (i === without ? [] : row.filter((_, j) => j !== without))));

/** Mean over images, of all but the named one, and other units; null where there are none. */
function betweenUnits({ others }: Compared, without: number | null = null): number | null {
  const distances = others.flatMap((row, i) => (i === without ? [] : row));
  return distances.length ? meanOf(distances) : null;
}

/** Relative differences below it are rounding. */
const resolution = 1e-7;

/**
 * F2: singular values differ only slightly between images. Slight in itself (`slightDifference`), and slight beside what sets one unit apart from another: values that are
 * all near 1 differ little whatever is compared.
 */
export function littleBetweenImages(spectra: SpectrumResult): Finding<LittleBetweenImages> {
  const compared = comparedUnits(spectra);
  const units = compared.map((u) => ({
    name: u.name,
    betweenImages: betweenImages(u),
    betweenUnits: betweenUnits(u),
  }));
  const images = spectra.images.length;
  const missing = (spectra.images[0]?.units ?? []).map((u) => u.name).filter((n) => units.every((u) => u.name !== n));
  const small = `two images differ by less than ${100 * slightDifference} % in a unit’s sorted values, mean over units`;
  const beside = 'two images differ less in a unit’s sorted values than two units of that size do at one image';
  const few = `${images} image${images === 1 ? '' : 's'}; expected at least ${fewestImages}`;
  /** Of the geometric mean over units, `than` being what differences are compared with. */
  const judge = (
    claim: string,
    of: readonly Compared[],
    than: (unit: Compared, without: number | null) => number,
  ): Verdict => {
    if (units.length === 0) return notTestable(claim, 'complete spectra of a unit at two images or more are needed');
    if (of.length === 0) return notTestable(claim, 'there are no two units of one size');
    const effect = jackknifeEffect(
      images,
      (without) => meanOf(of.map((u) => Math.log(Math.max(resolution, betweenImages(u, without)) / than(u, without)))),
      'ratio',
    );
    return images < fewestImages
      ? cannotTell(claim, few, effect)
      : judgeDirection(effect, { claim, expected: 'below' });
  };
  const parts = [
    judge(small, compared, () => slightDifference),
    judge(
      beside,
      compared.filter((u) => u.others.every((row) => row.length > 0)),
      (u, without) => Math.max(resolution, betweenUnits(u, without)!),
    ),
  ];
  return {
    name: 'F2',
    statement: 'Singular values differ only slightly between images, although they depend on the activations.',
    rule: `Relative differences of sorted values between two images, geometric means over units: to ${100 * slightDifference} %, and to the distance between different units of one size, with 95 % intervals over images (jackknife). Both below 1: agrees; one above: disagrees; fewer than ${fewestImages} images cannot tell. Conditional on this network and its units.`,
    ...allOf(parts),
    parts,
    numbers: { images, units, missing },
  };
}
