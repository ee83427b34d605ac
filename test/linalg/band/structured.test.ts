import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { type FactoredJacobian, structuredSpectrum } from '../../../src/linalg/band/structured.ts';
import { type Csr, CsrBuilder } from '../../../src/linalg/sparse/sparse.ts';
import { countAround } from '../../../src/linalg/spectrum.ts';

/** Singular values by one-sided Jacobi rotations: slow, simple and independent of everything under test. */
function jacobiSingularValues(a: number[][]): number[] {
  const columns = a[0]!.map((_, j) => a.map((row) => row[j]!));
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < columns.length; p++) {
      for (let q = p + 1; q < columns.length; q++) {
        const [x, y] = [columns[p]!, columns[q]!];
        let [xx, yy, xy] = [0, 0, 0];
        for (let i = 0; i < x.length; i++) {
          xx += x[i]! ** 2;
          yy += y[i]! ** 2;
          xy += x[i]! * y[i]!;
        }
        if (Math.abs(xy) <= 1e-15 * Math.sqrt(xx * yy) || xy === 0) continue;
        off = Math.max(off, Math.abs(xy) / Math.sqrt(xx * yy));
        const zeta = (yy - xx) / (2 * xy);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        const s = c * t;
        for (let i = 0; i < x.length; i++) [x[i], y[i]] = [c * x[i]! - s * y[i]!, s * x[i]! + c * y[i]!];
      }
    }
    if (off < 1e-14) break;
  }
  return columns.map((column) => Math.hypot(...column)).sort((a, b) => b - a);
}

interface Case {
  channels: number;
  side: number;
  scale: number;
  active: number;
  finalRelu: boolean;
  seed: number;
  deadChannel?: boolean;
  /** The active units fill the upper part of the image instead of being scattered: locally more of them than outputs. */
  patch?: boolean;
}

/** A unit on a side x side grid: 3x3 convolution, mask, 3x3 convolution, zero padding, as hidden rows. */
function convUnit({
  channels,
  side,
  scale,
  active,
  finalRelu,
  seed,
  deadChannel = false,
  patch = false,
}: Case): FactoredJacobian & { dense: number[][]; k: number } {
  const n = channels * side * side;
  const draw = new RandomStream({ seed, purpose: 'test' });
  const kernel = () => Array.from({ length: channels * channels * 9 }, () => draw.normal() / Math.sqrt(9 * channels));
  const [w1, w2] = [kernel(), kernel()];
  if (deadChannel) for (let i = 0; i < channels; i++) for (let t = 0; t < 9; t++) w2[(i * channels + 0) * 9 + t] = 0;
  const at = (c: number, y: number, x: number) => (c * side + y) * side + x;
  const mask = Array.from({ length: n }, (_, h) =>
    patch ? Math.floor((h % side ** 2) / side) < active * side : draw.uniform() < active,
  );
  const neighbours = (y: number, x: number, weight: (other: number, tap: number) => number) => {
    const row = new Float64Array(n);
    for (let o = 0; o < channels; o++)
      for (let dy = -1; dy <= 1; dy++)
        for (let dx = -1; dx <= 1; dx++) {
          if (y + dy < 0 || y + dy >= side || x + dx < 0 || x + dx >= side) continue;
          row[at(o, y + dy, x + dx)] = weight(o, (dy + 1) * 3 + dx + 1);
        }
    return row;
  };
  const [incoming, outgoing] = [new CsrBuilder(n, n), new CsrBuilder(n, n)];
  const dense = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? scale : 0)));
  let k = 0;
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const h = at(c, y, x);
        if (!mask[h]) continue;
        k++;
        // v_h reads the inputs around h; u_h writes the outputs around h (the taps mirrored).
        const v = neighbours(y, x, (o, tap) => w1[(c * channels + o) * 9 + tap]!);
        const u = neighbours(y, x, (o, tap) => w2[(o * channels + c) * 9 + (8 - tap)]!);
        incoming.appendDense(h, v);
        outgoing.appendDense(h, u);
        for (let i = 0; i < n; i++) if (u[i] !== 0) for (let j = 0; j < n; j++) dense[i]![j]! += u[i]! * v[j]!;
      }
  const activeOutput = finalRelu ? Uint8Array.from({ length: n }, () => (draw.uniform() < 0.8 ? 1 : 0)) : undefined;
  if (activeOutput) for (let i = 0; i < n; i++) if (!activeOutput[i]) dense[i]!.fill(0);
  const order = new Int32Array(n);
  for (let p = 0; p < side * side; p++)
    for (let c = 0; c < channels; c++) order[p * channels + c] = c * side * side + p;
  return {
    rows: n,
    cols: n,
    shortcut: 'identity',
    scale,
    incoming: incoming.build(),
    outgoing: outgoing.build(),
    activeOutput,
    order: { input: order, hidden: order, output: order },
    dense,
    k,
  };
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let error = 0;
  for (let i = 0; i < b.length; i++) error = Math.max(error, Math.abs(a[i]! - b[i]!));
  return error;
};

const small: Case = { channels: 3, side: 5, scale: 1, active: 0.3, finalRelu: false, seed: 1 };

