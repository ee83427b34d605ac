import { describe, expect, it } from 'vitest';
import {
  fCdf,
  fQuantile,
  normalCdf,
  overEstimatedDeviation,
  studentCdf,
  studentQuantile,
} from '../../src/verdict/distributions.ts';

const relative = (found: number, expected: number) => Math.abs(found / expected - 1);

/** From bench/peers/verdict.py (SciPy 1.10). */
describe('distributions, against SciPy', () => {
  it.each([
    [1, 12.706204736432095],
    [2, 4.302652729911275],
    [3, 3.182446305284263],
    [7.5, 2.333039626555376],
    [30, 2.0422724563012373],
  ])('have Student’s 97.5 per cent quantile with %f degrees', (degrees, quantile) => {
    // SciPy's own is good to ten digits: it has 4.3026527299113 for two degrees, where sqrt(18.5128205128205) is right.
    expect(relative(studentQuantile(0.975, degrees), quantile)).toBeLessThan(1e-9);
    expect(studentQuantile(0.025, degrees)).toBeCloseTo(-quantile, 9);
  });

  it.each([
    [1, 161.44763879758827],
    [2, 18.512820512820497],
    [3, 10.127964486013928],
    [9, 5.117355029199227],
  ])(
    'have the 95 per cent quantile of F with 1 and %i degrees, which is the square of Student’s',
    (degrees, quantile) => {
      expect(relative(fQuantile(0.95, 1, degrees), quantile)).toBeLessThan(1e-11);
      expect(relative(studentQuantile(0.975, degrees) ** 2, quantile)).toBeLessThan(1e-11);
    },
  );

  it('keep the digits of small tails', () => {
    expect(relative(studentCdf(-5, 12), 0.00015465560564194435)).toBeLessThan(1e-11);
    expect(relative(studentCdf(-5, 1), 0.06283295818900117)).toBeLessThan(1e-11);
    expect(relative(normalCdf(-8), 6.22096057427174e-16)).toBeLessThan(1e-11);
    expect(relative(normalCdf(-2.9), 0.0018658133003840375)).toBeLessThan(1e-11);
    expect(relative(normalCdf(0.3), 0.6179114221889526)).toBeLessThan(1e-12);
    expect(relative(fCdf(2.5, 3, 7), 0.8564905437210608)).toBeLessThan(1e-12);
  });

  it.each([1, 2, 3, 6, 40])('integrate over an estimated deviation of %i degrees', (degrees) => {
    expect(overEstimatedDeviation(degrees, () => 1)).toBeCloseTo(1, 5);
    expect(overEstimatedDeviation(degrees, (s) => s * s)).toBeCloseTo(1, 5);
  });
});
