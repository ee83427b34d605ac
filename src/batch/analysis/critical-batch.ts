import { RandomStream } from '../../random.ts';
import { largestOf, leastOf } from '../../statistics.ts';
import { atLeastOf, type JudgedTrial, type RateGroup, stepsOf } from './best-rate.ts';
import { type Breakpoints, flatGain, speedupCurve } from './speedup.ts';
import { medianOf } from './spread.ts';
import { fitTradeoff, type Tradeoff, type TradeoffPoint, tradeoffSteps } from './tradeoff.ts';

/**
 * B_crit = Emin / Smin of the fitted hyperbola with a 95 % interval. `high` null: not bounded from above. Where the curve does not
 * show it, `value` is null, `reason` says why and `low` or `high` is the bound that remains.
 */
export type CriticalBatch = Undominated & {
  /** Batch sizes that a smaller one beats by over 5 %: in the fit they count with the steps of that one. */
  readonly dominated: readonly number[];
};

type Undominated =
  | {
      readonly value: number;
      readonly low: number;
      readonly high: number | null;
      readonly method: string;
      readonly reason: null;
      readonly fit: Tradeoff;
    }
  | {
      readonly value: null;
      readonly low: number | null;
      readonly high: number | null;
      readonly method: string;
      readonly reason: string;
      readonly fit: null;
    };

/** 95 % of the bootstrap; an end is null where it is outside the study (or, for a break point, where it was not found). */
export interface BootstrapRange {
  readonly low: number | null;
  readonly high: number | null;
}

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
}

/**
 * Steps at the best rate. Where no rate has a median, `atLeast` bounds it from below: whatever the rate, the median is at least the median of what
 * each seed takes at least (infinite where all diverged, null where trials are outstanding).
 */
export function tunedSteps({ batchSize, rates }: BatchGroup): TunedSteps {
  let [steps, trials] = [Number.POSITIVE_INFINITY, 0];
  for (const rate of rates) {
    const median = medianOf(rate.trials.map(stepsOf));
    if (median < steps) [steps, trials] = [median, rate.trials.length];
  }
  if (Number.isFinite(steps)) return { batchSize, steps, atLeast: steps, trials };
  let least = Number.POSITIVE_INFINITY;
  for (const rate of rates) {
    const bounds = rate.trials.map(atLeastOf);
    if (bounds.includes(null)) return { batchSize, steps: null, atLeast: null, trials: 0 };
    const median = medianOf(bounds as number[]);
    if (median <= least) [least, trials] = [median, bounds.length];
  }
  return { batchSize, steps: null, atLeast: rates.length > 0 ? least : null, trials };
}

/**
 * The points of the fit. The trade-off is the front of what is needed at least, and a larger batch, whose gradient is the less noisy one, need not
 * take more steps than a smaller one: where it does by over 5 % the strategy has failed there (a rate that grew too far), and it counts with the
 * steps of the smaller one. Leaving it out would hide that larger batches gain nothing.
 */
