import { RandomStream } from './random.ts';

/** How a number is spread over images; quantiles interpolate linearly between the sorted values. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  /** 5, 25, 75 and 95 %. */
  readonly quantiles: { readonly q05: number; readonly q25: number; readonly q75: number; readonly q95: number };
}

/** The value below which share `p` of the ascending `sorted` lies; NaN where there is none. */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const [a, b] = [sorted[low] ?? Number.NaN, sorted[Math.min(low + 1, sorted.length - 1)] ?? Number.NaN];
  return a + (at - low) * (b - a);
}

const sortedFinite = (values: Iterable<number>) => Float64Array.from([...values].filter(Number.isFinite)).sort();

/** Values that are not finite do not count. Null where none is. */
export function distributionOf(values: Iterable<number>): Distribution | null {
  const sorted = sortedFinite(values);
  if (sorted.length === 0) return null;
  const at = (p: number) => quantile(sorted, p);
  return {
    count: sorted.length,
    mean: sorted.reduce((s, v) => s + v, 0) / sorted.length,
    median: at(0.5),
    quantiles: { q05: at(0.05), q25: at(0.25), q75: at(0.75), q95: at(0.95) },
  };
}

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Median with a 95 % interval by the percentile bootstrap (2000 draws). Null where there is no value. */
export function medianInterval(values: Iterable<number>, seed = 0): Interval | null {
  const sorted = sortedFinite(values);
  const n = sorted.length;
  if (n === 0) return null;
  const stream = new RandomStream({ seed, purpose: 'bootstrap' });
  const medians = Float64Array.from({ length: 2000 }, () => {
    const drawn = Float64Array.from({ length: n }, () => sorted[stream.integer(n)]!).sort();
    return quantile(drawn, 0.5);
  }).sort();
  return { value: quantile(sorted, 0.5), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/**
 * Sum of `over` divided by the sum of `under`, each one number a probe, with the standard error of the delete-one jackknife (Quenouille 1956, Tukey 1958); NaN for
 * one probe. The mean of the single ratios is another number: over probes of few steps it is biased by Jensen's inequality, however many they are. 0
 * where both sums are.
 */
export function ratioOfSums(
  over: readonly number[],
  under: readonly number[],
): { readonly value: number; readonly standardError: number } {
  const n = over.length;
  const sum = (x: readonly number[]) => x.reduce((s, v) => s + v, 0);
  const [above, below] = [sum(over), sum(under)];
  const ratio = (a: number, b: number) => (b === 0 ? 0 : a / b);
  if (n < 2) return { value: ratio(above, below), standardError: Number.NaN };
  const without = over.map((a, i) => ratio(above - a, below - under[i]!));
  const mean = sum(without) / n;
  const spread = without.reduce((s, r) => s + (r - mean) ** 2, 0);
  return { value: ratio(above, below), standardError: Math.sqrt(((n - 1) / n) * spread) };
}

/** The arithmetic mean; NaN of none. */
export const meanOf = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;

/** The smallest of any number of values (a spread into `Math.min` ends beyond 120,000); infinite for none, NaN where one is. */
export function leastOf(values: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const value of values) least = Math.min(least, value);
  return least;
}

/** Likewise the largest; minus infinity for none. */
export function largestOf(values: Iterable<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) largest = Math.max(largest, value);
  return largest;
}
