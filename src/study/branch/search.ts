import { type BranchOutcome, type BranchVerdict, judgeBatch, lossesOf } from './judged.ts';
import { type BranchProtocol, looksOf } from './protocol.ts';

/** A branch that is to be trained. */
export interface BranchWish {
  readonly batchSize: number;
  readonly order: number;
}

/** What is known of a moment: the ladder of its batch sizes, and the branches that have ended. */
export interface BranchSearch {
  readonly rungs: readonly number[];
  readonly outcomes: readonly BranchOutcome[];
  readonly protocol: BranchProtocol;
  /** The rung that is tried first, at least 1: where an earlier moment found the end. */
  readonly first?: number;
}

/**
 * The branches that are missing, of the next batch size; none when both ends of B* are as near together as the ladder lets them. A pure function of what has ended, so a killed search goes on.
 *
 * Two bisections share their branches: one between the largest batch below which all is safe and the smallest that is not, one between the largest that is not unsafe
 * and the smallest from which on all is unsafe. Above what has been tried, the search goes up in doublings. Undecided batch sizes get more orders before anything else.
 */
export function nextBranches({ rungs, outcomes, protocol, first = 1 }: BranchSearch): BranchWish[] {
  const base = rungs[0]!;
  const verdicts = new Map<number, BranchVerdict>();
  const [least, ...more] = looksOf(protocol);
  for (let j = 1; j < rungs.length; j++) {
    const batchSize = rungs[j]!;
    const judged = judgeBatch(outcomes, { base, batchSize }, protocol);
    if (!judged) {
      // Begun, so it goes on.
      if (lossesOf(outcomes, batchSize).size > 0) return missing(outcomes, [base, batchSize], least!);
      continue;
    }
    const next = more.find((orders) => orders > judged.orders);
    if (judged.outcome === 'undecided' && next !== undefined && judged.difference !== null)
      return missing(outcomes, [base, batchSize], next);
    verdicts.set(j, judged.outcome);
  }
  const rung = nextRung(verdicts, rungs.length - 1, { first, perDoubling: protocol.perDoubling });
  return rung === undefined ? [] : missing(outcomes, [base, rungs[rung]!], least!);
}

function missing(outcomes: readonly BranchOutcome[], batchSizes: readonly number[], orders: number): BranchWish[] {
  const wishes: BranchWish[] = [];
  for (let order = 0; order < orders; order++)
    for (const batchSize of batchSizes)
      if (!lossesOf(outcomes, batchSize).has(order)) wishes.push({ batchSize, order });
  return wishes;
}

/** Ends of B* as rungs: up to `safe` all that was tried is safe, from `unsafe` on all is unsafe (`last` + 1 where nothing is). */
export function endsOf(
  verdicts: ReadonlyMap<number, BranchVerdict>,
  last: number,
): { readonly safe: number; readonly unsafe: number } {
  const tried = [...verdicts.keys()].sort((a, b) => a - b);
  const notSafe = tried.find((j) => verdicts.get(j) !== 'safe') ?? last + 1;
  const notUnsafe = tried.findLast((j) => verdicts.get(j) !== 'unsafe') ?? 0;
  return {
    safe: tried.findLast((j) => j < notSafe) ?? 0,
    unsafe: tried.find((j) => j > notUnsafe) ?? last + 1,
  };
}

function nextRung(
  verdicts: ReadonlyMap<number, BranchVerdict>,
  last: number,
  { first, perDoubling }: { readonly first: number; readonly perDoubling: number },
): number | undefined {
  const tried = [...verdicts.keys()].sort((a, b) => a - b);
  const { safe, unsafe } = endsOf(verdicts, last);
  const notSafe = tried.find((j) => j > safe && verdicts.get(j) !== 'safe');
  const notUnsafe = Math.max(safe, tried.findLast((j) => j < unsafe && verdicts.get(j) !== 'unsafe') ?? 0);
  const above = (rung: number) => Math.min(last, tried.length === 0 ? Math.max(1, first) : rung + perDoubling);
  const between = (low: number, high: number) => Math.floor((low + high) / 2);
  if (notSafe === undefined) return safe < last ? above(safe) : undefined;
  if (notSafe - safe > 1) return between(safe, notSafe);
  if (unsafe > last) return notUnsafe < last ? above(notUnsafe) : undefined;
  return unsafe - notUnsafe > 1 ? between(notUnsafe, unsafe) : undefined;
}
