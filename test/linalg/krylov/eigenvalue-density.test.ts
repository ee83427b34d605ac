import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { eigenvalueDensity, hutchinsonTrace, traceOfDensity } from '../../../src/linalg/krylov/eigenvalue-density.ts';
import { extremeEigenpairs } from '../../../src/linalg/krylov/lanczos.ts';
import { denseOperator } from '../../../src/linalg/operator.ts';
import { smallEigen } from '../../../src/linalg/small-eigen.ts';

const n = 60;
/** Two outliers above a random bulk of both signs. */
const a = (() => {
  const g = new RandomStream({ seed: 4, purpose: 'test' }).fillNormal(new Float64Array(n * n), 0.1);
  const u = new RandomStream({ seed: 5, purpose: 'test' }).fillNormal(new Float64Array(2 * n));
  return Float64Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    return g[i * n + j]! + g[j * n + i]! + 0.5 * u[i]! * u[j]! + 0.2 * u[n + i]! * u[n + j]!;
  });
})();
const operator = denseOperator(a, n, n);
const reference = smallEigen(a, n).values;
const trace = reference.reduce((s, x) => s + x, 0);

describe('the density of eigenvalues', () => {
  it('estimates sums over the spectrum within four standard errors', async () => {
    const density = await eigenvalueDensity(operator, { probes: 40, steps: 30 });
    for (const f of [(x: number) => x * x, (x: number) => Math.exp(x / 20), Math.abs, (x: number) => 1 / (30 + x)]) {
      const { value, standardError } = density.sum(f);
      const exact = reference.reduce((s, x) => s + f(x), 0);
      expect(Math.abs(value - exact)).toBeLessThan(4 * standardError + 1e-9 * Math.abs(exact));
      expect(standardError).toBeLessThan(0.2 * Math.abs(exact));
    }
    const negative = density.count(Number.NEGATIVE_INFINITY, 0);
    const exact = reference.filter((x) => x < 0).length;
    expect(Math.abs(negative.value - exact)).toBeLessThan(4 * negative.standardError + 1);
  });

  it('has the share of negative mass as a ratio of sums, with an error that covers it, where the mean of shares is biased', async () => {
    // One eigenvalue carries most of the mass: probes see it with weights from nearly none to several times its due.
    const m = 20;
    const g = new RandomStream({ seed: 6, purpose: 'test' }).fillNormal(new Float64Array(m * m));
    const u = new RandomStream({ seed: 7, purpose: 'test' }).fillNormal(new Float64Array(m));
    const spiked = g.map((_, k) => {
      const [i, j] = [Math.floor(k / m), k % m];
      return g[i * m + j]! + g[j * m + i]! + 12 * u[i]! * u[j]!;
    });
    const values = smallEigen(spiked, m).values;
    const total = values.reduce((s, x) => s + Math.abs(x), 0);
    const exact = values.reduce((s, x) => s + Math.max(0, -x), 0) / total;
    const of = denseOperator(spiked, m, m);
    const negative = (x: number) => Math.max(0, -x);
    const density = await eigenvalueDensity(of, { probes: 200, steps: m });
    const { value, standardError } = density.ratio(negative, Math.abs);
    expect(Math.abs(value - exact)).toBeLessThan(4 * standardError);
    expect(standardError).toBeLessThan(0.1 * exact);
    const shares = density.rules.map(({ nodes, weights }) => {
      const sum = (f: (x: number) => number) => nodes.reduce((s, x, i) => s + weights[i]! * f(x), 0);
      return sum(negative) / sum(Math.abs);
    });
    const mean = shares.reduce((s, x) => s + x, 0) / shares.length;
    expect(Math.abs(mean - exact)).toBeGreaterThan(6 * standardError);
    const single = await eigenvalueDensity(of, { probes: 1, steps: m });
    expect(single.ratio(negative, Math.abs).standardError).toBeNaN();
  });

  it('has weights that sum to 1, nodes inside the spectrum, and both of its ends', async () => {
    const density = await eigenvalueDensity(operator, { probes: 3, steps: 25 });
    for (const { nodes, weights } of density.rules) {
      expect(weights.reduce((s, w) => s + w, 0)).toBeCloseTo(1, 12);
      expect(nodes[0]!).toBeCloseTo(reference[0]!, 8);
      expect(nodes.at(-1)!).toBeGreaterThanOrEqual(reference[n - 1]! - 1e-12);
    }
  });

  it('is exact where there are few distinct eigenvalues', async () => {
    const d = new Float64Array(n * n);
    for (let i = 0; i < n; i++) d[i * n + i] = i < 20 ? -2 : 1;
    const density = await eigenvalueDensity(denseOperator(d, n, n), { probes: 5 });
    for (const { nodes } of density.rules) expect(nodes.length).toBe(2);
    // Signs see a diagonal matrix exactly, whatever they are.
    expect(density.count(-3, 0).value).toBeCloseTo(20, 9);
  });

  it('is the same for the same seed, and refuses to do nothing', async () => {
    const run = (seed: number) => eigenvalueDensity(operator, { probes: 2, steps: 5, seed });
    expect((await run(1)).rules).toEqual((await run(1)).rules);
    expect((await run(1)).rules).not.toEqual((await run(2)).rules);
    await expect(eigenvalueDensity(operator, { probes: 0 })).rejects.toThrow(/at least one/);
  });
});

