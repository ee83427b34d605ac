import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { symmetricEigenvalues } from '../../../src/linalg/band/eigenvalues.ts';
import { extremeEigenpairs } from '../../../src/linalg/krylov/lanczos.ts';
import { denseOperator } from '../../../src/linalg/operator.ts';
import { smallEigen } from '../../../src/linalg/small-eigen.ts';
import { dot } from '../../../src/linalg/vectors.ts';

/** Normal entries, made symmetric; eigenvalues of both signs. */
function randomSymmetric(n: number, seed: number): Float64Array {
  const g = new RandomStream({ seed, purpose: 'test' }).fillNormal(new Float64Array(n * n));
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j] = (g[i * n + j]! + g[j * n + i]!) / 2;
  return a;
}

function diagonal(values: readonly number[]): Float64Array {
  const n = values.length;
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) a[i * n + i] = values[i]!;
  return a;
}

describe('the small eigenvalue problem', () => {
  it.each([1, 2, 17])('rebuilds a symmetric matrix of size %i from its pairs', (n) => {
    const a = randomSymmetric(n, 1);
    const { values, vectors } = smallEigen(a, n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const entry = values.reduce((s, value, k) => s + value * vectors[k]![i]! * vectors[k]![j]!, 0);
        expect(Math.abs(entry - a[i * n + j]!)).toBeLessThan(1e-13 * n);
      }
    }
    expect([...values].sort((p, q) => q - p)).toEqual([...values]);
  });

  it('takes the zero matrix and a negative definite one', () => {
    expect([...smallEigen(new Float64Array(4), 2).values]).toEqual([0, 0]);
    const { values } = smallEigen(diagonal([-3, -1]), 2);
    expect(values[0]).toBeCloseTo(-1, 14);
    expect(values[1]).toBeCloseTo(-3, 14);
  });
});

describe('Lanczos for the ends of a symmetric spectrum', () => {
  const n = 120;
  const a = randomSymmetric(n, 2);
  const operator = denseOperator(a, n, n);

  it('finds both ends as the dense method does, with true residuals', async () => {
    const reference = (await symmetricEigenvalues(Float64Array.from(a), n)).values;
    const found = await extremeEigenpairs(operator, { largest: 4, smallest: 3, tolerance: 1e-9 });
    found.largest.forEach((p, i) => {
      expect(Math.abs(p.value - reference[i]!)).toBeLessThan(1e-9 * reference[0]!);
    });
    found.smallest.forEach((p, i) => {
      expect(Math.abs(p.value - reference[n - 1 - i]!)).toBeLessThan(1e-9 * reference[0]!);
    });
    expect([found.largest.length, found.smallest.length]).toEqual([4, 3]);
    for (const { value, vector, residual } of [...found.largest, ...found.smallest]) {
      const image = (await operator.apply(vector, 1)) as Float64Array;
      const error = Math.sqrt(image.reduce((s, y, i) => s + (y - value * vector[i]!) ** 2, 0));
      const scale = Math.max(reference[0]!, -reference[n - 1]!);
      expect(residual).toBeCloseTo(error / scale, 12);
      expect(residual).toBeLessThan(1e-9);
      expect(dot(vector, vector)).toBeCloseTo(1, 12);
    }
  });

  it('lists nothing that has not converged, and nothing after it', async () => {
    const crowded = diagonal(Array.from({ length: 300 }, (_, i) => (i < 2 ? 10 - i : 1 + i / 1e5)));
    const found = await extremeEigenpairs(denseOperator(crowded, 300, 300), {
      largest: 5,
      smallest: 2,
      maxBasis: 12,
      tolerance: 1e-10,
    });
    expect(found.largest.map((p) => Number(p.value.toFixed(8)))).toEqual([10, 9]);
    expect(found.smallest).toEqual([]);
    expect(found.products).toBe(14);
  });

  it('resolves a multiple value up to the block size', async () => {
    const values = Array.from({ length: 40 }, (_, i) => (i < 3 ? 5 : -1 / (i + 1)));
    const found = await extremeEigenpairs(denseOperator(diagonal(values), 40, 40), {
      largest: 4,
      block: 3,
      tolerance: 1e-9,
    });
    expect(found.largest.map((p) => Number(p.value.toFixed(8)))).toEqual([5, 5, 5, Number((-1 / 40).toFixed(8))]);
  });

  it('takes every value there is when asked for more, zeros included', async () => {
    const found = await extremeEigenpairs(denseOperator(diagonal([3, 0, -2]), 3, 3), { largest: 10, smallest: 10 });
    expect(found.largest.map((p) => Number(p.value.toFixed(12)) + 0)).toEqual([3, 0, -2]);
    expect(found.smallest.map((p) => Number(p.value.toFixed(12)) + 0)).toEqual([-2, 0, 3]);
    const zero = await extremeEigenpairs(denseOperator(new Float64Array(9), 3, 3), { largest: 1 });
    expect(zero.largest[0]!.value).toBe(0);
  });

  it('is the same for the same seed, and refuses a map that is not square', async () => {
    const run = (seed: number) => extremeEigenpairs(operator, { largest: 1, seed });
    expect((await run(3)).largest[0]!.vector).toEqual((await run(3)).largest[0]!.vector);
    expect((await run(3)).largest[0]!.vector).not.toEqual((await run(4)).largest[0]!.vector);
    await expect(extremeEigenpairs(denseOperator(new Float64Array(6), 2, 3), { largest: 1 })).rejects.toThrow(
      'an eigenvalue needs a square map, got one of 2 x 3',
    );
  });
});
