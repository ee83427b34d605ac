import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beyondNote, clipLine, robustLimits } from '../../../src/report/kit/axis-limits.ts';

describe('the limits of an axis', () => {
  it('leave out one value that would flatten the others, and say so', () => {
    const limits = robustLimits([0.1, 0.2, 0.15, 0.3, 0.25, 40_000]);
    expect(limits).toMatchObject({ low: 0.1, high: 0.3, below: [], above: [40_000] });
    expect(beyondNote(limits, String)).toBe('▲ 1 value above the axis, up to 40000.');
    expect(robustLimits([1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, -6000, -50]).below).toEqual([-6000, -50]);
    expect(robustLimits([2, 2, 2, 2, 2, 500]).above).toEqual([500]);
  });

  it('are the whole range of values that are spread, few, or over decades on a logarithmic axis', () => {
    for (const [values, log] of [
      [[1, 2, 3, 4, 5, 6, 7, 20], false],
      [[1, 1000], false],
      [[1, 10, 100, 1000, 10_000, 100_000], true],
    ] as const) {
      const { low, high, below, above } = robustLimits(values, { log });
      expect([low, high]).toEqual([Math.min(...values), Math.max(...values)]);
      expect([...below, ...above]).toEqual([]);
    }
  });

  it('hold what must be inside, and part the values into inside, below and above', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 3 }),
        (values, always) => {
          const { low, high, below, above } = robustLimits(values, { always });
          for (const v of always) expect(v >= low && v <= high).toBe(true);
          const inside = values.filter((v) => v >= low && v <= high);
          expect(inside.length + below.length + above.length).toBe(values.length);
          // At least half of the values are seen.
          expect(inside.length).toBeGreaterThanOrEqual(values.length / 2);
        },
      ),
    );
  });
});

describe('a line cut at its frame', () => {
  const frame = { x: [1, 100], y: [1, 100], log: { x: true, y: true } } as const;

  it('ends where it leaves, on a straight line of logarithms', () => {
    // y = 1000 / x leaves at x = 10 below 100 and is 10 at the right edge.
    const [piece] = clipLine(
      [
        { x: 1, y: 1000 },
        { x: 1000, y: 1 },
      ],
      frame,
    );
    expect(piece![0]!.x).toBeCloseTo(10, 9);
    expect(piece![0]!.y).toBeCloseTo(100, 9);
    expect(piece![1]!.x).toBeCloseTo(100, 9);
    expect(piece![1]!.y).toBeCloseTo(10, 9);
  });

  it('falls into pieces where it comes back, and is gone where it never is inside', () => {
    const linear = { x: [0, 4], y: [0, 1], log: { x: false, y: false } } as const;
    const pieces = clipLine(
      [0, 0.5, 3, 0.5, 0].map((y, x) => ({ x, y })),
      linear,
    );
    expect(pieces).toHaveLength(2);
    expect(pieces[0]).toHaveLength(3);
    expect(pieces[1]![0]!.y).toBeCloseTo(1, 9);
    expect(
      clipLine(
        [
          { x: 5, y: 0 },
          { x: 6, y: 1 },
        ],
        linear,
      ),
    ).toEqual([]);
  });

  it('has no point outside', () => {
    const coordinate = fc.double({ min: 1e-3, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.record({ x: coordinate, y: coordinate }), { maxLength: 12 }), (points) => {
        for (const { x, y } of clipLine(points, frame).flat()) {
          for (const v of [x, y]) expect(v > 1 - 1e-9 && v < 100 + 1e-7).toBe(true);
        }
      }),
    );
  });
});
