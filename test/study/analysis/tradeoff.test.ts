import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitTradeoff, type TradeoffPoint } from '../../../src/study/analysis/tradeoff.ts';

const sizes = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
const hyperbola = (minSteps: number, minExamples: number): TradeoffPoint[] =>
  sizes.map((batchSize) => ({ batchSize, steps: minSteps + minExamples / batchSize, censored: false, weight: 1 }));
/** Critical batches that nine sizes from 16 to 4096 show from both sides. */
const truths = fc.record({
  minSteps: fc.double({ min: 1, max: 1e5, noNaN: true }),
  logCritical: fc.double({ min: Math.log(16), max: Math.log(4096), noNaN: true }),
});

describe('the fit of (S/Smin - 1)(E/Emin - 1) = 1', () => {
  it('recovers Smin and Emin of exact points to 1e-6, whatever the weights', () => {
    fc.assert(
      fc.property(
        truths,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 9, maxLength: 9 }),
        (truth, weights) => {
          const minExamples = truth.minSteps * Math.exp(truth.logCritical);
          const points = hyperbola(truth.minSteps, minExamples).map((p, i) => ({ ...p, weight: weights[i]! }));
          const fit = fitTradeoff(points)!;
          expect(Math.abs(fit.minSteps / truth.minSteps - 1)).toBeLessThan(1e-6);
          expect(Math.abs(fit.minExamples / minExamples - 1)).toBeLessThan(1e-6);
          for (const { batchSize, steps } of points) {
            const product = (steps / fit.minSteps - 1) * ((steps * batchSize) / fit.minExamples - 1);
            expect(product).toBeCloseTo(1, 5);
          }
        },
      ),
    );
  });

  it('is not moved by bounds that the curve respects, and is by one that it breaks', () => {
    const points = hyperbola(100, 51200).slice(0, 7);
    const bound = (steps: number) => ({ batchSize: 4096, steps, censored: true, weight: 1 });
    const plain = fitTradeoff(points)!;
    expect(plain.criticalBatch).toBeCloseTo(512, 4);
    expect(fitTradeoff([...points, bound(50)])!.criticalBatch).toBeCloseTo(plain.criticalBatch, 4);
    expect(fitTradeoff([...points, bound(400)])!.criticalBatch).toBeLessThan(0.9 * plain.criticalBatch);
  });

  it('does not depend on the unit of the batch size or on how long a step is said to be', () => {
    fc.assert(
      fc.property(
        truths,
        fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 9, maxLength: 9 }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        (truth, errors, perStep, perExample) => {
          const points = hyperbola(truth.minSteps, truth.minSteps * Math.exp(truth.logCritical)).map((p, i) => ({
            ...p,
            steps: p.steps * Math.exp(errors[i]!),
          }));
          const fit = fitTradeoff(points)!;
          fc.pre(fit.criticalBatch > 4 && fit.criticalBatch < 16384);
          const scaled = fitTradeoff(
            points.map((p) => ({ ...p, steps: p.steps * perStep, batchSize: p.batchSize * perExample })),
          )!;
          expect(scaled.minSteps / (fit.minSteps * perStep)).toBeCloseTo(1, 5);
          expect(scaled.criticalBatch / (fit.criticalBatch * perExample)).toBeCloseTo(1, 5);
          expect(scaled.residual).toBeCloseTo(fit.residual, 6);
        },
      ),
    );
  });

  it('needs two batch sizes that reached the target', () => {
    expect(fitTradeoff([])).toBeNull();
    expect(fitTradeoff(hyperbola(10, 1000).slice(0, 1))).toBeNull();
    expect(fitTradeoff(hyperbola(10, 1000).map((p, i) => ({ ...p, censored: i > 0 })))).toBeNull();
  });
});
