import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import {
  type EigenvaluesRequest,
  eigenvaluesCache,
  measureEigenvalues,
} from '../../../src/stability/eigenvalues/measure.ts';
import { type MatrixUnit, residualNetwork, twoImages } from '../../support/residual-network.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-eigenvalues-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [height, width, n] = [4, 6, 24];

/** W2 W1 = `matrix` through as many inner units as it has rows, all active. */
function active(matrix: ArrayLike<number>, skipScale = 1): MatrixUnit {
  const eye = Float64Array.from({ length: n * n }, (_, p) => (p % (n + 1) === 0 ? 1 : 0));
  return { w1: matrix, w2: eye, bias: Array<number>(n).fill(100), skipScale };
}

/** Plane rotations by 1, 2, ... radians of different lengths. */
function rotations(): { matrix: Float64Array; lengths: number[] } {
  const matrix = new Float64Array(n * n);
  const lengths: number[] = [];
  for (let i = 0; i < n; i += 2) {
    const length = 1.5 * 0.8 ** (i / 2);
    const [c, s] = [length * Math.cos(1 + i / 2), length * Math.sin(1 + i / 2)];
    [matrix[i * n + i], matrix[i * n + i + 1], matrix[(i + 1) * n + i], matrix[(i + 1) * n + i + 1]] = [c, -s, s, c];
    lengths.push(length, length);
  }
  return { matrix, lengths };
}

const random = (size: number, seed: number) =>
  new RandomStream({ seed, purpose: 'test' }).fillNormal(new Float64Array(size)).map((x) => x / 5);

async function measured(units: readonly MatrixUnit[], more: Partial<EigenvaluesRequest> = {}) {
  return measureEigenvalues({
    network: residualNetwork(height, width, units),
    dataset: twoImages(height, width),
    images: [0],
    units: 'all',
    method: 'auto',
    top: 4,
    ...more,
  });
}

describe('eigenvalues of a branch', () => {
  it('are those of its matrix: rotations, with the extremes of |μ|, Re μ and |a + μ|', async () => {
    const { matrix, lengths } = rotations();
    const [found] = (await measured([active(matrix)])).branches;
    expect(found!.method).toBe('exact');
    expect(found!.eigenvalues.length).toBe(n);
    found!.eigenvalues.forEach(([re, im], i) => {
      expect(Math.hypot(re, im)).toBeCloseTo(lengths[i]!, 5);
    });
    expect(found!.zeros).toBe(0);
    expect(found!.radius).toBeCloseTo(1.5, 5);
    // The map is normal: the largest singular value is the spectral radius.
    expect(found!.norm).toBeCloseTo(1.5, 4);
    const all = lengths.map(
      (r, i) => [r * Math.cos(1 + Math.floor(i / 2)), r * Math.sin(1 + Math.floor(i / 2))] as const,
    );
    expect(found!.maxReal).toBeCloseTo(Math.max(...all.map((v) => v[0])), 5);
    expect(found!.minReal).toBeCloseTo(Math.min(...all.map((v) => v[0])), 5);
    expect(found!.unitRadius).toBeCloseTo(Math.max(...all.map(([re, im]) => Math.hypot(1 + re, im))), 5);
    const outside = all.filter(([re, im]) => Math.hypot(1 + re, im) > 1).length;
    expect(found!.circle).toEqual({ outside, on: 0, inside: n - outside });
    expect(found!.maxResidual).toBeLessThan(1e-10);
  });

  it('are as many as there are active inner units; the others are zero and leave the unit on its skip scale', async () => {
    const bias = Array.from({ length: 16 }, (_, i) => (i < 5 ? 100 : -100));
    const unit: MatrixUnit = { w1: random(16 * n, 1), w2: random(16 * n, 2), bias };
    for (const [skipScale, place] of [
      [1, 'on'],
      [0.5, 'inside'],
      [2, 'outside'],
    ] as const) {
      const [found] = (await measured([{ ...unit, skipScale }])).branches;
      expect([found!.activeHidden, found!.eigenvalues.length, found!.zeros]).toEqual([5, 5, n - 5]);
      expect(found!.circle![place]).toBeGreaterThanOrEqual(n - 5);
      expect(found!.circle!.outside + found!.circle!.on + found!.circle!.inside).toBe(n);
      expect(found!.unitRadius).toBeGreaterThanOrEqual(skipScale);
      // The trace of W2 D W1.
      let trace = 0;
      for (let h = 0; h < 5; h++) for (let j = 0; j < n; j++) trace += unit.w1[h * n + j]! * unit.w2[j * 16 + h]!;
      expect(found!.eigenvalues.reduce((s, v) => s + v[0], 0)).toBeCloseTo(trace, 5);
      // Not normal: larger.
      expect(found!.norm).toBeGreaterThan(found!.radius! * 1.01);
    }
  });

  it('agree between the exact way and Arnoldi, extremes too', async () => {
    const bias = Array.from({ length: 40 }, (_, i) => (i % 3 ? 100 : -100));
    const units = [{ w1: random(40 * n, 3), w2: random(40 * n, 4), bias, skipScale: 0.9 }];
    const [exact] = (await measured(units)).branches;
    const [leading] = (await measured(units, { method: 'arnoldi' })).branches;
    expect(leading!.complete).toBe(false);
    expect(leading!.circle).toBe(null);
    for (const end of ['radius', 'maxReal', 'minReal', 'unitRadius', 'norm'] as const)
      expect(leading![end]).toBeCloseTo(exact![end]!, 3);
    leading!.eigenvalues.slice(0, 4).forEach((v, i) => {
      expect(Math.hypot(...v)).toBeCloseTo(Math.hypot(...exact!.eigenvalues[i]!), 3);
    });
  });

  it('are none for a branch without active units', async () => {
    const [found] = (await measured([{ w1: random(8 * n, 5), w2: random(8 * n, 6), bias: Array(8).fill(-100) }]))
      .branches;
    expect(found!.eigenvalues).toEqual([]);
    expect([found!.radius, found!.unitRadius, found!.zeros]).toEqual([0, 1, n]);
    expect(found!.circle).toEqual({ outside: 0, on: n, inside: 0 });
  });

  it('are taken from the folder when they are there, each image on its own', async () => {
    const units = [active(rotations().matrix), active(random(n * n, 7))];
    const request: EigenvaluesRequest = {
      network: residualNetwork(height, width, units),
      dataset: twoImages(height, width),
      images: [0, 1],
      units: 'blocks.1,blocks.0',
      method: 'auto',
      top: 3,
    };
    const cache = eigenvaluesCache(folder, request);
    const run = () => measureEigenvalues({ ...request, cache });
    const first = await run();
    expect(first.branches.map((b) => `${b.name}@${b.image}`)).toEqual([
      'blocks.1@0',
      'blocks.1@1',
      'blocks.0@0',
      'blocks.0@1',
    ]);
    expect((await run()).branches).toEqual(first.branches);
  });

  it('are refused for runs of units and for names that are not there', async () => {
    const units = [active(rotations().matrix), active(rotations().matrix)];
    await expect(measured(units, { units: 'blocks.0..blocks.1' })).rejects.toThrow(/is a run; expected single units/);
    await expect(measured(units, { units: 'blocks.7' })).rejects.toThrow(/no unit "blocks.7"/);
  });
});
