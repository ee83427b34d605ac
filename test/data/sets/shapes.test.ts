import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/base/errors.ts';
import { shapesDataset } from '../../../src/data/sets/shapes.ts';
import { area } from '../../../src/data/sets/shapes-canvas.ts';
import { shapeClasses } from '../../../src/data/sets/shapes-figures.ts';

const size = 3 * area;
const options = { count: 40, seed: 3, split: 'train' } as const;
const sha256 = (bytes: NodeJS.ArrayBufferView) => createHash('sha256').update(bytes).digest('hex');

/** Fraction of test pictures that are nearest to the mean training picture of their class: a linear classifier. */
function nearestMeanAccuracy(knobs: { pose: number }): number {
  const quiet = { clutter: 0, noise: 0, seed: 1, ...knobs };
  const train = shapesDataset({ ...quiet, count: 600, split: 'train' });
  const test = shapesDataset({ ...quiet, count: 200, split: 'test' });
  const means = shapeClasses.map(() => new Float64Array(size));
  for (let i = 0; i < train.count; i++) {
    const mean = means[train.labels[i]!]!;
    for (let p = 0; p < size; p++) mean[p]! += train.pixels[i * size + p]! / 60;
  }
  let correct = 0;
  for (let i = 0; i < test.count; i++) {
    const distances = means.map((mean) => {
      let sum = 0;
      for (let p = 0; p < size; p++) sum += (mean[p]! - test.pixels[i * size + p]!) ** 2;
      return sum;
    });
    if (distances.indexOf(Math.min(...distances)) === test.labels[i]) correct++;
  }
  return correct / test.count;
}

describe('shapes', () => {
  it('are the same pictures on every machine', () => {
    const { pixels, labels, masks } = shapesDataset({ ...options, seed: 0, labelNoise: 0.2 });
    expect([pixels, labels, masks!].map(sha256)).toMatchInlineSnapshot(`
      [
        "889117ecdcbc9f379547d7d3f469285be33904dc1913a29ae7a1b96e0e4d4398",
        "5810c89061eec337f9e7428007c75dec115245f68ceaf15a9fdf038e1d16c2d6",
        "ad2f5f4f3c280a454e1f84f598dc1b36eb8a883ec68ef510f6a54885bee91b53",
      ]
    `);
  });

  it('of a larger data set begin with those of a smaller one', () => {
    const [small, large] = [shapesDataset(options), shapesDataset({ ...options, count: 55 })];
    expect(large.pixels.subarray(0, small.pixels.length)).toEqual(small.pixels);
    expect(large.labels.subarray(0, small.count)).toEqual(small.labels);
    expect(large.masks!.subarray(0, small.masks!.length)).toEqual(small.masks);
  });

  it('differ between seeds and between splits', () => {
    const digests = [options, { ...options, seed: 4 }, { ...options, split: 'test' as const }].map((o) =>
      sha256(shapesDataset(o).pixels),
    );
    expect(new Set(digests).size).toBe(3);
  });

  it('have every class once in every ten', () => {
    const { labels } = shapesDataset(options);
    for (let i = 0; i < labels.length; i += 10) {
      expect([...labels.subarray(i, i + 10)].sort()).toEqual([...shapeClasses.keys()]);
    }
  });

  it('have masks of the figure alone: its class where it is, 10 elsewhere, of a plausible area', () => {
    const { labels, masks } = shapesDataset({ ...options, count: 200 });
    const areas = shapeClasses.map(() => 0);
    labels.forEach((label, i) => {
      const mask = masks!.subarray(i * area, (i + 1) * area);
      expect([...new Set(mask)].sort()).toEqual([label, 10].sort());
      areas[label]! += mask.filter((m) => m === label).length / 20;
    });
    // Radius about 9 pixels: a disc of radius 0.82 covers about 170, a bar of 0.48 by 1.96 about 75.
    expect(areas[shapeClasses.indexOf('disc')]).toBeGreaterThan(130);
    expect(areas[shapeClasses.indexOf('disc')]).toBeLessThan(220);
    expect(areas[shapeClasses.indexOf('bar')]).toBeGreaterThan(50);
    expect(areas[shapeClasses.indexOf('bar')]).toBeLessThan(100);
  });

  it('have knobs that leave what the other knobs draw as it was', () => {
    const plain = shapesDataset({ ...options, noise: 0, clutter: 0 });
    expect(shapesDataset({ ...options, noise: 1, clutter: 1 }).masks).toEqual(plain.masks);
    expect(shapesDataset({ ...options, noise: 0, clutter: 0, labelNoise: 1 }).pixels).toEqual(plain.pixels);
    expect(shapesDataset({ ...options, noise: 0, clutter: 0, pose: 1 }).labels).toEqual(plain.labels);
  });

  it('have the stated noise: standard deviation 0.2 at the end of the knob', () => {
    const quiet = { ...options, clutter: 0, pose: 0 };
    const [plain, noisy] = [0, 1].map((noise) => shapesDataset({ ...quiet, noise }).pixels);
    let [sum, count] = [0, 0];
    plain!.forEach((value, p) => {
      // Bytes near the ends are cut off and would bias the estimate.
      if (value < 110 || value > 145) return;
      sum += ((noisy![p]! - value) / 255) ** 2;
      count++;
    });
    expect(count).toBeGreaterThan(5000);
    expect(Math.sqrt(sum / count)).toBeCloseTo(0.2, 2);
  });

  it('have the stated fraction of false training labels, and none in the test split', () => {
    const many = { ...options, count: 500, clutter: 0, noise: 0 };
    const truth = shapesDataset(many).labels;
    const noisy = shapesDataset({ ...many, labelNoise: 0.4 }).labels;
    const wrong = truth.filter((label, i) => noisy[i] !== label).length;
    expect(wrong / 500).toBeGreaterThan(0.33);
    expect(wrong / 500).toBeLessThan(0.47);
    const test = { ...many, count: 50, split: 'test' as const };
    expect(shapesDataset({ ...test, labelNoise: 1 }).labels).toEqual(shapesDataset(test).labels);
  });

  it('are not told apart by a linear classifier, even without noise and clutter', () => {
    expect(nearestMeanAccuracy({ pose: 0.5 })).toBeLessThan(0.35);
  });

  it('refuse knobs outside 0 to 1 and counts that are none', () => {
    expect(() => shapesDataset({ ...options, noise: 1.5 })).toThrow(
      new UsageError('shapes: noise must be from 0 to 1, got 1.5'),
    );
    expect(() => shapesDataset({ ...options, pose: Number.NaN })).toThrow(UsageError);
    expect(() => shapesDataset({ ...options, count: 0 })).toThrow(UsageError);
  });
});