describe('the structured method', () => {
  it.each([
    small,
    { ...small, scale: 0.5, seed: 2 },
    { ...small, scale: 2, finalRelu: true, seed: 3 },
    { ...small, scale: 0, seed: 4 },
    { ...small, scale: -1, seed: 5 },
    { ...small, active: 0, seed: 6 },
    { ...small, active: 0.3, deadChannel: true, seed: 7 },
    { ...small, active: 0.25, finalRelu: true, seed: 8 },
    { ...small, channels: 2, side: 7, active: 0.4, seed: 9 },
  ])('gives the singular values of the dense Jacobian (%o)', async (settings) => {
    const unit = convUnit(settings);
    const reference = jacobiSingularValues(unit.dense);
    for (const method of ['small', 'direct'] as const) {
      const result = await structuredSpectrum(unit, { method });
      expect(result.values.length).toBe(reference.length);
      // The root of a Gram matrix's eigenvalue: sqrt(eps) near zero.
      expect(worst(result.values, reference)).toBeLessThan(1e-6 * Math.max(1, reference[0]!));
      expect(
        worst(
          result.values.filter((_, i) => reference[i]! > 0.05),
          reference.filter((s) => s > 0.05),
        ),
      ).toBeLessThan(1e-9);
    }
  });

  // Three blocks of the factorization and more: `small` and `direct` share no large product here.
  it.each([
    { ...small, side: 16, active: 0.42, seed: 21 },
    { ...small, side: 16, active: 0.4, seed: 22, patch: true },
    { ...small, side: 16, active: 0.3, seed: 23, finalRelu: true, scale: 0.5 },
  ])(
    'gives the same values both ways across blocks, also where the branch is locally rank deficient (%o)',
    async (settings) => {
      const unit = convUnit(settings);
      const [way, other] = [
        await structuredSpectrum(unit, { method: 'small' }),
        await structuredSpectrum(unit, { method: 'direct' }),
      ];
      const error = worst(way.values, other.values) / other.values[0]!;
      expect(error).toBeLessThan(1e-9);
      expect(error).toBeLessThan(way.maxResidual + other.maxResidual);
      expect(way.maxResidual).toBeLessThan(1e-4);
      expect(countAround(way.values, settings.scale, 1e-7).on).toBe(countAround(other.values, settings.scale, 1e-7).on);
      expect(countAround(way.values, settings.scale, 1e-7).on).toBeGreaterThanOrEqual(way.guaranteedPlateau);
    },
  );

  it('finds exactly k values above, k below and n - 2k on the plateau', async () => {
    const unit = convUnit({ ...small, side: 6, active: 0.3, seed: 11 });
    const result = await structuredSpectrum(unit, { method: 'small' });
    const { above, on, below } = countAround(result.values, 1, 1e-9);
    expect([above, on, below]).toEqual([unit.k, unit.rows - 2 * unit.k, unit.k]);
    expect(result.guaranteedPlateau).toBe(unit.rows - 2 * unit.k);
  });

  it('leaves a zero for every dead output', async () => {
    const unit = convUnit({ ...small, finalRelu: true, seed: 12 });
    const dead = unit.activeOutput!.reduce((n, a) => n + (a ? 0 : 1), 0);
    const result = await structuredSpectrum(unit);
    expect(countAround(result.values, 1, 1e-9).zero).toBe(dead);
    expect(result.values.length).toBe(unit.rows);
  });

  it('says why it cannot be used when 2k is not below n, and auto then goes the direct way', async () => {
    const unit = convUnit({ ...small, active: 0.8, seed: 13 });
    await expect(structuredSpectrum(unit, { method: 'small' })).rejects.toThrow(/2k < n/);
    expect((await structuredSpectrum(unit)).method).toBe('dense');
  });

  it('takes any sparse shortcut, square or not', async () => {
    const unit = convUnit({ ...small, active: 0.5, seed: 14 });
    // A subsampling shortcut: every second input, the other outputs get nothing.
    const builder = new CsrBuilder(unit.rows, unit.cols);
    for (let i = 0; i < unit.rows; i += 2) builder.append(i, [i], [1]);
    const shortcut: Csr = builder.build();
    const dense = unit.dense.map((row, i) => row.map((x, j) => x + (i === j && i % 2 === 1 ? -1 : 0)));
    const result = await structuredSpectrum({ ...unit, shortcut });
    expect(worst(result.values, jacobiSingularValues(dense))).toBeLessThan(1e-7);
  });

  it('keeps its residual above the true error and small', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 1e6 }),
        fc.constantFrom(0, 0.7, 1, 1.5),
        fc.boolean(),
        async (seed, scale, finalRelu) => {
          const unit = convUnit({ channels: 2, side: 4, scale, active: 0.35, finalRelu, seed });
          const result = await structuredSpectrum(unit);
          const reference = jacobiSingularValues(unit.dense);
          const error = worst(result.values, reference) / reference[0]!;
          expect(error).toBeLessThan(result.maxResidual + 1e-12);
          // Without a shortcut the plateau is at zero, where a root turns an error e into sqrt(e).
          expect(result.maxResidual).toBeLessThan(scale === 0 ? 2e-3 : 1e-4);
        },
      ),
      { numRuns: 15, seed: 1 },
    );
  });
});
