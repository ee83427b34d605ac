import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { symmetricBand } from '../../../src/linalg/band/band.ts';
import { symmetricBandEigenvalues, symmetricEigenvalues } from '../../../src/linalg/band/eigenvalues.ts';
import { tridiagonalEigenvalues } from '../../../src/linalg/band/tridiagonal.ts';

/** Eigenvalues by cyclic Jacobi rotations, descending: slow, simple and independent of the code under test. */
function jacobiEigenvalues(a: Float64Array, n: number): Float64Array {
  const m = a.slice();
  for (let sweep = 0; sweep < 40; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const x = m[p * n + q]!;
        if (x === 0) continue;
        off += x * x;
        const theta = (m[q * n + q]! - m[p * n + p]!) / (2 * x);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [kp, kq] = [m[k * n + p]!, m[k * n + q]!];
          m[k * n + p] = c * kp - s * kq;
          m[k * n + q] = s * kp + c * kq;
        }
        for (let k = 0; k < n; k++) {
          const [pk, qk] = [m[p * n + k]!, m[q * n + k]!];
          m[p * n + k] = c * pk - s * qk;
          m[q * n + k] = s * pk + c * qk;
        }
      }
    }
    if (off < 1e-26) break;
  }
  return Float64Array.from({ length: n }, (_, i) => m[i * n + i]!)
    .sort()
    .reverse();
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let error = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < b.length; i++) error = Math.max(error, Math.abs(a[i]! - b[i]!));
  return error;
};

const descending = (values: number[]) => Float64Array.from(values).sort().reverse();

/** Second difference matrix: eigenvalues 2 - 2 cos(k pi / (n + 1)). */
const laplacian = (n: number) => Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));

/** The Laplacian of a w x h grid as a band matrix of half-bandwidth w: eigenvalues are all sums of two of 1-D ones. */
function gridLaplacian(w: number, h: number) {
  const band = symmetricBand(w * h, w);
  for (let i = 0; i < w * h; i++) {
    const row = i * (w + 1) + w;
    band.data[row] = 4;
    if (i % w !== 0) band.data[row - 1] = -1;
    if (i >= w) band.data[row - w] = -1;
  }
  return { band, values: descending(laplacian(w).flatMap((a) => laplacian(h).map((b) => a + b))) };
}

describe('eigenvalues of a symmetric band matrix', () => {
  it.each([
    [5, 40],
    [64, 9],
    [100, 11],
    [33, 31],
  ])('are those of the %i x %i grid Laplacian in closed form', async (w, h) => {
    const { band, values } = gridLaplacian(w, h);
    const result = await symmetricBandEigenvalues(band);
    expect(worst(result.values, values)).toBeLessThan(1e-12);
    expect(result.residual).toBeLessThan(1e-12);
  });

  it.each([1, 2, 3, 64, 65, 129, 200])('are those of the second difference matrix of order %i', async (n) => {
    const band = symmetricBand(n, Math.min(1, n - 1));
    for (let i = 0; i < n; i++) {
      if (n === 1) band.data[i] = 2;
      else {
        band.data[2 * i + 1] = 2;
        if (i > 0) band.data[2 * i] = -1;
      }
    }
    expect(worst((await symmetricBandEigenvalues(band)).values, descending(laplacian(n)))).toBeLessThan(1e-13);
  });

  it('are the entries of a diagonal matrix, and zeros of the zero matrix', async () => {
    const band = symmetricBand(5, 0);
    band.data.set([3, -1, 2, 0, 2]);
    expect(Array.from((await symmetricBandEigenvalues(band)).values)).toEqual([3, 2, 2, 0, -1]);
    expect(Array.from((await symmetricBandEigenvalues(symmetricBand(70, 69))).values)).toEqual(Array(70).fill(0));
  });
});

