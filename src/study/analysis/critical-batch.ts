import { largestOf, leastOf } from '../../base/statistics.ts';
import type { CriticalBatch } from '../../schema/index.ts';
import { effectSize } from '../../verdict/index.ts';
import { atLeastOf, isUnresolved, type RateGroup, stepsOf } from './best-rate.ts';
import { criticalBatchEffect, degreesOf } from './profile.ts';
import { medianOf } from './spread.ts';
import { fitTradeoff, type Tradeoff, type TradeoffPoint, tradeoffSteps } from './tradeoff.ts';

export type { CriticalBatch };

type Without<Whole, Key extends PropertyKey> = Whole extends unknown ? Omit<Whole, Key> : never;

/** Reached batch sizes, and seeds at each, that make a B_crit a measured one. */
const fewestSizes = 5;
const fewestSeeds = 3;

/** All rates and seeds at one batch size. */
export interface BatchGroup {
  readonly batchSize: number;
  readonly rates: readonly RateGroup[];
}

/** Median steps at the best rate, as the fit and the break points take them. */
export interface TunedSteps {
  readonly batchSize: number;
  readonly steps: number | null;
  readonly atLeast: number | null;
  /** Trials behind the median. */
  readonly trials: number;
  /** Whether the target was passed by the first evaluation: then the steps are an upper bound, and count for no curve. */
  readonly unresolved: boolean;
}

/**
 * Steps at the best rate. Where no rate has a median, `atLeast` bounds it from below: whatever the rate, the median is at least the median of what
 * each seed takes at least (infinite where all diverged, null where trials are outstanding).
 */
export function tunedSteps({ batchSize, rates }: BatchGroup): TunedSteps {
  let steps = Number.POSITIVE_INFINITY;
  let best: RateGroup | undefined;
  for (const rate of rates) {
    const median = medianOf(rate.trials.map(stepsOf));
    if (median < steps) [steps, best] = [median, rate];
  }
  if (best) return { batchSize, steps, atLeast: steps, trials: best.trials.length, unresolved: isUnresolved(best) };
  const unresolved = false;
  let trials = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const rate of rates) {
    const bounds = rate.trials.map(atLeastOf);
    if (bounds.includes(null)) return { batchSize, steps: null, atLeast: null, trials: 0, unresolved };
    const median = medianOf(bounds as number[]);
    if (median <= least) [least, trials] = [median, bounds.length];
  }
  return { batchSize, steps: null, atLeast: rates.length > 0 ? least : null, trials, unresolved };
}

/**
 * The points of the fit. The trade-off is the front of what is needed at least, and a larger batch, whose gradient is the less noisy one, need not
 * take more steps than a smaller one: where it does by over a quarter the strategy has failed there (a rate that grew too far), and it counts with the
 * steps of the smaller one. Leaving it out would hide that larger batches gain nothing. Less than a quarter is left to chance: put on the level of the luckiest
 * smaller batch, such points pull the curve down, and intervals hold the truth in 91 % of studies only.
 */
const failed = 1.25;

function fitted(tuned: readonly TunedSteps[]): { readonly points: TradeoffPoint[]; readonly dominated: number[] } {
  const points: TradeoffPoint[] = [];
  const dominated: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const { batchSize, steps, atLeast, trials, unresolved } of tuned) {
    const value = steps ?? atLeast;
    if (unresolved || value === null || !(value > 0) || !Number.isFinite(value)) continue;
    const behind = value > failed * least;
    if (behind) dominated.push(batchSize);
    points.push({
      batchSize,
      steps: behind ? least : value,
      censored: steps === null && !behind,
      dominated: behind,
      weight: trials,
    });
    if (steps !== null) least = Math.min(least, steps);
  }
  return { points, dominated };
}

/** The fit, or why it says nothing: `beyond` is the side on which B_crit lies then. */
type Judged =
  | { readonly kind: 'fit'; readonly fit: Tradeoff }
  | { readonly kind: 'none'; readonly reason: string; readonly beyond: 'above' | 'below' | null };

/** The ends of the curve must leave the two limits S = Smin and E = Emin by so much that both can be seen. */
const visible = 1.1;

