import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { pairedDifference } from '../../src/verdict/paired.ts';

/** log likelihood of a difference d = p(onlySecond) - p(onlyFirst), at its best nuisance share, by search. */
function profile(b: number, c: number, n: number, d: number): number {
  let best = { value: Number.NEGATIVE_INFINITY, q: 0 };
  const from = Math.max(0, -d);
  const to = (1 - d) / 2;
  for (let i = 0; i <= 20_000; i++) {
    const q = from + ((to - from) * i) / 20_000;
    const part = (k: number, p: number) => (k === 0 ? 0 : k * Math.log(p));
    const value = part(b, q + d) + part(c, q) + part(n - b - c, 1 - 2 * q - d);
    if (value > best.value) best = { value, q };
  }
  return best.q;
}

describe('the difference of two shares over the same objects', () => {
  it.each([
    [3, 12, 50],
    [0, 4, 30],
    [7, 7, 20],
  ])('ends where the score test does: %i and %i of %i', (onlyFirst, onlySecond, n) => {
    const { difference, low, high } = pairedDifference(onlyFirst, onlySecond, n);
    expect(difference).toBeCloseTo((onlySecond - onlyFirst) / n, 12);
    for (const [d, sign] of [
      [low, 1],
      [high, -1],
    ] as const) {
      const q = profile(onlySecond, onlyFirst, n, d);
      const z = (onlySecond - onlyFirst - n * d) / Math.sqrt(n * (2 * q + d * (1 - d)));
      expect(z).toBeCloseTo(sign * 1.96, 2);
    }
  });

  it('has the exact p of McNemar: tails of a fair coin', () => {
    // P(X >= 5 of 6) = 7 / 64.
    expect(pairedDifference(1, 5, 40).p).toBeCloseTo(14 / 64, 10);
    expect(pairedDifference(0, 10, 40).p).toBeCloseTo(2 / 1024, 12);
    expect(pairedDifference(4, 4, 40).p).toBe(1);
    expect(pairedDifference(0, 0, 40).p).toBe(1);
  });

  it('knows more than nothing where no object differs: a width that falls with their number', () => {
    const [few, many] = [pairedDifference(0, 0, 10), pairedDifference(0, 0, 1000)];
    expect(few.high).toBeCloseTo(-few.low, 9);
    expect(few.high).toBeGreaterThan(0.2);
    expect(many.high).toBeLessThan(0.005);
  });

  it('covers the truth 95 times in a hundred', () => {
    const stream = new RandomStream({ seed: 1, purpose: 'coverage' });
    const [n, pFirst, pSecond, trials] = [60, 0.06, 0.14, 3000];
    let covered = 0;
    for (let t = 0; t < trials; t++) {
      let [b, c] = [0, 0];
      for (let i = 0; i < n; i++) {
        const u = stream.uniform();
        if (u < pFirst) c++;
        else if (u < pFirst + pSecond) b++;
      }
      const { low, high } = pairedDifference(c, b, n);
      if (low <= pSecond - pFirst && pSecond - pFirst <= high) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.935);
    expect(covered / trials).toBeLessThan(0.97);
  });
});
