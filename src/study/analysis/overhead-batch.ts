import type { Tradeoff } from './tradeoff.ts';

/**
 * The largest batch size whose steps are at most `overhead` times the ideal ones, which halve with every doubling from `base` on (Zhang et al., 2410.21676, with 1.2 and 256): with S = a + b / B,
 * a + b / B = c (B0 / B) (a + b / B0) gives B = c B0 + (c - 1) b / a. On a training at a constant rate with averaged weights one run at each batch size has every target in it, so that one set of runs gives
 * this for each target.
 *
 * @param overhead Above 1.
 */
export const overheadBatch = (
  { criticalBatch }: Pick<Tradeoff, 'criticalBatch'>,
  { base, overhead = 1.2 }: { readonly base: number; readonly overhead?: number },
): number => overhead * base + (overhead - 1) * criticalBatch;
