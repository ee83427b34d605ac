/** The search for B* as a pure function: what is tried next, what is decided, and what follows along a training. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalOf } from '../../../src/study/branch/critical.ts';
import { type BranchOutcome, judgeBatch } from '../../../src/study/branch/judged.ts';
import { type BranchProtocol, ladder, looksOf, requireProtocol } from '../../../src/study/branch/protocol.ts';
import { nextBranches } from '../../../src/study/branch/search.ts';
import { batchWarmUp, stepsShare } from '../../../src/study/branch/warm-up.ts';

const protocol: BranchProtocol = { margin: 0.1, most: 16, perDoubling: 2, orders: 3, mostOrders: 6 };

/** All branches of a search whose losses are known. */
function searched(rungs: readonly number[], lossOf: (batchSize: number, order: number) => number | null, p = protocol) {
  const outcomes: BranchOutcome[] = [];
  for (let round = 0; round < 100; round++) {
    const wishes = nextBranches({ rungs, outcomes, protocol: p });
    if (wishes.length === 0) return outcomes;
    for (const w of wishes) {
      expect(outcomes.some((o) => o.batchSize === w.batchSize && o.order === w.order)).toBe(false);
      outcomes.push({ ...w, loss: lossOf(w.batchSize, w.order) });
    }
  }
  throw new Error('the search does not end');
}

describe('the ladder', () => {
  it('has whole micro-batches, the run’s own batch first, and no batch twice', () => {
    expect(ladder(32, protocol, 16)).toEqual([32, 48, 64, 96, 128, 176, 256, 368, 512]);
    expect(ladder(2, { ...protocol, most: 4, perDoubling: 4 })).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(() => ladder(30, protocol, 16)).toThrow(/16 does not divide the batch size 30/);
  });

  it('is refused a protocol that decides nothing', () => {
    for (const [key, value] of [
      ['margin', 0],
      ['most', 1],
      ['orders', 1],
      ['mostOrders', 2],
    ] as const)
      expect(() => requireProtocol({ ...protocol, [key]: value })).toThrow(key === 'mostOrders' ? /mostOrders/ : key);
  });
});

describe('a batch size', () => {
  const judged = (differences: readonly (number | null)[], p = protocol) =>
    judgeBatch(
      differences.flatMap((d, order) => [
        { batchSize: 8, order, loss: 1 + order },
        { batchSize: 16, order, loss: d === null ? null : 1 + order + d },
      ]),
      { base: 8, batchSize: 16 },
      p,
    );

  it('is judged in pairs of the same order, by the interval of Student’s t at its share of 5 %', () => {
    // Mean 0.02, standard error 0.0057735; two looks, so 97.5 % two-sided: t with 2 degrees of freedom is 6.205347 (SciPy).
    const { difference, outcome } = judged([0.01, 0.02, 0.03])!;
    expect(difference!.estimate).toBeCloseTo(0.02, 12);
    expect(difference!.level).toBeCloseTo(0.975, 12);
    expect(difference!.high!).toBeCloseTo(0.02 + 6.205347 * 0.0057735, 5);
    expect(outcome).toBe('safe');
    expect(judged([0.31, 0.32, 0.33])!.outcome).toBe('unsafe');
    expect(judged([0.05, 0.15, 0.1])!.outcome).toBe('undecided');
  });

  it('that diverges is unsafe, and is not judged before its first look', () => {
    expect(judged([0.01, null, 0.02])).toMatchObject({ outcome: 'unsafe', diverged: 1, difference: null });
    expect(judged([0.01, 0.02])).toBeUndefined();
    expect(looksOf({ ...protocol, orders: 3, mostOrders: 10 })).toEqual([3, 6, 10]);
  });
});

