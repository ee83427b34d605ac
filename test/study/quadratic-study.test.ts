import { describe, expect, it } from 'vitest';
import { quadratic } from '../../src/models/index.ts';
import { reportOf } from '../../src/study/analysis/index.ts';
import { absolute, syntheticStudy } from './synthetic-studies.ts';

/**
 * The noisy quadratic model with spectrum h, noise c = h and start 1: along each eigenvector E[theta^2] after S steps at rate r is
 * rho^S (1 - a) + a with rho = (1 - r h)^2 and the stationary value a = r c / (B h (2 - r h)).
 */
const spectrum = Array.from({ length: 100 }, (_, i) => 1 / (i + 1));
const start = 0.5 * spectrum.reduce((sum, h) => sum + h, 0);

function riskAfter(steps: number, batch: number, rate: number): number {
  return spectrum.reduce((sum, h) => {
    const stationary = rate / (batch * (2 - rate * h));
    return sum + 0.5 * h * ((1 - rate * h) ** (2 * steps) * (1 - stationary) + stationary);
  }, 0);
}

/** Steps to the target as a real number, by bisection on the closed form; infinite where the noise keeps the risk above it. */
function exactSteps(target: number, batch: number, rate: number): number {
  if (!(riskAfter(1e12, batch, rate) < target)) return Number.POSITIVE_INFINITY;
  let [low, high] = [0, 1];
  while (riskAfter(high, batch, rate) > target) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (riskAfter(middle, batch, rate) > target) low = middle;
    else high = middle;
  }
  return high;
}

const rates = Array.from({ length: 161 }, (_, i) => 1.999 * 10 ** (-i / 20));
const tunedSteps = (target: number, batch: number) =>
  rates.map((r) => exactSteps(target, batch, r)).reduce((a, b) => Math.min(a, b));

describe('a study of the noisy quadratic model', () => {
  it('stands on the closed form of the model', () => {
    const model = quadratic({ spectrum });
    for (const [steps, batch, learningRate] of [
      [7, 16, 0.3],
      [120, 3, 0.05],
    ] as const)
      expect(model.expectedRisk({ start: 1, learningRate, batch, steps })).toBeCloseTo(
        riskAfter(steps, batch, learningRate),
        10,
      );
  });

  it.each([0.3, 0.2, 0.1])(
    'gives B_crit within 5 percent of the closed form, target %f of the initial risk',
    (share) => {
      const target = share * start;
      // Smin and Emin are limits of the closed form: no noise, and batches so small that noise is all.
      const truth = (1e-4 * tunedSteps(target, 1e-4)) / tunedSteps(target, 1e12);
      const sizes = Array.from({ length: 11 }, (_, i) => truth * 2 ** (i - 5));
      const study = syntheticStudy(
        [absolute(target)],
        sizes.flatMap((batchSize) =>
          rates
            .filter((rate) => rate > 0.002)
            .map((rate) => ({
              batchSize,
              rate,
              budget: 1600,
              loss: (step: number) => riskAfter(step, batchSize, rate),
              steps: Array.from({ length: 230 }, (_, i) => (i < 60 ? i : Math.round(60 * 1.0195 ** (i - 60)))),
            })),
        ),
      );
      const { criticalBatch } = reportOf(study).workloads[0]!.strategies[0]!;
      expect(Math.abs(criticalBatch.value! / truth - 1)).toBeLessThan(0.05);
    },
  );
});
