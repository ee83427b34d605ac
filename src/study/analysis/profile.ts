import { type Effect, profileEffect, studentCdf } from '../../verdict/index.ts';
import type { TradeoffPoint } from './tradeoff.ts';

/**
 * Intervals of B_crit by profile likelihood. With θ = log B_crit the curve is log S = a + log(1 + e^θ / B); for every θ the best level a is known in closed form, and
 * F(θ) = (RSS(θ) - RSS_min) / (RSS_min / (n - 2)) is compared with the quantile of F with 1 and n - 2 degrees of freedom (Bates and Watts 1988, section 6.1;
 * 95 % of simulated studies hold the truth: see the coverage tests). The estimate is where F = 0, so it never lies outside.
 */

/** Points that count as observations: those that reached the target. What is censored, or was put on the level of a smaller batch, bounds the curve only. */
export const degreesOf = (points: readonly TradeoffPoint[]): number =>
  points.filter((p) => !p.censored && !p.dominated).length - 2;

/** Weighted squares of log residuals at the best level, for a given θ. A censored point pulls only while the curve lies below it. */
export function residualSquares(points: readonly TradeoffPoint[], theta: number): number {
  const offsets = new Float64Array(points.length);
  let [sum, weight] = [0, 0];
  for (let i = 0; i < points.length; i++) {
    const p = points[i]!;
    offsets[i] = Math.log(p.steps) - log1pExp(theta - Math.log(p.batchSize));
    if (p.censored) continue;
    sum += p.weight * offsets[i]!;
    weight += p.weight;
  }
  let level = sum / weight;
  // A censored point above the level pulls it up, the highest first: each that is still above belongs in, so one pass by height settles it.
  const pulling = points
    .flatMap((p, i) => (p.censored ? [i] : []))
    .sort((a, b) => offsets[b]! - offsets[a]!)
    .filter((i) => {
      if (offsets[i]! <= level) return false;
      sum += points[i]!.weight * offsets[i]!;
      weight += points[i]!.weight;
      level = sum / weight;
      return true;
    });
  let squares = 0;
  for (let i = 0; i < points.length; i++)
    if (!points[i]!.censored || pulling.includes(i)) squares += points[i]!.weight * (offsets[i]! - level) ** 2;
  return squares;
}

/** log(1 + e^x) without overflow. */
const log1pExp = (x: number) => (x > 30 ? x : Math.log1p(Math.exp(x)));

/** The confidence distribution that an F ratio of squares gives: Student's t of its signed root. */
function signedRoot(squares: (x: number) => number, estimate: number, least: number, degrees: number) {
  const variance = least / degrees;
  return (x: number): number => {
    const rise = Math.max(0, squares(x) - least);
    if (x === estimate) return 0.5;
    const root = variance > 0 ? Math.sqrt(rise / variance) : Number.POSITIVE_INFINITY;
    return studentCdf(x < estimate ? -root : root, degrees);
  };
}

/** B_crit as a ratio-scale effect (log B_crit). Null where there are no more points than the curve has parameters. */
export function criticalBatchEffect(points: readonly TradeoffPoint[], criticalBatch: number): Effect | null {
  const degrees = degreesOf(points);
  if (degrees < 1) return null;
  const estimate = Math.log(criticalBatch);
  const squares = (theta: number) => residualSquares(points, theta);
  return profileEffect({
    estimate,
    scale: 'ratio',
    atMost: signedRoot(squares, estimate, squares(estimate), degrees),
    degrees,
    count: degrees + 2,
  });
}

export interface FittedCurve {
  readonly points: readonly TradeoffPoint[];
  readonly criticalBatch: number;
}

/** Least of a function of one variable around a start, on a widening grid and then by golden section. */
function minimum(of: (x: number) => number, around: number, width: number): number {
  const grid = Array.from({ length: 13 }, (_, i) => around + width * (i / 6 - 1));
  const values = grid.map(of);
  const at = values.reduce((best, v, i) => (v < values[best]! ? i : best), 0);
  let [low, high] = [grid[Math.max(0, at - 1)]!, grid[Math.min(grid.length - 1, at + 1)]!];
  const golden = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [high - golden * (high - low), low + golden * (high - low)];
  let [fa, fb] = [of(a), of(b)];
  for (let i = 0; i < 20; i++) {
    if (fa < fb) {
      [high, b, fb] = [b, a, fa];
      a = high - golden * (high - low);
      fa = of(a);
    } else {
      [low, a, fa] = [a, b, fb];
      b = low + golden * (high - low);
      fb = of(b);
    }
  }
  return Math.min(fa, fb, values[at]!);
}

/** One of several curves whose log B_crit are added up, times a weight other than 0. */
export interface WeightedCurve {
  readonly weight: number;
  readonly curve: FittedCurve;
}

/**
 * The sum of several log B_crit, each times its weight: the profile of all curves at once, with one variance for all. A curve comes in once. Null without degrees of freedom in each.
 */
export function criticalBatchSum(terms: readonly WeightedCurve[]): Effect | null {
  const each = terms.map(({ curve }) => degreesOf(curve.points));
  if (each.some((d) => d < 1)) return null;
  const degrees = each.reduce((s, d) => s + d, 0);
  const found = terms.map(({ curve }) => Math.log(curve.criticalBatch));
  const estimate = terms.reduce((s, { weight }, i) => s + weight * found[i]!, 0);
  const least = terms.reduce((s, { curve }, i) => s + residualSquares(curve.points, found[i]!), 0);
  const weights = terms.reduce((s, { weight }) => s + weight ** 2, 0);
  const squares = (sum: number) => {
    const away = sum - estimate;
    /** Least squares of the curves from the i-th on, where what is left of the sum is theirs: the last one has no choice. */
    const from = (i: number, left: number): number => {
      const { weight, curve } = terms[i]!;
      if (i === terms.length - 1) return residualSquares(curve.points, left / weight);
      return minimum(
        (theta) => residualSquares(curve.points, theta) + from(i + 1, left - weight * theta),
        found[i]! + (weight * away) / weights,
        Math.abs(away) + 0.5,
      );
    };
    return from(0, sum);
  };
  return profileEffect({
    estimate,
    scale: 'ratio',
    atMost: signedRoot(squares, estimate, least, degrees),
    degrees,
    count: degrees + 2 * terms.length,
  });
}

/** The ratio of two B_crit, `to` over `from`. */
export const criticalBatchRatio = (from: FittedCurve, to: FittedCurve): Effect | null =>
  criticalBatchSum([
    { weight: -1, curve: from },
    { weight: 1, curve: to },
  ]);
