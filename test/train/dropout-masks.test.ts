import { describe, expect, it } from 'vitest';
import { drawMask } from '../../src/train/dropout-masks.ts';

const mask = { name: 'drop.mask', shape: [300, 301], ratio: 0.3 };
const draw = (key: Partial<Parameters<typeof drawMask>[1]>, of = mask) =>
  drawMask(of, { seed: 1, step: 5, micro: 0, ...key });

describe('a dropout mask', () => {
  it('drops its share of the values and scales the others, so that the mean stays', () => {
    const values = draw({}).data as Float32Array;
    const dropped = values.filter((v) => v === 0).length / values.length;
    // Five standard deviations of the share among 90,300 draws.
    expect(Math.abs(dropped - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / values.length));
    for (const v of values) if (v !== 0) expect(v).toBeCloseTo(1 / 0.7, 4);
  });

  it('is the same for the same key, and another one for any other', () => {
    const first = draw({});
    expect(draw({})).toEqual(first);
    for (const other of [draw({ seed: 2 }), draw({ step: 6 }), draw({ micro: 1 }), draw({}, { ...mask, name: 'b' })])
      expect(other.data).not.toEqual(first.data);
  });
});