describe("Hutchinson's trace", () => {
  it('is within four standard errors, which fall as 1 / sqrt(probes)', async () => {
    const few = await hutchinsonTrace(operator, { probes: 25 });
    const many = await hutchinsonTrace(operator, { probes: 400 });
    for (const found of [few, many]) expect(Math.abs(found.value - trace)).toBeLessThan(4 * found.standardError);
    expect(few.standardError / many.standardError).toBeGreaterThan(2);
    expect(few.standardError / many.standardError).toBeLessThan(8);
  });

  it('knows its standard error: that of the deviations from the truth', async () => {
    const runs = await Promise.all(
      Array.from({ length: 60 }, (_, seed) => hutchinsonTrace(operator, { probes: 8, seed })),
    );
    const spread = Math.sqrt(runs.reduce((s, r) => s + (r.value - trace) ** 2, 0) / runs.length);
    const said = runs.reduce((s, r) => s + r.standardError, 0) / runs.length;
    expect(spread / said).toBeGreaterThan(0.7);
    expect(spread / said).toBeLessThan(1.4);
  });

  it('is sharper, and still right, when the outliers are known', async () => {
    const known = (await extremeEigenpairs(operator, { largest: 2, tolerance: 1e-9 })).largest;
    const plain = await hutchinsonTrace(operator, { probes: 40 });
    const sharp = await hutchinsonTrace(operator, { probes: 40, known });
    expect(sharp.standardError).toBeLessThan(0.4 * plain.standardError);
    expect(Math.abs(sharp.value - trace)).toBeLessThan(4 * sharp.standardError);
  });

  it('follows from a density with the same seed without further products', async () => {
    const known = (await extremeEigenpairs(operator, { largest: 2, tolerance: 1e-9 })).largest;
    const density = await eigenvalueDensity(operator, { probes: 6, steps: 4, seed: 7 });
    for (const pairs of [[], known]) {
      const direct = await hutchinsonTrace(operator, { probes: 6, seed: 7, known: pairs });
      const derived = traceOfDensity(density, { seed: 7, known: pairs });
      expect(derived.value).toBeCloseTo(direct.value, 9);
      expect(derived.standardError).toBeCloseTo(direct.standardError, 9);
    }
  });

  it('gives no standard error for one probe', async () => {
    expect((await hutchinsonTrace(operator, { probes: 1 })).standardError).toBeNaN();
  });
});
