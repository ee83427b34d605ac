import { alpha, type EffectSize, effectSize, meanEffect, short } from '../../verdict/index.ts';
import { type BranchProtocol, looksOf } from './protocol.ts';

/** What a branch came to. */
export interface BranchOutcome {
  readonly batchSize: number;
  /** Which order of the data, from 0 on: the same examples one after another at every batch size. */
  readonly order: number;
  /** Held-out loss at its end; null where it diverged. */
  readonly loss: number | null;
}

/** `undecided`: the interval holds the margin, and there may be no more orders. */
export type BranchVerdict = 'safe' | 'unsafe' | 'undecided';

/** A batch size held against the run's own. */
export interface JudgedBatch {
  readonly batchSize: number;
  readonly outcome: BranchVerdict;
  /** Orders that it was tried in. */
  readonly orders: number;
  /** Of those, in how many it diverged though the run's own batch did not. */
  readonly diverged: number;
  /** Its loss less that of the run's own batch, in pairs of the same order; null where one diverged. */
  readonly difference: EffectSize | null;
  readonly reason: string;
}

/** Losses by order, of one batch size. */
export const lossesOf = (outcomes: readonly BranchOutcome[], batchSize: number): ReadonlyMap<number, number | null> =>
  new Map(outcomes.filter((o) => o.batchSize === batchSize).map((o) => [o.order, o.loss]));

/**
 * Whether a batch size is no worse than the run's own by more than the margin (non-inferiority; Schuirmann 1987 is both sides of it). The differences are in
 * pairs of the same order of the data, so that what an order does to both falls out; their mean has Student's t interval. Safe where the upper end lies below
 * the margin, unsafe where the lower one lies above. There are as many looks as the protocol has (twice the orders each), so that each is at its share of 5 %: two-sided,
 * all looks together. Undefined while there are fewer orders than for the first look.
 */
export function judgeBatch(
  outcomes: readonly BranchOutcome[],
  { base, batchSize }: { readonly base: number; readonly batchSize: number },
  protocol: BranchProtocol,
): JudgedBatch | undefined {
  const [own, other] = [lossesOf(outcomes, base), lossesOf(outcomes, batchSize)];
  const common = [...own.keys()].filter((order) => other.has(order));
  const looks = looksOf(protocol);
  const orders = looks.findLast((count) => count <= common.length);
  if (orders === undefined) return undefined;
  const pairs = common
    .sort((a, b) => a - b)
    .slice(0, orders)
    .map((order) => [own.get(order)!, other.get(order)!] as const);
  const diverged = pairs.filter(([a, b]) => a !== null && b === null).length;
  const fact = { batchSize, orders, diverged };
  if (pairs.some(([a]) => a === null))
    return { ...fact, outcome: 'undecided', difference: null, reason: 'the run’s own batch size diverged' };
  if (diverged > 0)
    return { ...fact, outcome: 'unsafe', difference: null, reason: `diverged in ${diverged} of ${orders} orders` };
  const effect = meanEffect(pairs.map(([a, b]) => b! - a!))!;
  const level = 1 - alpha / looks.length;
  const difference = effectSize(effect, level);
  const safe = effect.atMost(protocol.margin) >= (1 + level) / 2;
  const unsafe = effect.atMost(protocol.margin) <= (1 - level) / 2;
  const interval = `${short(difference.low ?? Number.NEGATIVE_INFINITY)} to ${short(difference.high ?? Number.POSITIVE_INFINITY)}`;
  return {
    ...fact,
    outcome: safe ? 'safe' : unsafe ? 'unsafe' : 'undecided',
    difference,
    reason: `the difference is ${short(difference.estimate)} (${interval}), ${
      safe ? 'below' : unsafe ? 'above' : 'not told from'
    } the margin ${short(protocol.margin)}`,
  };
}
