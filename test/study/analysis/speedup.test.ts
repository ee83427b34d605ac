import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchSteps, speedupCurve } from '../../../src/study/analysis/speedup.ts';

const curve = (steps: readonly (number | null)[], atLeast: readonly (number | null)[] = steps): BatchSteps[] =>
  steps.map((s, i) => ({ batchSize: 16 * 2 ** i, steps: s, atLeast: atLeast[i] ?? null }));

describe('speed-up and break points', () => {
  it('calls regimes by the share of the ideal and by the gain of a doubling', () => {
    const { baseBatch, speedups, breakpoints } = speedupCurve(curve([1600, 800, 420, 300, 290, 289]));
    expect(baseBatch).toBe(16);
    expect(speedups.map((s) => s.regime)).toEqual([
      'linear',
      'linear',
      'linear',
      'diminishing',
      'stagnation',
      'stagnation',
    ]);
    expect(breakpoints.linearUntil).toBe(64);
    expect(breakpoints.flatFrom).toBe(128);
  });

  it('finds half efficiency where log efficiency is linear in log batch size, exactly', () => {
    // k = m^-p: efficiency (m/m0)^(p-1) is a power law, so the line through the logarithms is the curve itself.
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 0.85, noNaN: true }), (p) => {
        const { breakpoints } = speedupCurve(curve(Array.from({ length: 9 }, (_, i) => 1e4 * (16 * 2 ** i) ** -p)));
        const exact = 16 * 2 ** (1 / (1 - p));
        expect(breakpoints.halfEfficiency! / exact).toBeCloseTo(1, 9);
      }),
    );
  });

  it('does not depend on how long steps take or on the unit of the batch', () => {
    const steps = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 10 });
    fc.assert(
      fc.property(steps, fc.constantFrom(0.25, 2, 1024), (k, factor) => {
        const plain = speedupCurve(curve(k));
        const slower = speedupCurve(curve(k.map((s) => s * factor)));
        expect(slower).toEqual(plain);
        const wider = speedupCurve(curve(k).map((p) => ({ ...p, batchSize: p.batchSize * factor })));
        expect(wider.speedups.map((s) => s.regime)).toEqual(plain.speedups.map((s) => s.regime));
        const { linearUntil, flatFrom } = plain.breakpoints;
        expect(wider.breakpoints.linearUntil).toBe(linearUntil === null ? null : linearUntil * factor);
        expect(wider.breakpoints.flatFrom).toBe(flatFrom === null ? null : flatFrom * factor);
      }),
    );
  });

  it('takes a censored doubling as flat only when its budget was long enough to tell', () => {
    expect(speedupCurve(curve([1600, 800, null], [1600, 800, 790])).breakpoints.flatFrom).toBe(32);
    expect(speedupCurve(curve([1600, 800, null], [1600, 800, 700])).breakpoints.flatFrom).toBeNull();
    // All rates diverged: no budget would do.
    expect(speedupCurve(curve([1600, 800, null], [1600, 800, Infinity])).breakpoints.flatFrom).toBe(32);
    expect(speedupCurve(curve([1600, 800, null], [1600, 800, null])).breakpoints.flatFrom).toBeNull();
  });

  it('starts at the smallest batch that reaches the target', () => {
    const { baseBatch, speedups } = speedupCurve(curve([null, 800, 400]));
    expect(baseBatch).toBe(32);
    expect(speedups.map((s) => s.speedup)).toEqual([null, 1, 2]);
    expect(speedupCurve(curve([null, null])).baseBatch).toBeNull();
  });
});