describe('the search', () => {
  it('ends with both ends as near as the ladder lets them, wherever the bend is', () => {
    const rungs = ladder(8, protocol);
    for (let bend = 1; bend <= rungs.length; bend++) {
      // Safe below the bend, unsafe from it on; an order shifts all alike.
      const outcomes = searched(
        rungs,
        (b, order) => order + (rungs.indexOf(b) >= bend ? 0.3 : 0) + 1e-4 * ((b * 7 + order * 3) % 5),
      );
      const { low, high } = criticalOf(rungs, outcomes, protocol);
      expect([low, high]).toEqual([rungs[bend - 1], rungs[bend] ?? null]);
      // Two bisections of eight rungs are few batch sizes.
      expect(new Set(outcomes.map((o) => o.batchSize)).size).toBeLessThanOrEqual(7);
    }
  });

  it('gives undecided batch sizes twice the orders, up to the most, and leaves them undecided then', () => {
    const rungs = ladder(8, { ...protocol, most: 4, perDoubling: 1 });
    const outcomes = searched(rungs, (b, order) =>
      b === 8 ? 0 : b === 16 ? 0.1 + 0.2 * (order % 2 ? 1 : -1) : 5 + 0.01 * order,
    );
    const { batches, low, lowTested, high } = criticalOf(rungs, outcomes, protocol);
    expect(batches.map((b) => [b.batchSize, b.outcome, b.orders])).toEqual([
      [16, 'undecided', 6],
      [32, 'unsafe', 3],
    ]);
    expect([low, lowTested, high]).toEqual([8, false, 32]);
  });

  it('is a function of what has ended: asked again, it wants what is left', () => {
    const rungs = ladder(8, protocol);
    const first = nextBranches({ rungs, outcomes: [], protocol });
    const half = first.slice(0, 3).map((w) => ({ ...w, loss: 1 }));
    expect(nextBranches({ rungs, outcomes: half, protocol })).toEqual(first.slice(3));
  });

  it('ends for any losses, and its interval holds its value', () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.double({ min: 0, max: 0.4, noNaN: true })),
        fc.integer({ min: 1, max: 3 }),
        (noise, per) => {
          const p = { ...protocol, perDoubling: per };
          const rungs = ladder(8, p);
          const outcomes = searched(rungs, () => noise.next().value as number, p);
          const { value, low, high } = criticalOf(rungs, outcomes, p);
          if (value !== null) {
            expect(value).toBeGreaterThanOrEqual(low);
            expect(value).toBeLessThanOrEqual(high ?? Number.POSITIVE_INFINITY);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the value of B*', () => {
  it('is where mean differences, made monotone, meet the margin in a straight line over log2', () => {
    const p = { ...protocol, most: 8, perDoubling: 1, orders: 2, mostOrders: 2 };
    const rungs = ladder(8, p);
    const difference: Record<number, number> = { 8: 0, 16: 0.06, 32: 0.02, 64: 0.24 };
    const outcomes = rungs.flatMap((batchSize) =>
      [0, 1].map((order) => ({ batchSize, order, loss: order + difference[batchSize]! })),
    );
    // 16 and 32 pool to 0.04; from log2 32 = 5 to 6 the margin 0.1 is at 5 + 0.06 / 0.2.
    expect(criticalOf(rungs, outcomes, p).value).toBeCloseTo(2 ** 5.3, 9);
  });
});

describe('the warm-up of the batch', () => {
  it('doubles as soon as B* is twice the batch, between moments by a straight line of its logarithm', () => {
    const stages = batchWarmUp(
      [
        { examples: 1000, criticalBatch: 32 },
        { examples: 3000, criticalBatch: 128 },
      ],
      { batchSize: 16, rule: 'sqrt' },
    );
    expect(stages).toEqual([
      { fromExamples: 0, batchSize: 16, rateFactor: 1 },
      { fromExamples: 1000, batchSize: 32, rateFactor: Math.SQRT2 },
      { fromExamples: 2000, batchSize: 64, rateFactor: 2 },
      { fromExamples: 3000, batchSize: 128, rateFactor: Math.sqrt(8) },
    ]);
    // 1000/16 + 1000/32 + 1000/64 + 1000/128 steps of 4000/16.
    expect(stepsShare(stages, 4000)).toBeCloseTo((62.5 + 31.25 + 15.625 + 7.8125) / 250, 12);
  });

  it('stays where B* never is twice the batch', () => {
    expect(batchWarmUp([{ examples: 10, criticalBatch: 31 }], { batchSize: 16, rule: 'linear' })).toHaveLength(1);
  });
});
