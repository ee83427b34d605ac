import { groupBy } from '../../base/group-by.ts';
import type { MeasuredTrial } from '../measured/measured.ts';
import { bestRate, edgeOf, isUnresolved } from './best-rate.ts';
import { type BatchGroup, tunedSteps } from './critical-batch.ts';
import type { KnownTarget } from './target.ts';

/** Rates of which the best is known to be off the edge. */
const fewestRates = 3;

/** Why the rate at a batch size is not known to be a good one; null where three rates or more were tried and the best is none of the outer ones. */
export function rateProblem(group: BatchGroup, target: KnownTarget): string | null {
  if (group.rates.length < fewestRates)
    return `${group.rates.length} rate${group.rates.length === 1 ? '' : 's'} tried at batch ${group.batchSize}`;
  const best = bestRate(group.rates, target)!;
  if (isUnresolved(best)) return `the first evaluation at batch ${group.batchSize} was past the target`;
  const edge = edgeOf(group.rates, best);
  return edge === null ? null : `the best rate at batch ${group.batchSize} is the ${edge} tried`;
}

/** What of a strategy's trials can be compared, and by batch size what is wrong with starting from there. */
export interface ComparableTrials {
  readonly trials: readonly MeasuredTrial[];
  readonly problems: ReadonlyMap<number, string | null>;
  /** The one base rate that is left; null where every batch size has its own. */
  readonly keptRate: number | null;
}

/** By batch size, why speed-ups cannot be counted from there. */
export const problemsOf = (groups: readonly BatchGroup[], target: KnownTarget, keptRate: number | null) =>
  new Map<number, string | null>(
    groups.map((group) => {
      const problem = rateProblem(group, target);
      const best = bestRate(group.rates, target)!.baseRate;
      return [
        group.batchSize,
        problem ??
          (keptRate === null || best === keptRate
            ? null
            : `the rate that is kept is not the best one at batch ${group.batchSize}`),
      ] as const;
    }),
  );

/**
 * The trials of a strategy with equal tuning effort at every batch size. A rule that carries one base rate to all others has several rates at the batch where it
 * was searched and one elsewhere: the best of several there against the only one elsewhere bends the curve by itself. Then only the rate that all batch sizes
 * share is compared. Strategies with several rates everywhere stay as they are.
 */
export function equalEffort(
  trials: readonly MeasuredTrial[],
  groups: readonly BatchGroup[],
  target: KnownTarget,
): ComparableTrials {
  const counts = groups.map((g) => g.rates.length);
  if (Math.max(...counts) < 2 || Math.min(...counts) > 1)
    return { trials, problems: problemsOf(groups, target, null), keptRate: null };
  const shared = [
    ...groupBy(
      groups.flatMap((g) => g.rates.map((r) => r.baseRate)),
      (r) => r,
    ),
  ].sort(([, a], [, b]) => b.length - a.length)[0]![0];
  return {
    trials: trials.filter((t) => t.baseRate === shared),
    problems: problemsOf(groups, target, shared),
    keptRate: shared,
  };
}

/**
 * A strategy as the paper runs it: one base rate, the best at the base batch, kept at all others (where the strategy's rule scales it). A rule that is not tuned again
 * can bend the curve by itself (Shallue et al., arXiv 1811.03600), so this stands beside the curve with the best rate of every batch size. The base batch is
 * the smallest that reaches the target with a rate off the edge, or the smallest that reaches it. Null where one rate was tried, or where keeping it changes nothing.
 */
export function keptRateTrials(
  trials: readonly MeasuredTrial[],
  groups: readonly BatchGroup[],
  target: KnownTarget,
): (ComparableTrials & { readonly keptRate: number }) | null {
  const reached = groups.filter((g) => tunedSteps(g).steps !== null);
  const base = reached.find((g) => rateProblem(g, target) === null) ?? reached[0];
  if (!base) return null;
  const { baseRate } = bestRate(base.rates, target)!;
  const kept = trials.filter((t) => t.baseRate === baseRate);
  const batches = new Set(kept.map((t) => t.batchSize));
  const changes = groups.some((g) => batches.has(g.batchSize) && bestRate(g.rates, target)?.baseRate !== baseRate);
  return batches.size > 1 && changes
    ? { keptRate: baseRate, trials: kept, problems: problemsOf(groups, target, baseRate) }
    : null;
}
