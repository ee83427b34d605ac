import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { coefficientEffect, combinedEffect, fitMixedModel } from '../../src/comparison/mixed-model.ts';
import { intervalOf } from '../../src/verdict/index.ts';

const rows = Array.from({ length: 12 }, (_, i) => [1, (i % 4) - 1.5, Math.sin(i)]);
const groups = rows.map((_, i) => i % 3);

describe('the mixed model', () => {
  it('has the coefficients, errors and variances of bench/peers/mixed_model.py (SciPy)', () => {
    const y = rows.map(([, b, c], i) => 2 + 0.7 * b! - 0.3 * c! + [0.5, -0.4, 0.1][i % 3]! + 0.2 * Math.cos(3 * i));
    const found = fitMixedModel(y, rows, groups)!;
    const expected = {
      coefficients: [2.0760500628525205, 0.649802193578532, -0.31662840487262267],
      standardErrors: [0.2756389897351914, 0.04322368456609084, 0.06850002379220174],
    };
    const standardErrors = found.covariance.map((row, i) => Math.sqrt(row[i]!));
    const got = { coefficients: found.coefficients, standardErrors };
    for (const key of ['coefficients', 'standardErrors'] as const)
      got[key].forEach((v, i) => {
        expect(v).toBeCloseTo(expected[key][i]!, 6);
      });
    expect(found.variance).toBeCloseTo(0.027845488546632616, 7);
    expect(found.groupVariance).toBeCloseTo(0.22095265700370645, 5);
    expect(found.degrees).toBe(12 - 3 - 2);
  });

  it('has the sum of two slopes as that of one regressor, where the other is counted from it', () => {
    const y = rows.map(([, b, c], i) => 1 + b! - 0.5 * c! + 0.3 * Math.cos(5 * i));
    const sum = combinedEffect(fitMixedModel(y, rows, groups)!, [0, 1, 1]);
    const away = rows.map(([one, b, c]) => [one!, b!, c! - b!]);
    const slope = coefficientEffect(fitMixedModel(y, away, groups)!, 1);
    expect(sum.estimate).toBeCloseTo(slope.estimate, 10);
    expect(sum.standardError).toBeCloseTo(slope.standardError, 10);
    expect(sum.standardError).toBeGreaterThan(0.01);
  });

  it('is ordinary least squares where groups do not differ', () => {
    const y = rows.map(([, b], i) => 1 + 2 * b! + 0.1 * (i % 2));
    const [one, many] = [groups.map(() => 0), groups].map((g) => fitMixedModel(y, rows, g)!);
    many!.coefficients.forEach((c, i) => {
      expect(c).toBeCloseTo(one!.coefficients[i]!, 1);
    });
  });

  it('is none for columns that depend on each other, or without anything left for the noise', () => {
    expect(
      fitMixedModel(
        [1, 2, 3, 4],
        [1, 2, 3, 4].map((v) => [1, v, 2 * v]),
        [0, 0, 0, 0],
      ),
    ).toBeNull();
    expect(
      fitMixedModel(
        [1, 2],
        [
          [1, 0],
          [1, 1],
        ],
        [0, 0],
      ),
    ).toBeNull();
  });

  it('has intervals that hold the slope in 92 to 98 % of studies, groups or not', () => {
    const stream = new RandomStream({ seed: 6, purpose: 'mixed' });
    for (const spread of [0, 1]) {
      let held = 0;
      const studies = 600;
      for (let s = 0; s < studies; s++) {
        const levels = [0, 1, 2].map(() => spread * stream.normal());
        const x = Array.from({ length: 24 }, (_, i) => [1, (i % 6) - 2.5, stream.normal()]);
        const y = x.map(([, b, c], i) => levels[i % 3]! + 0.2 * b! - 0.1 * c! + 0.5 * stream.normal());
        const [low, high] = intervalOf(
          coefficientEffect(
            fitMixedModel(
              y,
              x,
              x.map((_, i) => i % 3),
            )!,
            1,
          ),
        );
        if (low <= 0.2 && 0.2 <= high) held++;
      }
      expect(held / studies).toBeGreaterThan(0.92);
      expect(held / studies).toBeLessThan(0.98);
    }
  });
});
