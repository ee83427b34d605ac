import { breathe } from '../../base/breathe.ts';
import { BallastError } from '../../base/errors.ts';
import { type Matrix, matrix, type Products } from '../products.ts';
import { type BlockRows, blockRows, mirrorDiagonalTiles, rowOf } from './block-rows.ts';
import type { EigenOptions } from './eigenvalues.ts';

/**
 * A matrix in square blocks of which only those near the diagonal are there; missing blocks are zero.
 * The order is padded to whole blocks.
 */
export class BlockBand {
  readonly n: number;
  readonly size: number;
  readonly count: number;
  readonly #blocks = new Map<number, Float64Array>();

  constructor(n: number, size: number) {
    this.n = n;
    this.size = size;
    this.count = Math.ceil(n / size);
  }

  get(i: number, j: number): Matrix | undefined {
    const data = this.#blocks.get(i * this.count + j);
    return data && matrix(data, this.size, this.size);
  }

  /** The block, made of zeros when it is not there yet. */
  at(i: number, j: number): Matrix {
    const key = i * this.count + j;
    let data = this.#blocks.get(key);
    if (!data) {
      data = new Float64Array(this.size ** 2);
      this.#blocks.set(key, data);
    }
    return matrix(data, this.size, this.size);
  }

  drop(i: number, j: number): void {
    this.#blocks.delete(i * this.count + j);
  }

  /** Adds to entry (i, j). */
  add(i: number, j: number, value: number): void {
    const { size } = this;
    const [bi, bj] = [Math.floor(i / size), Math.floor(j / size)];
    this.at(bi, bj).data[(i - bi * size) * size + (j - bj * size)]! += value;
  }
}

/** In place: the lower Cholesky factor of a dense block (its upper half becomes zero). False when a pivot is not positive. */
function factorBlock(a: Float64Array, s: number): boolean {
  for (let j = 0; j < s; j++) {
    const rowJ = j * s;
    let pivot = a[rowJ + j]!;
    for (let k = 0; k < j; k++) pivot -= a[rowJ + k]! ** 2;
    if (!(pivot > 0)) return false;
    const root = Math.sqrt(pivot);
    a[rowJ + j] = root;
    for (let i = j + 1; i < s; i++) {
      const rowI = i * s;
      let sum = a[rowI + j]!;
      for (let k = 0; k < j; k++) sum -= a[rowI + k]! * a[rowJ + k]!;
      a[rowI + j] = sum / root;
    }
    for (let k = j + 1; k < s; k++) a[rowJ + k] = 0;
  }
  return true;
}

/** The transposed inverse of a lower triangular block, U = L⁻ᵀ. */
function inverseTransposed(l: Float64Array, s: number): Float64Array {
  const u = new Float64Array(s * s);
  for (let j = 0; j < s; j++) {
    // Column j of L⁻¹ is row j of L⁻ᵀ.
    const row = j * s;
    u[row + j] = 1 / l[j * s + j]!;
    for (let i = j + 1; i < s; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= l[i * s + k]! * u[row + k]!;
      u[row + i] = sum / l[i * s + i]!;
    }
  }
  return u;
}

/**
 * Lower Cholesky factor of the symmetric positive definite matrix whose lower blocks `a` holds; `a` is destroyed.
 * Returns undefined when it is not positive definite to working precision.
 */
export async function cholesky(
  a: BlockBand,
  reach: number,
  products: Products,
  signal?: AbortSignal,
): Promise<BlockBand | undefined> {
  const { count, size } = a;
  const l = new BlockBand(a.n, size);
  const correction = matrix(new Float64Array(size * size), size, size);
  for (let j = 0; j < count; j++) {
    await breathe(signal);
    const diagonal = a.at(j, j);
    if (!factorBlock(diagonal.data, size)) return undefined;
    l.at(j, j).data.set(diagonal.data);
    const inverse = matrix(inverseTransposed(diagonal.data, size), size, size);
    const below: number[] = [];
    for (let i = j + 1; i <= Math.min(count - 1, j + reach); i++) {
      const block = a.get(i, j);
      if (!block) continue;
      below.push(i);
      const x = l.at(i, j);
      await products.product(block, inverse, x);
      // X L_jjᵀ = A_ij holds to eps cond(L_jj) only, through the inverse; one step of refinement makes it backward stable.
      await products.subtractTransposedRight(x, a.at(j, j), block);
      await products.product(block, inverse, correction);
      for (let e = 0; e < x.data.length; e++) x.data[e]! += correction.data[e]!;
      a.drop(i, j);
    }
    for (const i of below) {
      for (const k of below) if (k <= i) await products.subtractTransposedRight(l.at(i, j), l.at(k, j), a.at(i, k));
    }
    a.drop(j, j);
  }
  return l;
}

/** Lᵀ C L for lower block-banded L and symmetric C (all blocks given), as block rows of height `height`. */
export async function congruence(
  l: BlockBand,
  c: BlockBand,
  reach: { l: number; c: number },
  products: Products,
  height: number,
  { onProgress, signal }: Pick<EigenOptions, 'onProgress' | 'signal'> = {},
): Promise<BlockRows> {
  const { count, size, n } = l;
  if (height % size !== 0) throw new BallastError(`block rows of ${height} do not consist of blocks of ${size}`);
  const h = blockRows(n, height);
  const sum = matrix(new Float64Array(size * size), size, size);
  for (let b = 0; b < count; b++) {
    await breathe(signal);
    // Column block b of E = C L.
    const column = new Map<number, Matrix>();
    for (let q = b; q <= Math.min(count - 1, b + reach.l); q++) {
      const factor = l.get(q, b);
      if (!factor) continue;
      for (let p = Math.max(0, q - reach.c); p <= Math.min(count - 1, q + reach.c); p++) {
        // C is symmetric, so C_pq = C_qpᵀ.
        const block = c.get(q, p);
        if (!block) continue;
        let e = column.get(p);
        if (!e) {
          e = matrix(new Float64Array(size * size), size, size);
          column.set(p, e);
        }
        await products.addTransposedLeft(block, factor, e);
      }
    }
    for (let a = b; a <= Math.min(count - 1, b + reach.l + reach.c); a++) {
      sum.data.fill(0);
      let any = false;
      for (let p = a; p <= Math.min(count - 1, a + reach.l); p++) {
        const [left, e] = [l.get(p, a), column.get(p)];
        if (!left || !e) continue;
        any = true;
        await products.addTransposedLeft(left, e, sum);
      }
      if (!any) continue;
      for (let r = 0; r < size && a * size + r < n; r++) {
        const row = rowOf(h, a * size + r);
        row.set(sum.data.subarray(r * size, r * size + Math.min(size, n - b * size)), b * size);
      }
    }
    onProgress?.((b + 1) / count);
  }
  mirrorDiagonalTiles(h);
  return h;
}
