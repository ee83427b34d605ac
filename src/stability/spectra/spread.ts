import { meanOf } from '../../base/statistics.ts';
import type { ImageSpectra, UnitSpread } from '../result.ts';

/** ||s - s'|| / ||(s + s') / 2|| of two sorted spectra of one length; 0 where both are zero. */
export function relativeDifference(s: readonly number[], other: readonly number[]): number {
  let [difference, size] = [0, 0];
  for (let j = 0; j < s.length; j++) {
    difference += (s[j]! - other[j]!) ** 2;
    size += ((s[j]! + other[j]!) / 2) ** 2;
  }
  return size === 0 ? 0 : Math.sqrt(difference / size);
}

/** Relative differences of each spectrum, all of one length, to those before it: row i has i of them. */
export const pairDifferences = (spectra: readonly (readonly number[])[]): number[][] =>
  spectra.map((values, i) => spectra.slice(0, i).map((earlier) => relativeDifference(values, earlier)));

/**
 * How much the spectra of each unit differ between images: mean and standard deviation of the i-th largest singular value,
 * and the mean over pairs of images of ||s - s'|| / ||(s + s') / 2||. Units whose spectra are not complete at every image
 * are left out, and so is everything when there is one image only.
 */
export function spreadAcrossImages(images: readonly ImageSpectra[]): UnitSpread[] {
  if (images.length < 2) return [];
  const names = images[0]!.units.map((u) => u.name);
  return names.flatMap((name, i) => {
    const spectra = images.map((image) => image.units[i]!);
    if (!spectra.every((s) => s.complete)) return [];
    const rows = spectra.map((s) => s.singularValues);
    const size = rows[0]!.length;
    const mean = Array.from({ length: size }, (_, j) => rows.reduce((sum, r) => sum + r[j]!, 0) / rows.length);
    const std = mean.map((m, j) => Math.sqrt(rows.reduce((sum, r) => sum + (r[j]! - m) ** 2, 0) / (rows.length - 1)));
    return [{ name, mean, std, relativeDifference: meanOf(pairDifferences(rows).flat()) }];
  });
}
