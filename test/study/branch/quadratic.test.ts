import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { quadratic } from '../../../src/models/index.ts';
import { exactCritical, expectedRisk, spectrum, trained } from './quadratic-branches.ts';
import { coverage } from './quadratic-coverage.ts';

describe('branches of the noisy quadratic model', () => {
  it('stand on its closed form, and the drawn training has that mean', () => {
    const start = spectrum.map(() => 1);
    const sgd = { batch: 8, rate: 0.1, steps: 60 };
    const { batch, rate: learningRate, steps } = sgd;
    const model = quadratic({ spectrum });
    expect(expectedRisk(start, sgd)).toBeCloseTo(model.expectedRisk({ start: 1, learningRate, batch, steps }), 10);
    const risks = Array.from({ length: 60 }, (_, seed) => {
      const theta = trained(start, sgd, new RandomStream({ seed, purpose: 'mean' }));
      return spectrum.reduce((sum, h, i) => sum + 0.5 * h * theta[i]! ** 2, 0);
    });
    const mean = risks.reduce((a, b) => a + b) / risks.length;
    const error = Math.sqrt(risks.reduce((s, x) => s + (x - mean) ** 2, 0) / risks.length / (risks.length - 1));
    expect(Math.abs(mean - expectedRisk(start, sgd))).toBeLessThan(4 * error);
  });

  it('end above the margin from the exact B* on, and below it before', () => {
    const moment = { theta: spectrum.map(() => 0.3), batch: 8, rate: 0.1, rule: 'linear', examples: 2560 } as const;
    const critical = exactCritical(moment, 0.008);
    const excess = (b: number) =>
      expectedRisk(moment.theta, { batch: b, rate: (0.1 * b) / 8, steps: 2560 / b }) -
      expectedRisk(moment.theta, { batch: 8, rate: 0.1, steps: 320 });
    expect(excess(0.99 * critical)).toBeLessThan(0.008);
    expect(excess(1.01 * critical)).toBeGreaterThan(0.008);
  });

  it('hold B* in their interval, at less than a tenth of the cost of a study (100 runs: quadratic.slow.test.ts)', () => {
    const { covered, costShare } = coverage(6);
    expect(covered).toBeGreaterThanOrEqual(5);
    expect(costShare).toBeLessThan(0.1);
  });
});
