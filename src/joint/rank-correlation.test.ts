import { describe, expect, it } from 'vitest';
import { RandomStream } from '../random.ts';
import { bootstrapped, partialSpearman, ranksOf, spearman } from './rank-correlation.ts';

describe('rank correlations', () => {
  it('rank with ties sharing the mean', () => {
    expect(ranksOf([3, 1, 3, 2])).toEqual([3.5, 1, 3.5, 2]);
  });

  it('are 1 - 6 Σd² / (n (n² - 1)) without ties, and ±1 for monotone maps however crooked', () => {
    const x = [1, 2, 3, 4, 5];
    // d² = 0, 1, 1, 1, 1
    expect(spearman(x, [1, 3, 2, 5, 4])).toBeCloseTo(1 - (6 * 4) / (5 * 24), 12);
    expect(spearman(x, x.map(Math.exp))).toBe(1);
    expect(
      spearman(
        x,
        x.map((v) => -(v ** 3)),
      ),
    ).toBe(-1);
    expect(spearman(x, [2, 2, 2, 2, 2])).toBeNull();
    expect(spearman([1, 2], [1, 2])).toBeNull();
  });

  it('vanish with the confounder held fixed where it explains everything but noise', () => {
    const stream = new RandomStream({ seed: 3, purpose: 'test' });
    const z = Array.from({ length: 400 }, () => stream.uniform());
    const [x, y] = [z, z].map((v) => v.map((a) => a + 0.3 * stream.uniform()));
    expect(spearman(x!, y!)).toBeGreaterThan(0.8);
    expect(Math.abs(partialSpearman(x!, y!, z)!)).toBeLessThan(0.12);
    expect(
      partialSpearman(
        x!,
        y!,
        z.map(() => 1),
      ),
    ).toBe(spearman(x!, y!));
    expect(partialSpearman(z, y!, z)).toBeNull();
  });

  it('have intervals that hold the value and shrink with more models', () => {
    const stream = new RandomStream({ seed: 4, purpose: 'test' });
    const width = (n: number) => {
      const x = Array.from({ length: n }, () => stream.uniform());
      const y = x.map((v) => v + 0.5 * stream.uniform());
      const found = bootstrapped(n, (drawn) =>
        spearman(
          drawn.map((i) => x[i]!),
          drawn.map((i) => y[i]!),
        ),
      )!;
      expect(found.low).toBeLessThanOrEqual(found.value);
      expect(found.high).toBeGreaterThanOrEqual(found.value);
      return found.high - found.low;
    };
    expect(width(200)).toBeLessThan(width(20));
  });
});
