import { incompleteBeta } from './distributions.ts';
import { twoSided } from './effect.ts';

/** How a share differs between two treatments of the same `n` objects. */
export interface PairedDifference {
  /** Share of the second less share of the first. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Two-sided, of equal shares: the exact test of McNemar, which is binomial in the objects that differ; 1 where none does. */
  readonly p: number;
}

const normal975 = 1.959963984540054;

/**
 * Difference of two shares over the same objects, of which `onlyFirst` succeed under the first treatment alone and `onlySecond` under the
 * second alone. The 95 % interval is Tango's (1998), which inverts the score test: unlike Wald's it covers with few discordant pairs, and has a width
 * where there is none.
 */
export function pairedDifference(onlyFirst: number, onlySecond: number, n: number): PairedDifference {
  const [b, c] = [onlySecond, onlyFirst];
  const difference = (b - c) / n;
  /** Score statistic of a true difference `d`: positive where the observed one is larger. */
  const score = (d: number) => {
    const half = -b - c + (2 * n - b + c) * d;
    // The likeliest share of `onlyFirst` under that difference.
    const q = (Math.sqrt(Math.max(0, half * half + 8 * n * c * d * (1 - d))) - half) / (4 * n);
    const variance = n * (2 * q + d * (1 - d));
    const off = b - c - n * d;
    return variance > 0 ? off / Math.sqrt(variance) : off === 0 ? 0 : Math.sign(off) * Number.POSITIVE_INFINITY;
  };
  const end = (wanted: number) => {
    let [low, high] = [-1, 1];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      // The score falls as the difference rises.
      if (score(middle) > wanted) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
  return { difference, low: end(normal975), high: end(-normal975), p: exactMcNemar(b, c) };
}

/** Twice the smaller tail of a fair coin thrown b + c times. */
function exactMcNemar(b: number, c: number): number {
  const [most, all] = [Math.max(b, c), b + c];
  return all === 0 ? 1 : twoSided(incompleteBeta(0.5, most, all - most + 1));
}
