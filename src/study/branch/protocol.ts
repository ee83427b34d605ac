import { InputError } from '../../base/errors.ts';

/** How branches are compared (see docs/batch-branches.md). */
export interface BranchProtocol {
  /** eps > 0: by how much a branch may end above the one at the run's own batch and still be no worse, in units of the loss. */
  readonly margin: number;
  /** The largest multiple k of the batch that is tried, at least 2. */
  readonly most: number;
  /** Batch sizes on the ladder for each doubling, at least 1: how finely B* is told. */
  readonly perDoubling: number;
  /** Orders of the data that each batch size is first tried with, at least 2. */
  readonly orders: number;
  /** Where these leave it undecided there are twice as many, up to so many. */
  readonly mostOrders: number;
}

/** Throws InputError for a protocol that decides nothing. */
export function requireProtocol({ margin, most, perDoubling, orders, mostOrders }: BranchProtocol): void {
  if (!(margin > 0 && Number.isFinite(margin)))
    throw new InputError('margin', `expected a loss above 0, got ${margin}`);
  if (!(most >= 2)) throw new InputError('most', `expected a multiple of at least 2, got ${most}`);
  if (!(perDoubling >= 1)) throw new InputError('perDoubling', `expected at least 1, got ${perDoubling}`);
  if (!(orders >= 2)) throw new InputError('orders', `a difference has an interval from two orders on, got ${orders}`);
  if (mostOrders < orders)
    throw new InputError('mostOrders', `expected at least the ${orders} orders of the first look, got ${mostOrders}`);
}

/** Numbers of orders at which a batch size is judged: doubling, the last is the most there may be. */
export function looksOf({ orders, mostOrders }: BranchProtocol): number[] {
  const looks = [orders];
  while (looks.at(-1)! < mostOrders) looks.push(Math.min(mostOrders, 2 * looks.at(-1)!));
  return looks;
}

/**
 * Batch sizes that may be tried, growing; the first is the run's own. Each is a multiple of `unit` (the micro-batch, which batch norm sees), so a rung is the nearest one to its
 * place on the ladder, and rungs that come to the same are one. Throws InputError for a unit that does not divide the batch.
 */
export function ladder(batch: number, { most, perDoubling }: BranchProtocol, unit = 1): number[] {
  if (batch % unit !== 0) throw new InputError('microBatch', `${unit} does not divide the batch size ${batch}`);
  const rungs: number[] = [];
  for (let j = 0; 2 ** (j / perDoubling) <= most * (1 + 1e-9); j++)
    rungs.push(Math.max(batch, unit * Math.round((batch * 2 ** (j / perDoubling)) / unit)));
  return [...new Set(rungs)];
}

/** How the rate follows the batch: times k for SGD and momentum, times its root for Adam and its kin (Malladi et al., 2205.10287), or kept. */
export type RateRule = 'linear' | 'sqrt' | 'kept';

/** f(k): what the rate is multiplied with where the batch is. */
export const rateFactor = (rule: RateRule, k: number): number => ({ linear: k, sqrt: Math.sqrt(k), kept: 1 })[rule];