function judge(points: readonly TradeoffPoint[]): Judged {
  const sizes = [...new Set(points.filter((p) => !p.censored).map((p) => p.batchSize))];
  if (sizes.length < 3)
    return {
      kind: 'none',
      beyond: null,
      reason: `the target was reached at ${sizes.length} batch size${sizes.length === 1 ? '' : 's'}; the fit needs three`,
    };
  const fit = fitTradeoff(points)!;
  const [least, most] = [leastOf(sizes), largestOf(sizes)];
  // By how much the largest batch is above the line E = Emin, and the smallest above S = Smin.
  if (tradeoffSteps(fit, most) < (visible * fit.minExamples) / most)
    return { kind: 'none', beyond: 'above', reason: `steps still fall as 1 / batch size up to ${most}` };
  if (tradeoffSteps(fit, least) < visible * fit.minSteps)
    return { kind: 'none', beyond: 'below', reason: `steps hardly depend on the batch size from ${least} on` };
  return { kind: 'fit', fit };
}

/**
 * Fits the trade-off to the median steps at the best rate of each batch size and says how sure it is: by how well the points follow the curve, so that what
 * seeds, tuning and a curve that is no hyperbola add to the scatter is in the interval.
 *
 * @param baseProblem What is wrong with the smallest of them, if anything: then B_crit is an estimate.
 */
export function criticalBatchOf(groups: readonly BatchGroup[], baseProblem: string | null = null): CriticalBatch {
  const tuned = groups.map(tunedSteps);
  const { points, dominated } = fitted(tuned);
  const unresolved = tuned.filter((t) => t.unresolved).map((t) => t.batchSize);
  return { ...described(judge(points), points, { baseProblem, left: leftOut(unresolved) }), dominated, points };
}

/** What is wrong with the base batch, and which batch sizes are left out of the fit. */
interface Problems {
  readonly baseProblem: string | null;
  readonly left: string | null;
}

const leftOut = (batchSizes: readonly number[]): string | null =>
  batchSizes.length === 0
    ? null
    : `left out is batch ${batchSizes.join(', ')}, where the first evaluation was past the target`;

const method = 'hyperbola (S/Smin - 1)(E/Emin - 1) = 1, weighted least squares of log S';

function described(
  judged: Judged,
  points: readonly TradeoffPoint[],
  problems: Problems,
): Without<CriticalBatch, 'dominated' | 'points'> {
  if (judged.kind === 'none') {
    const reached = points.filter((p) => !p.censored).map((p) => p.batchSize);
    return {
      value: null,
      low: judged.beyond === 'above' ? largestOf(reached) : null,
      high: judged.beyond === 'below' ? leastOf(reached) : null,
      standing: null,
      condition: null,
      method,
      reason: problems.left === null ? judged.reason : `${judged.reason}; ${problems.left}`,
      fit: null,
    };
  }
  const { fit } = judged;
  const effect = criticalBatchEffect(points, fit.criticalBatch);
  const size = effect && effectSize(effect);
  const condition = conditionOf(points, problems);
  return {
    value: fit.criticalBatch,
    low: size?.low ?? 0,
    high: size?.high ?? null,
    standing: condition === null ? 'measured' : 'estimate',
    condition,
    method: `${method}; 95 % interval: ${effect ? `profile likelihood, F with 1 and ${effect.degrees} degrees of freedom` : 'none, there are no more points than the curve has numbers'}`,
    reason: null,
    fit,
  };
}

/** What a B_crit rests on where it is not a measured one; null where it is. */
function conditionOf(points: readonly TradeoffPoint[], { baseProblem, left }: Problems): string | null {
  const count = degreesOf(points) + 2;
  const thin = points.filter((p) => !p.censored && !p.dominated && p.weight < fewestSeeds).length;
  const lacks = [
    ...(baseProblem === null ? [] : [baseProblem]),
    ...(left === null ? [] : [left]),
    ...(count < fewestSizes ? [`${count} batch sizes of at least ${fewestSizes}`] : []),
    ...(thin > 0 ? [`fewer than ${fewestSeeds} seeds at ${thin} of ${count}`] : []),
  ];
  return lacks.length === 0 ? null : lacks.join(', ');
}
