import type { MeasuredTrial } from '../measured.ts';
import { bestRate } from './best-rate.ts';
import { tunedSteps } from './critical-batch.ts';
import { batchGroups } from './strategy.ts';
import type { KnownTarget } from './target.ts';

/**
 * A strategy as the paper runs it: one base rate, the best at the smallest batch that reaches the target, kept at all others (where the strategy's rule
 * scales it). A rule that is not tuned again can bend the curve by itself (Shallue et al., arXiv 1811.03600), so this stands beside the
 * curve with the best rate of every batch size. Null where one rate was tried, or where keeping it changes nothing.
 */
export function keptRateTrials(
  trials: readonly MeasuredTrial[],
  target: KnownTarget,
): { readonly baseRate: number; readonly trials: MeasuredTrial[] } | null {
  const groups = batchGroups(trials, target);
  const base = groups.find((g) => tunedSteps(g).steps !== null);
  if (!base) return null;
  const { baseRate } = bestRate(base.rates, target)!;
  const kept = trials.filter((t) => t.baseRate === baseRate);
  const batches = new Set(kept.map((t) => t.batchSize));
  const changes = groups.some((g) => batches.has(g.batchSize) && bestRate(g.rates, target)?.baseRate !== baseRate);
  return batches.size > 1 && changes ? { baseRate, trials: kept } : null;
}
