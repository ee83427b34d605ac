import { largestOf, leastOf } from '../../base/statistics.ts';
import type { Spread } from '../../schema/index.ts';

export type { Spread };

export const noSpread: Spread = { median: null, low: null, high: null };

const finiteOrNull = (x: number | undefined) => (x !== undefined && Number.isFinite(x) ? x : null);

/** Median of values of which some may be infinite (not reached); infinite where the middle is, and for none at all. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const high = sorted[half] ?? Number.POSITIVE_INFINITY;
  return sorted.length % 2 === 1 || high === Number.POSITIVE_INFINITY ? high : (sorted[half - 1]! + high) / 2;
}

/** Least, middle and largest; `Infinity` stands for not reached. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return noSpread;
  return {
    median: finiteOrNull(medianOf(values)),
    low: finiteOrNull(leastOf(values)),
    high: finiteOrNull(largestOf(values)),
  };
}
