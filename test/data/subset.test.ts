import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import type { ImageDataset } from '../../src/data/dataset.ts';
import { shapesDataset } from '../../src/data/sets/shapes.ts';
import { subset } from '../../src/data/subset.ts';

/** Image i is one grey pixel of value i. */
const numbered = (labels: readonly number[], classes = 3): ImageDataset => ({
  name: 'numbered',
  classes: Array.from({ length: classes }, (_, c) => `c${c}`),
  count: labels.length,
  shape: [1, 1, 1],
  pixels: Uint8Array.from(labels, (_, i) => i),
  labels: Uint8Array.from(labels),
});

describe('a subset', () => {
  it('is nested, takes the same fraction of every class, and keeps images with their labels in order', () => {
    const labels = fc.array(fc.nat(2), { minLength: 1, maxLength: 200 });
    const fraction = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(labels, fraction, fraction, fc.nat(), (given, a, b, seed) => {
        const whole = numbered(given);
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((f) => subset(whole, f, seed));
        const ids = new Set(more!.pixels);
        for (const id of less!.pixels) expect(ids.has(id)).toBe(true);
        expect([...more!.pixels]).toEqual([...ids].sort((x, y) => x - y));
        more!.pixels.forEach((id, i) => {
          expect(more!.labels[i]).toBe(given[id]);
        });
        for (let c = 0; c < 3; c++) {
          const all = given.filter((label) => label === c).length;
          const kept = [...less!.labels].filter((label) => label === c).length;
          expect(kept).toBe(Math.min(all, Math.max(1, Math.round(Math.min(a, b) * all))));
        }
      }),
    );
  });

  it('carries masks along, and divides data without labels as one class', () => {
    const whole = shapesDataset({ count: 40, seed: 1, split: 'train' });
    const half = subset(whole, 0.5, 9);
    expect([half.count, half.pixels.length, half.masks!.length]).toEqual([20, 20 * 3072, 20 * 1024]);
    for (const label of half.labels) expect([...half.labels].filter((other) => other === label).length).toBe(2);
    const places = [...Array(40).keys()].filter((i) =>
      [...Array(20).keys()].some(
        (k) =>
          half.masks!.subarray(k * 1024, (k + 1) * 1024).join() ===
            whole.masks!.subarray(i * 1024, (i + 1) * 1024).join() &&
          half.pixels.subarray(k * 3072, (k + 1) * 3072).join() ===
            whole.pixels.subarray(i * 3072, (i + 1) * 3072).join(),
      ),
    );
    expect(places.length).toBe(20);
    const unlabelled = { ...whole, labels: new Uint8Array(0) };
    expect(subset(unlabelled, 0.25, 9).count).toBe(10);
    expect(subset(unlabelled, 0.25, 9).labels.length).toBe(0);
  });

  it('depends on the seed, and of fraction 1 is the whole', () => {
    const whole = numbered(Array.from({ length: 90 }, (_, i) => i % 3));
    expect(subset(whole, 0.3, 1).pixels).not.toEqual(subset(whole, 0.3, 2).pixels);
    expect(subset(whole, 1, 1)).toBe(whole);
    for (const fraction of [0, -1, 1.5, Number.NaN]) expect(() => subset(whole, fraction, 1)).toThrow(UsageError);
  });
});
