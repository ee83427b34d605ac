import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { topSingularTriplets } from '../../../src/linalg/krylov/golub-kahan.ts';
import { denseOperator } from '../../../src/linalg/operator.ts';
import { smallSvd } from '../../../src/linalg/small-svd.ts';

function random(rows: number, cols: number, seed: number): Float64Array {
  return new RandomStream({ seed, purpose: 'test' }).fillNormal(new Float64Array(rows * cols));
}

describe('the small SVD', () => {
  it.each([
    [6, 6],
    [9, 4],
    [4, 9],
  ])('rebuilds a %i x %i matrix from its triplets', (rows, cols) => {
    const b = random(rows, cols, 1);
    const { u, values, v } = smallSvd(b, rows, cols);
    let worst = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const sum = values.reduce((s, value, r) => s + value * u[r]![i]! * v[r]![j]!, 0);
        worst = Math.max(worst, Math.abs(sum - b[i * cols + j]!));
      }
    }
    expect(worst).toBeLessThan(1e-13);
  });
});

describe('block Golub-Kahan', () => {
  it.each([
    [80, 60],
    [60, 80],
  ])('finds the leading triplets of a %i x %i matrix with small true residuals', async (rows, cols) => {
    const a = random(rows, cols, 2);
    const found = await topSingularTriplets(denseOperator(a, rows, cols), { count: 6, tolerance: 1e-9 });
    const reference = smallSvd(a, rows, cols).values;
    expect(found.values.length).toBe(6);
    found.values.forEach((value, i) => {
      expect(Math.abs(value - reference[i]!)).toBeLessThan(1e-9 * reference[0]!);
    });
    expect(found.maxResidual).toBeLessThan(1e-9);
  });

  it('resolves a multiple value up to the block size', async () => {
    const n = 50;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) a[i * n + i] = i < 5 ? 3 : 1 / (i + 1);
    const { values } = await topSingularTriplets(denseOperator(a, n, n), { count: 6, tolerance: 1e-10 });
    expect(Array.from(values.slice(0, 5), (v) => v.toFixed(9))).toEqual(Array(5).fill('3.000000000'));
    expect(values[5]).toBeCloseTo(1 / 6, 9);
  });

  it('takes every value there is when asked for more, zeros included', async () => {
    const a = Float64Array.of(3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0);
    const { values, complete } = await topSingularTriplets(denseOperator(a, 4, 3), { count: 10 });
    expect(Array.from(values, (v) => Number(v.toFixed(12)))).toEqual([3, 2, 0]);
    expect(complete).toBe(true);
  });

  it('restarts a short basis until all that is wanted has converged', async () => {
    const [rows, cols] = [240, 200];
    const a = new Float64Array(rows * cols);
    // Close together at the top, as in a convolution: far more steps than the basis has vectors.
    for (let i = 0; i < cols; i++) a[i * cols + i] = Math.cos(i / 60);
    const mixed = random(rows * cols, 1, 4).map((x, i) => a[i]! + 1e-3 * x);
    const reference = smallSvd(mixed, rows, cols).values;
    let products = 0;
    const operator = denseOperator(mixed, rows, cols);
    const counted = {
      ...operator,
      apply: (block: Float32Array | Float64Array, count: number) => {
        products += count;
        return operator.apply(block, count);
      },
    };
    const short = { count: 4, block: 2, maxBasis: 20, tolerance: 1e-8 };
    const stopped = await topSingularTriplets(counted, short);
    expect(stopped.values.length).toBeLessThan(4);
    const found = await topSingularTriplets(counted, { ...short, restarts: 100 });
    expect(products).toBeGreaterThan(60);
    expect(found.values.length).toBe(4);
    found.values.forEach((value, i) => {
      expect(Math.abs(value - reference[i]!)).toBeLessThan(1e-10);
    });
    for (const [i, { left, right, value, residual }] of found.triplets.entries()) {
      expect(residual).toBeLessThan(1e-8);
      const image = await operator.apply(right, 1);
      expect(Math.hypot(...image.map((x, k) => x - value * left[k]!))).toBeLessThan(1e-8);
      expect(left.reduce((s, x, k) => s + x * found.triplets[0]!.left[k]!, 0)).toBeCloseTo(i === 0 ? 1 : 0, 10);
    }
  });

  it('never lists a value that has not converged', async () => {
    const n = 300;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) a[i * n + i] = 1 + i / 1e5;
    const found = await topSingularTriplets(denseOperator(a, n, n), {
      count: 5,
      block: 2,
      maxBasis: 12,
      tolerance: 1e-12,
    });
    expect(found.triplets.length).toBe(5);
    expect(found.triplets.some((t) => !t.converged)).toBe(true);
    expect(found.values.length).toBe(found.triplets.findIndex((t) => !t.converged));
    expect(found.complete).toBe(false);
  });

  it('gives the same answer for the same seed', async () => {
    const a = random(40, 40, 3);
    const run = () => topSingularTriplets(denseOperator(a, 40, 40), { count: 3, seed: 9 });
    expect((await run()).values).toEqual((await run()).values);
  });
});
