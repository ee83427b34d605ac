import { RandomStream } from '../random.ts';
import { quantile } from '../statistics.ts';

/** Ranks from 1 of finite values; equal ones share the mean of theirs. */
export function ranksOf(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (const i of order.slice(from, to)) ranks[i] = (from + to + 1) / 2;
    from = to;
  }
  return ranks;
}

/** Pearson's r; null where one of the two does not vary. */
function correlation(x: readonly number[], y: readonly number[]): number | null {
  const mean = (v: readonly number[]) => v.reduce((s, a) => s + a, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (const [i, a] of x.entries()) {
    const [dx, dy] = [a - mx, y[i]! - my];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx > 0 && yy > 0 ? Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy))) : null;
}

/** Spearman's rank correlation; null with fewer than three pairs or where one of the two does not vary. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  return x.length < 3 ? null : correlation(ranksOf(x), ranksOf(y));
}

/**
 * Spearman's rank correlation of x and y with the ranks of z held fixed: (r_xy - r_xz r_yz) / √((1 - r_xz²)(1 - r_yz²)). Null with fewer than four
 * triples, or where z leaves nothing of x or y.
 */
export function partialSpearman(x: readonly number[], y: readonly number[], z: readonly number[]): number | null {
  if (x.length < 4) return null;
  const [xy, xz, yz] = [spearman(x, y), spearman(x, z), spearman(y, z)];
  if (xy === null) return null;
  // Where z does not vary there is nothing to hold fixed.
  if (xz === null || yz === null) return xy;
  const left = (1 - xz * xz) * (1 - yz * yz);
  return left > 1e-12 ? Math.max(-1, Math.min(1, (xy - xz * yz) / Math.sqrt(left))) : null;
}

export interface RankCorrelation {
  readonly value: number;
  /** 95 % of a percentile bootstrap over the models (2000 draws). */
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** A correlation of `count` models with its interval; `of` gets the positions of those that were drawn. Null where it gives none. */
export function bootstrapped(
  count: number,
  of: (drawn: readonly number[]) => number | null,
  seed = 0,
): RankCorrelation | null {
  const value = of(Array.from({ length: count }, (_, i) => i));
  if (value === null) return null;
  const stream = new RandomStream({ seed, purpose: 'bootstrap' });
  const draws = Float64Array.from(
    Array.from({ length: 2000 }, () => of(Array.from({ length: count }, () => stream.integer(count)))).flatMap(
      (v) => v ?? [],
    ),
  ).sort();
  return { value, low: quantile(draws, 0.025), high: quantile(draws, 0.975), count };
}
