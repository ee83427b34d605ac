import { type BranchOutcome, type BranchVerdict, type JudgedBatch, judgeBatch } from './judged.ts';
import type { BranchProtocol } from './protocol.ts';
import { endsOf } from './search.ts';

/** B* of a moment, in examples. */
export interface BranchedCritical {
  /** Where the curve of mean differences meets the margin; null where it does not within the ladder. */
  readonly value: number | null;
  /** The largest batch size up to which all that was tried is safe; the run's own where none is larger. */
  readonly low: number;
  /** Whether `low` was told safe; false where it is the run's own batch size, which is only as good as itself. */
  readonly lowTested: boolean;
  /** The smallest from which on all that was tried is unsafe; null where none is. */
  readonly high: number | null;
  /** Every batch size that was tried, growing, the run's own left out. */
  readonly batches: readonly JudgedBatch[];
}

/**
 * B* = k* B: the largest batch that is no worse than the run's own by more than the margin. Its 95 % interval goes from the largest batch size up to which all are safe to the smallest from which on all
 * are unsafe. Going up until the first that is not safe is a fixed sequence of tests, so that the whole of it errs as often as one of them (Maurer, Hothorn, Lehmacher 1995), 2.5 %; likewise from above.
 * The value is between: mean differences made monotone (least squares, pool adjacent violators), in a straight line over log2 of the batch.
 *
 * It is conditional on the moment, the rate and its rule, the state of the optimizer, the number of examples and the margin.
 */
export function criticalOf(
  rungs: readonly number[],
  outcomes: readonly BranchOutcome[],
  protocol: BranchProtocol,
): BranchedCritical {
  const base = rungs[0]!;
  const verdicts = new Map<number, BranchVerdict>();
  const batches: JudgedBatch[] = [];
  for (let j = 1; j < rungs.length; j++) {
    const judged = judgeBatch(outcomes, { base, batchSize: rungs[j]! }, protocol);
    if (!judged) continue;
    verdicts.set(j, judged.outcome);
    batches.push(judged);
  }
  const { safe, unsafe } = endsOf(verdicts, rungs.length - 1);
  const [low, high] = [rungs[safe]!, rungs[unsafe] ?? null];
  const crossing = crossingOf(base, batches, protocol.margin);
  const value = crossing === null ? null : Math.min(high ?? crossing, Math.max(low, crossing));
  return { value, low, lowTested: safe > 0, high, batches };
}

interface Block {
  readonly values: readonly number[];
  readonly sum: number;
  readonly weight: number;
}

/** Where the monotone curve through (base, 0) and the mean differences reaches the margin; null where it stays below. */
function crossingOf(base: number, batches: readonly JudgedBatch[], margin: number): number | null {
  const points = [
    // Not bent by noise: the run's own batch is no worse than itself.
    { batchSize: base, y: 0, weight: 1e9 },
    ...batches.map(({ batchSize, difference, orders }) => ({
      batchSize,
      y: difference?.estimate ?? Number.POSITIVE_INFINITY,
      weight: orders,
    })),
  ];
  const finite = points.filter((p) => Number.isFinite(p.y));
  let blocks: Block[] = [];
  for (const { batchSize, y, weight } of finite) {
    let last: Block = { values: [batchSize], sum: weight * y, weight };
    while (blocks.length > 0 && blocks.at(-1)!.sum / blocks.at(-1)!.weight > last.sum / last.weight) {
      const before = blocks.at(-1)!;
      last = {
        values: [...before.values, ...last.values],
        sum: before.sum + last.sum,
        weight: before.weight + last.weight,
      };
      blocks = blocks.slice(0, -1);
    }
    blocks.push(last);
  }
  const curve = blocks.flatMap(({ values, sum, weight }) => values.map((x) => ({ x: Math.log2(x), y: sum / weight })));
  for (let i = 1; i < curve.length; i++) {
    const [a, b] = [curve[i - 1]!, curve[i]!];
    if (b.y <= margin) continue;
    return 2 ** (a.x + ((b.x - a.x) * (margin - a.y)) / (b.y - a.y));
  }
  // Beyond the last finite difference the next one diverged: it lies between.
  const beyond = points.find((p) => !Number.isFinite(p.y));
  return beyond ? Math.sqrt(beyond.batchSize * (finite.at(-1)?.batchSize ?? base)) : null;
}
