import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import {
  type Complex,
  hessenbergVector,
  modulus,
  nonsymmetricEigenvalues,
  toHessenberg,
} from '../../src/linalg/nonsymmetric.ts';

const sorted = (values: readonly Complex[]) =>
  [...values].sort((a, b) => (Math.abs(b.re - a.re) > 1e-6 ? b.re - a.re : b.im - a.im));

function expectSpectrum(found: readonly Complex[], wanted: readonly Complex[], tolerance: number): void {
  expect(found.length).toBe(wanted.length);
  const w = sorted(wanted);
  sorted(found).forEach((value, i) => {
    expect(Math.hypot(value.re - w[i]!.re, value.im - w[i]!.im)).toBeLessThan(tolerance);
  });
}

/** Q B Qᵀ for a random orthogonal Q made of reflections: the same eigenvalues, and no structure left. */
function rotated(b: Float64Array, n: number, seed: number): Float64Array {
  const stream = new RandomStream({ seed, purpose: 'test' });
  let a = b;
  for (let pass = 0; pass < 3; pass++) {
    const v = stream.fillNormal(new Float64Array(n));
    const vv = v.reduce((s, x) => s + x * x, 0);
    const reflected = (m: Float64Array, left: boolean) =>
      Float64Array.from(m, (x, p) => {
        const [i, j] = [Math.floor(p / n), p % n];
        let along = 0;
        for (let k = 0; k < n; k++) along += v[k]! * (left ? m[k * n + j]! : m[i * n + k]!);
        return x - (2 / vv) * along * (left ? v[i]! : v[j]!);
      });
    a = reflected(reflected(a, true), false);
  }
  return a;
}

describe('eigenvalues of a matrix that is not symmetric', () => {
  it('are the n-th roots of one for a cyclic shift, on which the unshifted iteration stands still', () => {
    const n = 12;
    const shift = new Float64Array(n * n);
    for (let i = 0; i < n; i++) shift[i * n + ((i + 1) % n)] = 1;
    const roots = Array.from({ length: n }, (_, k) => ({
      re: Math.cos((2 * Math.PI * k) / n),
      im: Math.sin((2 * Math.PI * k) / n),
    }));
    expectSpectrum(nonsymmetricEigenvalues(shift, n), roots, 1e-13);
  });

  it('are the roots of the polynomial of a companion matrix', () => {
    // (x - 1)(x - 2)(x + 3)(x² - 2x + 5)
    const coefficients = [-2, -2, 20, -47, 30];
    const n = 5;
    const companion = new Float64Array(n * n);
    coefficients.forEach((c, j) => {
      companion[j] = -c;
    });
    for (let i = 1; i < n; i++) companion[i * n + i - 1] = 1;
    const roots = [1, 2, -3]
      .map((re) => ({ re, im: 0 }))
      .concat([
        { re: 1, im: 2 },
        { re: 1, im: -2 },
      ]);
    expectSpectrum(nonsymmetricEigenvalues(companion, n), roots, 1e-12);
  });

  it('are those of the diagonal blocks of a block triangular matrix, in any orthogonal basis', () => {
    const n = 60;
    const stream = new RandomStream({ seed: 3, purpose: 'test' });
    const b = new Float64Array(n * n);
    const wanted: Complex[] = [];
    for (let i = 0; i < n; i += 2) {
      const [re, im] = [Math.sin(i), 0.5 + 0.02 * i];
      [b[i * n + i], b[(i + 1) * n + i + 1], b[i * n + i + 1], b[(i + 1) * n + i]] = [re, re, im, -im];
      wanted.push({ re, im }, { re, im: -im });
      for (let j = i + 2; j < n; j++) for (const row of [i, i + 1]) b[row * n + j] = 0.1 * stream.normal();
    }
    expectSpectrum(nonsymmetricEigenvalues(rotated(b, n, 5), n), wanted, 1e-8);
  });

  it('sum to the trace, and their squares to the trace of the square, for a random matrix', () => {
    const n = 150;
    const a = new RandomStream({ seed: 1, purpose: 'test' }).fillNormal(new Float64Array(n * n));
    const values = nonsymmetricEigenvalues(a, n);
    let [trace, square] = [0, 0];
    for (let i = 0; i < n; i++) {
      trace += a[i * n + i]!;
      for (let j = 0; j < n; j++) square += a[i * n + j]! * a[j * n + i]!;
    }
    expect(values.reduce((s, v) => s + v.re, 0)).toBeCloseTo(trace, 9);
    expect(values.reduce((s, v) => s + v.im, 0)).toBeCloseTo(0, 9);
    expect(values.reduce((s, v) => s + v.re ** 2 - v.im ** 2, 0)).toBeCloseTo(square, 8);
    // The circular law: all within sqrt(n) but for a few per cent.
    expect(Math.max(...values.map(modulus))).toBeLessThan(1.2 * Math.sqrt(n));
  });

  it('come with vectors whose residuals are of the size of rounding', () => {
    const n = 40;
    const a = new RandomStream({ seed: 2, purpose: 'test' }).fillNormal(new Float64Array(n * n));
    const h = toHessenberg(a, n);
    for (let i = 2; i < n; i++) for (let j = 0; j < i - 1; j++) expect(h[i * n + j]).toBe(0);
    for (const value of nonsymmetricEigenvalues(a, n))
      expect(hessenbergVector(h, n, value).residual).toBeLessThan(1e-11);
    expect(hessenbergVector(h, n, { re: 3, im: 30 }).residual).toBeGreaterThan(1);
  });

  it('are there for a zero matrix, a matrix of one entry and none at all', () => {
    expect(nonsymmetricEigenvalues(new Float64Array(9), 3)).toEqual([0, 0, 0].map((re) => ({ re, im: 0 })));
    expect(nonsymmetricEigenvalues(Float64Array.of(-2), 1)).toEqual([{ re: -2, im: 0 }]);
    expect(nonsymmetricEigenvalues(new Float64Array(0), 0)).toEqual([]);
  });
});
