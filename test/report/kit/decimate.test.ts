import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binMedians, simplifyLine } from '../../../src/report/kit/decimate.ts';

describe('simplifyLine', () => {
  it('stays within the tolerance of every point of a descending sequence', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 3, maxLength: 200 }),
        (values) => {
          const y = [...values].sort((a, b) => b - a);
          const x = y.map((_, i) => i * 0.7);
          const kept = simplifyLine(x, y, 0.5);
          expect(kept[0]).toBe(0);
          expect(kept.at(-1)).toBe(y.length - 1);
          for (let k = 1; k < kept.length; k++) {
            const [a, b] = [kept[k - 1]!, kept[k]!];
            const [dx, dy] = [x[b]! - x[a]!, y[b]! - y[a]!];
            for (let i = a + 1; i < b; i++) {
              const distance = Math.abs((x[i]! - x[a]!) * dy - (y[i]! - y[a]!) * dx) / Math.hypot(dx, dy);
              expect(distance).toBeLessThanOrEqual(0.5 + 1e-9);
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps both edges of a step among 16384 values, and little else', () => {
    const y = Array.from({ length: 16384 }, (_, i) => (i < 5000 ? 10 : 0));
    expect(
      simplifyLine(
        y.map((_, i) => i / 50),
        y,
        0.3,
      ),
    ).toEqual([0, 4999, 5000, 16383]);
  });
});

describe('binMedians', () => {
  it('takes the middle of each part, also with fewer values than bins', () => {
    expect(binMedians([9, 8, 7, 6, 5, 4], 2)).toEqual([8, 5]);
    expect(binMedians([2, 1], 4)).toEqual([2, 2, 1, 1]);
  });
});