describe('eigenvalues of a full symmetric matrix', () => {
  it('equal those of Jacobi rotations on random matrices, whatever the order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 0, max: 1e9 }), async (n, seed) => {
        const a = new Float64Array(n * n);
        const draw = new RandomStream({ seed, purpose: 'test' });
        for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = draw.normal();
        const { values, residual } = await symmetricEigenvalues(a, n);
        const reference = jacobiEigenvalues(a, n);
        const norm = Math.max(Math.abs(reference[0]!), Math.abs(reference[n - 1]!));
        expect(worst(values, reference) / norm).toBeLessThan(1e-13 * Math.max(10, n));
        expect(residual).toBeLessThan(1e-12);
      }),
      { numRuns: 25, seed: 3 },
    );
  });

  it('keep a plateau exactly where a matrix is the identity plus a low rank', async () => {
    const [n, rank] = [300, 20];
    const draw = new RandomStream({ seed: 5, purpose: 'test' });
    const u = Array.from({ length: rank }, () => draw.fillNormal(new Float64Array(n), 1 / Math.sqrt(n)));
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      a[i * n + i] = 1;
      for (let j = 0; j < n; j++) {
        a[i * n + j]! += u.reduce((sum, x, r) => sum + (r % 2 ? -1 : 1) * x[i]! * x[j]!, 0);
      }
    }
    const { values } = await symmetricEigenvalues(a, n);
    expect(values.filter((v) => Math.abs(v - 1) < 1e-12).length).toBe(n - rank);
    expect(values.filter((v) => v > 1 + 1e-9).length).toBe(rank / 2);
  });

  it('cross several tiles of the blocked reduction unharmed', async () => {
    // Order 1100 takes two block rows of 1024, and 18 panels make the collected updates flush twice.
    const n = 1100;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j] = Math.min(i, j) + 1;
    // The inverse of a second difference matrix: 1 / (2 - 2 cos(x)) with x = (2k - 1) pi / (2n + 1), without the cancellation.
    const reference = descending(
      Array.from({ length: n }, (_, k) => 1 / (4 * Math.sin(((2 * k + 1) * Math.PI) / (2 * n + 1) / 2) ** 2)),
    );
    const { values, residual } = await symmetricEigenvalues(a, n);
    expect(worst(values, reference) / reference[0]!).toBeLessThan(1e-13);
    expect(residual).toBeLessThan(1e-12);
  });
});

describe('the QL iteration', () => {
  it('survives graded, split and tiny matrices', async () => {
    const diagonal = Float64Array.from([1e12, 1, 1e-12, 5, 5, 0]);
    const beside = Float64Array.from([1e3, 1e-8, 0, 2, 0]);
    const n = diagonal.length;
    const a = new Float64Array(n * n);
    diagonal.forEach((d, i) => {
      a[i * n + i] = d;
      if (i < n - 1) a[i * n + i + 1] = a[(i + 1) * n + i] = beside[i]!;
    });
    const values = (await tridiagonalEigenvalues({ diagonal, beside })).reverse();
    expect(worst(values, jacobiEigenvalues(a, n)) / 1e12).toBeLessThan(1e-15);
    const tiny = await tridiagonalEigenvalues({
      diagonal: Float64Array.of(2e-300, 2e-300),
      beside: Float64Array.of(1e-300),
    });
    expect(tiny[0]! / 1e-300).toBeCloseTo(1, 12);
    expect(tiny[1]! / 1e-300).toBeCloseTo(3, 12);
  });

  it('refuses entries that are not finite', async () => {
    await expect(
      tridiagonalEigenvalues({ diagonal: Float64Array.of(1, Number.NaN), beside: Float64Array.of(0) }),
    ).rejects.toThrow(/not finite/);
    await expect(
      tridiagonalEigenvalues({ diagonal: Float64Array.of(1, 1), beside: Float64Array.of(Number.POSITIVE_INFINITY) }),
    ).rejects.toThrow(/not finite/);
  });

  it('ends where it is told to', async () => {
    const stop = AbortSignal.abort();
    const t = { diagonal: new Float64Array(3000).map((_, i) => i % 7), beside: new Float64Array(2999).fill(1) };
    await expect(tridiagonalEigenvalues(t, stop)).rejects.toThrow(/abort/);
  });
});
