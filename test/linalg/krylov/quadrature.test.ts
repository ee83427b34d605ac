import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { spectralDensity } from '../../../src/linalg/krylov/quadrature.ts';
import { denseOperator } from '../../../src/linalg/operator.ts';
import { smallSvd } from '../../../src/linalg/small-svd.ts';

const [rows, cols] = [60, 50];
const a = new RandomStream({ seed: 4, purpose: 'test' }).fillNormal(new Float64Array(rows * cols), 0.1);
const reference = smallSvd(a, rows, cols).values;

describe('stochastic Lanczos quadrature', () => {
  it('estimates sums over the spectrum within four standard errors', async () => {
    const density = await spectralDensity(denseOperator(a, rows, cols), { probes: 30, steps: 25 });
    for (const f of [(s: number) => s * s, (s: number) => s ** 4, (s: number) => Math.log(1 + s), (s: number) => s]) {
      const { value, standardError } = density.sum(f);
      const exact = reference.reduce((sum, s) => sum + f(s), 0);
      expect(Math.abs(value - exact)).toBeLessThan(4 * standardError + 1e-9 * exact);
      expect(standardError).toBeLessThan(0.2 * exact);
    }
    expect(density.count(0, 100).value).toBeCloseTo(cols, 8);
  });

  it('has weights that sum to 1 and nodes inside the spectrum', async () => {
    const density = await spectralDensity(denseOperator(a, rows, cols), { probes: 3, steps: 12 });
    for (const { nodes, weights } of density.rules) {
      expect(weights.reduce((s, w) => s + w, 0)).toBeCloseTo(1, 12);
      expect(nodes[0]!).toBeLessThanOrEqual(reference[0]! * (1 + 1e-12));
    }
  });

  it('is exact when the map has few distinct singular values', async () => {
    const n = 30;
    const d = new Float64Array(n * n);
    for (let i = 0; i < n; i++) d[i * n + i] = i < 10 ? 2 : 1;
    const density = await spectralDensity(denseOperator(d, n, n), { probes: 200, steps: 10 });
    for (const { nodes } of density.rules) expect(nodes.length).toBeLessThanOrEqual(3);
    const { value, standardError } = density.count(1.5, 3);
    expect(Math.abs(value - 10)).toBeLessThan(4 * standardError);
  });

  it('smooths to a density that integrates to 1', async () => {
    const density = await spectralDensity(denseOperator(a, rows, cols), { probes: 4, steps: 20 });
    const grid = Float64Array.from({ length: 4001 }, (_, i) => -2 + i * 0.001 * 2);
    const smooth = density.smoothed(grid, 0.05);
    expect(smooth.reduce((s, y) => s + y * 0.002, 0)).toBeCloseTo(1, 4);
  });

  it('is the same for the same seed, and refuses to do nothing', async () => {
    const run = (seed: number) => spectralDensity(denseOperator(a, rows, cols), { probes: 2, steps: 8, seed });
    expect((await run(1)).rules).toEqual((await run(1)).rules);
    expect((await run(1)).rules).not.toEqual((await run(2)).rules);
    await expect(spectralDensity(denseOperator(a, rows, cols), { probes: 0 })).rejects.toThrow(/at least one/);
  });
});
