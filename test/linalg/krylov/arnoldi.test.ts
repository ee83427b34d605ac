import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { arnoldi } from '../../../src/linalg/krylov/arnoldi.ts';
import { modulus, nonsymmetricEigenvalues } from '../../../src/linalg/nonsymmetric.ts';
import { denseOperator } from '../../../src/linalg/operator.ts';

const largest = { modulus };

describe("Arnoldi's method", () => {
  it('finds the pairs of plane rotations of different lengths, never half of one', async () => {
    const n = 200;
    const a = new Float64Array(n * n);
    const radius = (i: number) => 2 * 0.9 ** (i / 2);
    for (let i = 0; i < n; i += 2) {
      const [c, s] = [radius(i) * Math.cos(1 + i), radius(i) * Math.sin(1 + i)];
      [a[i * n + i], a[(i + 1) * n + i + 1], a[i * n + i + 1], a[(i + 1) * n + i]] = [c, c, -s, s];
    }
    const { leading, complete } = await arnoldi(denseOperator(a, n, n), {
      count: 5,
      orders: largest,
      tolerance: 1e-10,
    });
    expect(complete).toBe(true);
    expect(leading.modulus.length).toBe(6);
    leading.modulus.forEach((value, i) => {
      const pair = 2 * Math.floor(i / 2);
      expect(value.re).toBeCloseTo(radius(pair) * Math.cos(1 + pair), 8);
      expect(Math.abs(value.im)).toBeCloseTo(Math.abs(radius(pair) * Math.sin(1 + pair)), 8);
      expect(value.residual).toBeLessThan(1e-10);
    });
    expect(leading.modulus[0]!.im).toBe(-leading.modulus[1]!.im);
  });

  it('serves several orders from one basis', async () => {
    const n = 120;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) a[i * n + i] = i === 0 ? -5 : i === 1 ? 3 : i / n;
    const { leading } = await arnoldi(denseOperator(a, n, n), {
      count: 1,
      orders: { modulus, right: (v) => v.re, shifted: (v) => Math.hypot(v.re + 1, v.im) },
    });
    expect(leading.modulus[0]!.re).toBeCloseTo(-5, 6);
    expect(leading.right[0]!.re).toBeCloseTo(3, 6);
    expect(leading.shifted.length).toBe(1);
  });

  it('lists an unbroken run of converged values when the basis is too small for all', async () => {
    const n = 300;
    const a = new RandomStream({ seed: 1, purpose: 'test' }).fillNormal(new Float64Array(n * n));
    a[0] = 500;
    const { leading, complete } = await arnoldi(denseOperator(a, n, n), { count: 20, orders: largest, maxBasis: 30 });
    expect(complete).toBe(false);
    expect(leading.modulus.length).toBe(1);
    expect(
      Math.abs(leading.modulus[0]!.re - nonsymmetricEigenvalues(a, n).reduce((x, v) => Math.max(x, v.re), 0)),
    ).toBeLessThan(0.1);
  });

  it('goes on behind an invariant subspace: a map of rank two, and the identity', async () => {
    const n = 30;
    const a = new Float64Array(n * n);
    [a[1], a[n]] = [1, -4];
    const rotation = await arnoldi(denseOperator(a, n, n), { count: n, orders: largest });
    expect(rotation.leading.modulus.slice(0, 2).map((v) => v.im)).toEqual([
      expect.closeTo(2, 9),
      expect.closeTo(-2, 9),
    ]);
    expect(rotation.leading.modulus.slice(2).every((v) => modulus(v) < 1e-6)).toBe(true);
    const eye = Float64Array.from({ length: n * n }, (_, p) => (p % (n + 1) === 0 ? 1 : 0));
    const { leading } = await arnoldi(denseOperator(eye, n, n), { count: 3, orders: largest });
    expect(leading.modulus.map((v) => v.re)).toEqual([1, 1, 1].map((x) => expect.closeTo(x, 12)));
  });

  it('refuses a map that is not square', async () => {
    await expect(arnoldi(denseOperator(new Float64Array(6), 2, 3), { count: 1, orders: largest })).rejects.toThrow(
      /square/,
    );
  });
});
