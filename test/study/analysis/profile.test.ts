import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { criticalBatchEffect, criticalBatchRatio, residualSquares } from '../../../src/study/analysis/profile.ts';
import { fitTradeoff, type TradeoffPoint } from '../../../src/study/analysis/tradeoff.ts';
import { effectSize } from '../../../src/verdict/index.ts';

const wobble = [1.05, 0.93, 1.08, 0.97, 1.02, 0.9, 1.1, 0.98];
const weights = [3, 3, 1, 3, 3, 2, 3, 3];
const curve = (minSteps: number, critical: number, factors: readonly number[]): TradeoffPoint[] =>
  factors.map((f, i) => {
    const batchSize = 16 * 2 ** i;
    return { batchSize, steps: minSteps * (1 + critical / batchSize) * f, censored: false, weight: weights[i]! };
  });
const one = curve(400, 300, wobble);
const two = curve(250, 500, [...wobble].reverse());

/** From bench/peers/profile.py (SciPy: bounded minimization, Brent's roots, quantiles of F). */
describe('intervals by profile likelihood, against SciPy', () => {
  it('of B_crit', () => {
    const { criticalBatch } = fitTradeoff(one)!;
    expect(criticalBatch).toBeCloseTo(293.74064833785883, 3);
    const { low, high, count } = effectSize(criticalBatchEffect(one, criticalBatch)!);
    expect(low).toBeCloseTo(239.20962170297017, 2);
    expect(high).toBeCloseTo(362.0791646820842, 2);
    expect(count).toBe(8);
  });

  it('of the ratio of two', () => {
    const [a, b] = [one, two].map((points) => ({ points, criticalBatch: fitTradeoff(points)!.criticalBatch }));
    const { estimate, low, high } = effectSize(criticalBatchRatio(a!, b!)!);
    expect(estimate).toBeCloseTo(1.7297540736553274, 4);
    expect(low).toBeCloseTo(1.3273430887514452, 3);
    expect(high).toBeCloseTo(2.2598918003730466, 3);
  });
});

describe('a profile', () => {
  it('always has the estimate within its interval, and is none without points to spare', () => {
    const factor = fc.double({ min: 0.5, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.array(factor, { minLength: 3, maxLength: 8 }), (factors) => {
        const points = curve(400, 300, factors);
        const { criticalBatch } = fitTradeoff(points)!;
        const { low, high } = effectSize(criticalBatchEffect(points, criticalBatch)!);
        expect(low!).toBeLessThanOrEqual(criticalBatch * (1 + 1e-9));
        expect(high ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(criticalBatch * (1 - 1e-9));
      }),
      { numRuns: 60 },
    );
    const thin = one.slice(0, 3).map((p, i) => ({ ...p, dominated: i === 2 }));
    expect(criticalBatchEffect(thin, 300)).toBeNull();
  });

  it('is pulled by a censored point only where the curve lies below it', () => {
    const at = (steps: number) => [...one, { batchSize: 4096, steps, censored: true, weight: 3 }];
    const theta = Math.log(300);
    expect(residualSquares(at(100), theta)).toBe(residualSquares(one, theta));
    expect(residualSquares(at(800), theta)).toBeGreaterThan(residualSquares(one, theta));
    // Two of them: the level that they pull up to is that of least squares.
    const both = [...at(800), { batchSize: 8192, steps: 410, censored: true, weight: 1 }];
    const brute = Math.min(
      ...Array.from({ length: 4001 }, (_, i) => {
        const level = 5.8 + i / 4000;
        return both.reduce((sum, p) => {
          const r = Math.log(p.steps) - Math.log1p(300 / p.batchSize) - level;
          return p.censored && r < 0 ? sum : sum + p.weight * r * r;
        }, 0);
      }),
    );
    expect(residualSquares(both, theta)).toBeCloseTo(brute, 5);
  });
});
