import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { predictStudied } from '../../../src/study/plan/prediction.ts';

const known = (ratios: readonly number[]) =>
  ratios.map((r) => ({
    model: 'm',
    dataset: 'd',
    workload: 'w',
    planned: 100,
    studied: 100 * r,
    from: 'plan' as const,
  }));

describe('what a study would find, from a plan', () => {
  it('cannot be told from fewer than three comparisons', () => {
    expect(predictStudied(200, known([1.5, 2]))).toMatchObject({ interval: null, count: 2 });
    expect(predictStudied(200, known([1.5])).reason).toContain(
      '1 noise scale has been held against a study with tuned rates',
    );
  });

  it('is centred on how far plans were off, and wider than their scatter', () => {
    const { interval } = predictStudied(200, known([1, 2, 4]));
    expect(interval!.value).toBeCloseTo(400, 9);
    // SciPy: exp(t.ppf(0.975, 2) * log(2) * sqrt(4 / 3)) = 31.300.
    expect(interval!.high! / interval!.value).toBeCloseTo(31.3, 1);
  });

  it('holds the next study in 92 to 98 % of cases', () => {
    const stream = new RandomStream({ seed: 4, purpose: 'plans' });
    let held = 0;
    for (let i = 0; i < 2000; i++) {
      const off = () => Math.exp(0.3 + 0.5 * stream.normal());
      const { interval } = predictStudied(100, known([off(), off(), off(), off()]));
      const next = 100 * off();
      if (interval!.low <= next && next <= interval!.high!) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.92);
    expect(held / 2000).toBeLessThan(0.98);
  });
});
