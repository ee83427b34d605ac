import { breathe } from '../../base/breathe.ts';
import { matrix, type Products } from '../products.ts';
import { openKernels } from '../wasm.ts';
import type { SymmetricBand } from './band.ts';
import { symmetricBand } from './band.ts';
import { type BlockRows, rowOf } from './block-rows.ts';

export interface ReductionOptions {
  /** Half-bandwidth d of the result and width of a panel. */
  readonly band: number;
  /** Rank-2d updates that are collected before the matrix is touched; more makes fewer passes over memory. */
  readonly pending: number;
  /** Columns that every transformation is applied to as well (n x count, row-major). */
  readonly probes: { readonly data: Float64Array; readonly count: number };
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** T of the compact form H_last ... H_first = I - V T Vᵀ, from the Gram matrix of V (columns in the order of rows r). */
function compactFactor(taus: Float64Array, gram: Float64Array, d: number): Float64Array {
  const t = new Float64Array(d * d);
  for (let r = d - 1; r >= 0; r--) {
    t[r * d + r] = taus[r]!;
    for (let s = d - 1; s > r; s--) {
      let sum = 0;
      for (let u = r + 1; u < d; u++) sum += t[s * d + u]! * gram[u * d + r]!;
      t[s * d + r] = -taus[r]! * sum;
    }
  }
  return t;
}

/**
 * Orthogonal reduction of a full symmetric matrix to a band of half-bandwidth d: A -> Qᵀ A Q, destroying `a`.
 *
 * The first half of the two-stage tridiagonalization (Bischof, Lang, Sun 2000; Dongarra, Sorensen, Hammarling 1989): panels
 * of d rows, from the last rows upwards so that what remains is a leading submatrix and block rows stay contiguous.
 * A panel's reflectors make Q = I - V T Vᵀ; with Y = A V T and W = Y - V (Tᵀ Vᵀ Y) / 2 the rest becomes A - V Wᵀ - W Vᵀ.
 * Those updates are collected `pending` at a time (A stands for A - L Rᵀ meanwhile), because a matrix product that changes a
 * large matrix by a low rank is bound by memory. 4/3 n³ operations, all but a fraction d/n of them in matrix products.
 */
export async function reduceToBand(
  a: BlockRows,
  products: Products,
  options: ReductionOptions,
): Promise<SymmetricBand> {
  const { n, height } = a;
  const d = Math.min(options.band, n - 1);
  const result = symmetricBand(n, d);
  if (d < 1) {
    for (let i = 0; i < n; i++) result.data[i] = rowOf(a, i)[i]!;
    return result;
  }
  // One tile beyond n: products with the last block row read that far, on zeros.
  const room = Math.ceil(n / height) * height;
  const width = 2 * d;
  // Collected updates A - sum_j L_j R_jᵀ, L_j = [V W] and R_j = [W V]; and side by side for the large update.
  const pending = Array.from({ length: options.pending }, () => ({
    left: new Float64Array(n * width),
    right: new Float64Array(n * width),
  }));
  const rank = width * options.pending;
  const allLeft = new Float64Array(room * rank);
  const allRight = new Float64Array(room * rank);
  const v = new Float64Array(n * d);
  const vt = new Float64Array(room * d);
  const w = new Float64Array(room * d);
  const { kernels, address, array } = await openKernels({ panel: d * n, taus: d, scratch: 8 });
  const { panel, taus } = array;
  const { probes } = options;
  let collected = 0;

  const flush = async (m: number) => {
    pending.forEach(({ left, right }, j) => {
      for (let i = 0; i < m; i++) {
        allLeft.set(left.subarray(i * width, (i + 1) * width), i * rank + j * width);
        allRight.set(right.subarray(i * width, (i + 1) * width), i * rank + j * width);
      }
    });
    for (let block = 0; block * height < m; block++) {
      await breathe(options.signal);
      const [first, upTo] = [block * height, (block + 1) * height];
      const size = Math.min(height, m - first);
      if (upTo > m) allRight.fill(0, m * rank, upTo * rank);
      await products.subtractTransposedRight(
        matrix(allLeft.subarray(first * rank), size, rank),
        matrix(allRight, upTo, rank),
        matrix(a.rows[block]!, size, upTo),
      );
    }
    collected = 0;
  };

  for (let m = n; m > 0; m -= d) {
    await breathe(options.signal);
    const size = Math.min(d, m);
    const rest = m - size;
    for (let r = 0; r < size; r++) panel.set(rowOf(a, rest + r).subarray(0, m), r * m);
    for (const { left, right } of pending.slice(0, collected)) {
      await products.subtractTransposedRight(
        matrix(left.subarray(rest * width), size, width),
        matrix(right, m, width),
        matrix(panel, size, m),
      );
    }
    kernels.reducePanel(address.panel, size, m, d, address.taus, address.scratch);
    v.fill(0, 0, rest * d);
    for (let r = 0; r < size; r++) {
      const i = rest + r;
      const pivot = Math.max(0, i - d);
      result.data.set(panel.subarray(r * m + pivot, r * m + i + 1), i * (d + 1) + pivot - i + d);
      if (taus[r] === 0) continue;
      for (let k = 0; k < pivot; k++) v[k * d + r] = panel[r * m + k]!;
      v[pivot * d + r] = 1;
    }
    if (rest < 1 || taus.every((t) => t === 0)) continue;

    const V = matrix(v, rest, d);
    const gram = new Float64Array(d * d);
    await products.addTransposedLeft(V, V, matrix(gram, d, d));
    const t = compactFactor(taus, gram, d);
    const VT = matrix(vt, rest, d);
    await products.product(V, matrix(t, d, d), VT);

    // Y = A V T, from the lower half: a block row gives its own rows, and through its transpose the rows above.
    w.fill(0, 0, rest * d);
    for (let block = 0; block * height < rest; block++) {
      await breathe(options.signal);
      const [first, upTo] = [block * height, (block + 1) * height];
      const count = Math.min(height, rest - first);
      const rows = matrix(a.rows[block]!, count, upTo);
      if (upTo > rest) vt.fill(0, rest * d, upTo * d);
      // What this adds to the block's own rows is overwritten by the next product.
      if (block > 0)
        await products.addTransposedLeft(rows, matrix(vt.subarray(first * d), count, d), matrix(w, upTo, d));
      await products.product(rows, matrix(vt, upTo, d), matrix(w.subarray(first * d), count, d));
    }
    const Y = matrix(w, rest, d);
    for (const { left, right } of pending.slice(0, collected)) {
      const c = matrix(new Float64Array(width * d), width, d);
      await products.addTransposedLeft(matrix(right, rest, width), VT, c);
      await products.subtract(matrix(left, rest, width), c, Y);
    }
    const middle = new Float64Array(d * d);
    await products.addTransposedLeft(VT, Y, matrix(middle, d, d));
    for (let i = 0; i < middle.length; i++) middle[i]! /= 2;
    await products.subtract(V, matrix(middle, d, d), Y);

    // Probes: X -> Qᵀ X = X - V (V T)ᵀ X.
    const c = matrix(new Float64Array(d * probes.count), d, probes.count);
    const X = matrix(probes.data, rest, probes.count);
    await products.addTransposedLeft(VT, X, c);
    await products.subtract(V, c, X);

    const { left, right } = pending[collected]!;
    for (let i = 0; i < rest; i++) {
      const vRow = v.subarray(i * d, (i + 1) * d);
      const wRow = w.subarray(i * d, (i + 1) * d);
      left.set(vRow, i * width);
      left.set(wRow, i * width + d);
      right.set(wRow, i * width);
      right.set(vRow, i * width + d);
    }
    if (++collected === options.pending) await flush(rest);
    options.onProgress?.(1 - (rest / n) ** 3);
  }
  return result;
}