function fitted(tuned: readonly TunedSteps[]): { readonly points: TradeoffPoint[]; readonly dominated: number[] } {
  const points: TradeoffPoint[] = [];
  const dominated: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const { batchSize, steps, atLeast, trials } of tuned) {
    const value = steps ?? atLeast;
    if (value === null || !(value > 0) || !Number.isFinite(value)) continue;
    const behind = value > flatGain * least;
    if (behind) dominated.push(batchSize);
    points.push({ batchSize, steps: behind ? least : value, censored: steps === null && !behind, weight: trials });
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

const limitOf = (judged: Judged): number =>
  judged.kind === 'fit'
    ? judged.fit.criticalBatch
    : judged.beyond === 'above'
      ? Number.POSITIVE_INFINITY
      : judged.beyond === 'below'
        ? 0
        : Number.NaN;

/**
 * A way to draw as many seeds with replacement, each rate with the same ones, so that tuning is drawn again too. What belongs to a seed is looked up
 * once: there are thousands of draws.
 */
function redrawing({ batchSize, rates }: BatchGroup): (stream: RandomStream) => BatchGroup {
  const seeds = [...new Set(rates.flatMap((r) => r.trials.map((t) => t.trial.seed)))];
  const bySeed = rates.map((rate) => seeds.map((seed) => rate.trials.filter((t) => t.trial.seed === seed)));
  return (stream) => {
    const drawn = seeds.map(() => stream.integer(seeds.length));
    const resampled = rates.flatMap((rate, r) => {
      const trials: JudgedTrial[] = drawn.flatMap((at) => bySeed[r]![at]!);
      return trials.length === 0 ? [] : [{ ...rate, trials }];
    });
    return { batchSize, rates: resampled };
  };
}

/** Points of the fitted curve with residuals drawn from those of the fit, widened for the two fitted numbers. */
function perturbed(points: readonly TradeoffPoint[], fit: Tradeoff, stream: RandomStream): TradeoffPoint[] {
  const reached = points.filter((p) => !p.censored);
  const widen = Math.sqrt(reached.length / Math.max(1, reached.length - 2));
  const residuals = reached.map((p) => Math.log(p.steps / tradeoffSteps(fit, p.batchSize)) * widen);
  return points.map((p) =>
    p.censored
      ? p
      : { ...p, steps: tradeoffSteps(fit, p.batchSize) * Math.exp(residuals[stream.integer(residuals.length)]!) },
  );
}

/** Ends that hold 95 % of the draws; no interpolation, because some of them may be infinite. */
function range(values: readonly number[]): readonly [number, number] | null {
  const sorted = values.filter((v) => !Number.isNaN(v)).sort((a, b) => a - b);
  if (sorted.length < 20) return null;
  const at = (p: number) => sorted[Math.round(p * (sorted.length - 1))]!;
  return [at(0.025), at(0.975)];
}

export interface BootstrapOptions {
  /** 1000 unless told. */
  readonly draws?: number;
  readonly seed?: number;
}

export interface CriticalBatchResult {
  readonly criticalBatch: CriticalBatch;
  /** Ranges of the break points over the same draws; null with one seed only. */
  readonly breakpointRanges: Readonly<Record<keyof Breakpoints, BootstrapRange>> | null;
}

/**
 * Fits the trade-off to the median steps at the best rate of each batch size and says how sure it is. With two seeds or more at every batch size that
 * reached the target: bootstrap over seeds, the rate tuned again in each draw. Otherwise, of B_crit only, bootstrap of the residuals of the fit, which sees how well
 * the points follow the curve and not how far seeds are apart.
 */
export function criticalBatchOf(
  groups: readonly BatchGroup[],
  { draws = 1000, seed = 0 }: BootstrapOptions = {},
): CriticalBatchResult {
  const tuned = groups.map(tunedSteps);
  const { points, dominated } = fitted(tuned);
  const judged = judge(points);
  const reached = groups.filter((_, i) => tuned[i]!.steps !== null);
  const overSeeds = reached.length > 0 && reached.every((g) => seedsOf(g) >= 2);
  const stream = new RandomStream({ seed, purpose: 'critical batch' });
  const curves: { readonly value: number; readonly breakpoints: Breakpoints | null }[] = [];
  const redrawn = groups.map(redrawing);
  if (overSeeds)
    for (let i = 0; i < draws; i++) {
      const drawn = redrawn.map((draw) => tunedSteps(draw(stream)));
      curves.push({ value: limitOf(judge(fitted(drawn).points)), breakpoints: speedupCurve(drawn).breakpoints });
    }
  else if (judged.kind === 'fit')
    for (let i = 0; i < draws; i++)
      curves.push({ value: limitOf(judge(perturbed(points, judged.fit, stream))), breakpoints: null });
  return {
    criticalBatch: { ...described(judged, points, range(curves.map((c) => c.value)), overSeeds), dominated },
    breakpointRanges: overSeeds ? rangesOf(curves.flatMap((c) => c.breakpoints ?? [])) : null,
  };
}

const seedsOf = ({ rates }: BatchGroup) => new Set(rates.flatMap((r) => r.trials.map((t) => t.trial.seed))).size;

const finite = (x: number) => (Number.isFinite(x) ? x : null);

function described(
  judged: Judged,
  points: readonly TradeoffPoint[],
  interval: readonly [number, number] | null,
  overSeeds: boolean,
): Undominated {
  const method = 'hyperbola (S/Smin - 1)(E/Emin - 1) = 1, weighted least squares of log S';
  if (judged.kind === 'none') {
    const reached = points.filter((p) => !p.censored).map((p) => p.batchSize);
    return {
      value: null,
      low: judged.beyond === 'above' ? largestOf(reached) : null,
      high: judged.beyond === 'below' ? leastOf(reached) : null,
      method,
      reason: judged.reason,
      fit: null,
    };
  }
  const { fit } = judged;
  const how = overSeeds ? 'bootstrap over seeds, rates tuned again' : 'bootstrap of residuals (one seed a point)';
  return {
    value: fit.criticalBatch,
    low: interval ? interval[0] : 0,
    high: interval ? finite(interval[1]) : null,
    method: `${method}; 95 % interval: ${how}`,
    reason: null,
    fit,
  };
}

function rangesOf(draws: readonly Breakpoints[]): Readonly<Record<keyof Breakpoints, BootstrapRange>> {
  const of = (key: keyof Breakpoints): BootstrapRange => {
    const ends = range(draws.map((d) => d[key] ?? Number.POSITIVE_INFINITY));
    return { low: ends && finite(ends[0]), high: ends && finite(ends[1]) };
  };
  return { linearUntil: of('linearUntil'), halfEfficiency: of('halfEfficiency'), flatFrom: of('flatFrom') };
}
