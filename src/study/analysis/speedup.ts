import type { Breakpoints } from '../../schema/index.ts';

export type { Breakpoints };
/**
 * Speed-up s(m; m0) = k(m0) / k(m), k the steps to a target, against the ideal m / m0; regimes and break points. The paper (arXiv 1811.12941)
 * names the regimes; where they begin is our choice: linear while s is at least 0.8 of the ideal, stagnation beyond the batch from which a doubling
 * gains less than 5 %, diminishing returns between.
 */

export const linearShare = 0.8;
export const flatGain = 1.05;

/** `before the base`: smaller than the batch that speed-ups are counted from, because its own rate is not known to be a good one. */
export type Regime = 'linear' | 'diminishing' | 'stagnation' | 'not reached' | 'before the base';

/** Median steps at a batch size; `atLeast` bounds them from below where they are not known: infinite where all diverged, null without a bound. */
export interface BatchSteps {
  readonly batchSize: number;
  readonly steps: number | null;
  readonly atLeast: number | null;
  /** Why speed-ups cannot be counted from here, such as a rate at the edge of its grid; absent or null where they can. */
  readonly problem?: string | null;
}

export interface Speedup {
  readonly batchSize: number;
  readonly speedup: number | null;
  readonly ideal: number | null;
  /** speedup / ideal. */
  readonly efficiency: number | null;
  readonly regime: Regime;
}

export interface SpeedupCurve {
  /** The smallest batch size that reaches the target without a `problem`, or, where all have one, with it; null where none reaches it. */
  readonly baseBatch: number | null;
  /** The problem of the base batch; null where it has none. */
  readonly baseProblem: string | null;
  readonly speedups: readonly Speedup[];
  readonly breakpoints: Breakpoints;
}

/** @param points Ascending in batch size. */
export function speedupCurve(points: readonly BatchSteps[]): SpeedupCurve {
  const reached = points.filter((p) => p.steps !== null && p.steps > 0);
  const base = reached.find((p) => !p.problem) ?? reached[0];
  if (!base)
    return {
      baseBatch: null,
      baseProblem: 'no batch size reaches the target',
      speedups: points.map(({ batchSize }) => ({
        batchSize,
        speedup: null,
        ideal: null,
        efficiency: null,
        regime: 'not reached',
      })),
      breakpoints: { linearUntil: null, halfEfficiency: null, flatFrom: null },
    };
  const flatFrom = firstFlat(points.filter((p) => p.batchSize >= base.batchSize));
  const speedups = points.map(({ batchSize, steps }): Speedup => {
    const ideal = batchSize / base.batchSize;
    if (steps === null || !(steps > 0))
      return { batchSize, speedup: null, ideal, efficiency: null, regime: 'not reached' };
    const speedup = base.steps! / steps;
    const efficiency = speedup / ideal;
    const regime =
      batchSize < base.batchSize
        ? 'before the base'
        : efficiency >= linearShare
          ? 'linear'
          : flatFrom !== null && batchSize > flatFrom
            ? 'stagnation'
            : 'diminishing';
    return { batchSize, speedup, ideal, efficiency, regime };
  });
  const linear = speedups.filter((s) => s.regime === 'linear');
  return {
    baseBatch: base.batchSize,
    baseProblem: base.problem ?? null,
    speedups,
    breakpoints: {
      linearUntil: linear.at(-1)?.batchSize ?? null,
      halfEfficiency: crossingOfHalf(speedups),
      flatFrom,
    },
  };
}

function crossingOfHalf(speedups: readonly Speedup[]): number | null {
  const known = speedups.filter((s) => s.efficiency !== null && s.regime !== 'before the base');
  const at = known.findIndex((s) => s.efficiency! <= 0.5);
  const [low, high] = [known[at - 1], known[at]];
  if (!low || !high) return null;
  const share = Math.log(low.efficiency! / 0.5) / Math.log(low.efficiency! / high.efficiency!);
  return low.batchSize * (high.batchSize / low.batchSize) ** share;
}

/** The gain of the next batch size is counted a doubling, so that grids with other ratios are held to the same measure. */
function firstFlat(points: readonly BatchSteps[]): number | null {
  for (let i = 0; i + 1 < points.length; i++) {
    const [here, next] = [points[i]!, points[i + 1]!];
    if (here.steps === null) continue;
    const least = next.steps ?? next.atLeast;
    if (least === null) return null;
    const gain = (here.steps / least) ** (1 / Math.log2(next.batchSize / here.batchSize));
    if (gain < flatGain) return here.batchSize;
    // A censored neighbour whose budget was too short to tell: whatever comes later has no point to be compared with.
    if (next.steps === null) return null;
  }
  return null;
}
