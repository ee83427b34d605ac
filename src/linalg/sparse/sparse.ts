import { breathe } from '../../base/breathe.ts';

/** Compressed sparse rows in float64. `colIdx` ascends within a row. */
export interface Csr {
  readonly rows: number;
  readonly cols: number;
  readonly rowPtr: Int32Array;
  readonly colIdx: Int32Array;
  readonly values: Float64Array;
}

/** Collects the rows of a sparse matrix one after another. */
export class CsrBuilder {
  readonly #rows: number;
  readonly #cols: number;
  readonly #rowPtr: Int32Array;
  #colIdx: Int32Array;
  #values: Float64Array;
  #used = 0;
  #row = 0;

  constructor(rows: number, cols: number, expectedEntries = 1024) {
    this.#rows = rows;
    this.#cols = cols;
    this.#rowPtr = new Int32Array(rows + 1);
    this.#colIdx = new Int32Array(expectedEntries);
    this.#values = new Float64Array(expectedEntries);
  }

  /** Adds row `row` (rows must ascend; those skipped are empty) from a dense vector, dropping exact zeros. */
  appendDense(row: number, dense: ArrayLike<number>, offset = 0): void {
    this.#open(row);
    const cols = this.#cols;
    this.#reserve(cols);
    let used = this.#used;
    for (let j = 0; j < cols; j++) {
      const value = dense[offset + j]!;
      if (value !== 0) {
        this.#colIdx[used] = j;
        this.#values[used++] = value;
      }
    }
    this.#used = used;
  }

  /** Adds row `row` from its columns (ascending) and their values, times `scale`. */
  append(row: number, columns: ArrayLike<number>, values: ArrayLike<number>, scale = 1): void {
    this.#open(row);
    this.#reserve(columns.length);
    for (let p = 0; p < columns.length; p++) {
      this.#colIdx[this.#used] = columns[p]!;
      this.#values[this.#used++] = scale * values[p]!;
    }
  }

  #open(row: number): void {
    for (; this.#row <= row; this.#row++) this.#rowPtr[this.#row] = this.#used;
  }

  #reserve(extra: number): void {
    if (this.#used + extra <= this.#colIdx.length) return;
    const size = Math.max(this.#used + extra, Math.ceil(this.#colIdx.length * 1.6));
    const [colIdx, values] = [new Int32Array(size), new Float64Array(size)];
    colIdx.set(this.#colIdx.subarray(0, this.#used));
    values.set(this.#values.subarray(0, this.#used));
    [this.#colIdx, this.#values] = [colIdx, values];
  }

  build(): Csr {
    this.#open(this.#rows);
    return {
      rows: this.#rows,
      cols: this.#cols,
      rowPtr: this.#rowPtr,
      colIdx: this.#colIdx.slice(0, this.#used),
      values: this.#values.slice(0, this.#used),
    };
  }
}

/** The identity of order n. */
export function identity(n: number): Csr {
  const index = Int32Array.from({ length: n + 1 }, (_, i) => i);
  return { rows: n, cols: n, rowPtr: index, colIdx: index.slice(0, n), values: new Float64Array(n).fill(1) };
}

/** The transpose of a sparse matrix. */
export function transpose(a: Csr): Csr {
  const rowPtr = new Int32Array(a.cols + 1);
  for (const j of a.colIdx) rowPtr[j + 1]!++;
  for (let j = 0; j < a.cols; j++) rowPtr[j + 1]! += rowPtr[j]!;
  const next = rowPtr.slice();
  const colIdx = new Int32Array(a.colIdx.length);
  const values = new Float64Array(a.colIdx.length);
  for (let i = 0; i < a.rows; i++) {
    for (let p = a.rowPtr[i]!; p < a.rowPtr[i + 1]!; p++) {
      const at = next[a.colIdx[p]!]!++;
      colIdx[at] = i;
      values[at] = a.values[p]!;
    }
  }
  return { rows: a.cols, cols: a.rows, rowPtr, colIdx, values };
}

/** Rows `order[0], order[1], ...` of `a`, with column j renamed to `newColumn[j]` (negative: dropped); `cols` columns then. */
export function select(a: Csr, order: Int32Array, newColumn: Int32Array, cols: number): Csr {
  const b = new CsrBuilder(order.length, cols, a.colIdx.length);
  order.forEach((row, i) => {
    const entries: [number, number][] = [];
    for (let p = a.rowPtr[row]!; p < a.rowPtr[row + 1]!; p++) {
      const j = newColumn[a.colIdx[p]!]!;
      if (j >= 0) entries.push([j, a.values[p]!]);
    }
    entries.sort((x, y) => x[0] - y[0]);
    b.append(
      i,
      entries.map((e) => e[0]),
      entries.map((e) => e[1]),
    );
  });
  return b.build();
}

/** scale * s + aᵀ b, where row h of `a` and row h of `b` belong together: a sum of sparse outer products, as rows. */
export function shortcutPlusBranch(s: Csr, scale: number, a: Csr, b: Csr): Csr {
  const at = transpose(a);
  const out = new CsrBuilder(s.rows, s.cols, b.colIdx.length * 4);
  const row = new Float64Array(s.cols);
  const touched = new Int32Array(s.cols);
  const mark = new Int32Array(s.cols).fill(-1);
  for (let i = 0; i < s.rows; i++) {
    let count = 0;
    const add = (j: number, value: number) => {
      if (mark[j] !== i) {
        mark[j] = i;
        row[j] = 0;
        touched[count++] = j;
      }
      row[j]! += value;
    };
    for (let p = s.rowPtr[i]!; p < s.rowPtr[i + 1]!; p++) add(s.colIdx[p]!, scale * s.values[p]!);
    for (let p = at.rowPtr[i]!; p < at.rowPtr[i + 1]!; p++) {
      const h = at.colIdx[p]!;
      const weight = at.values[p]!;
      for (let q = b.rowPtr[h]!; q < b.rowPtr[h + 1]!; q++) add(b.colIdx[q]!, weight * b.values[q]!);
    }
    const columns = touched.slice(0, count).sort();
    out.append(
      i,
      columns,
      Float64Array.from(columns, (j) => row[j]!),
    );
  }
  return out.build();
}

/** Visiting a row of a large matrix takes some 100 us, so this is far below a second. */
const rowsBetweenBreaths = 512;

/**
 * Lower half of A Aᵀ, one row at a time: `visit(i, row)` gets row i with columns 0 .. i filled, in an array that is used
 * again for the next row. About a nanosecond a multiply-add. Throws the reason of `signal` where it has fired.
 */
export async function forEachGramRow(
  a: Csr,
  visit: (i: number, row: Float64Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  const columns = transpose(a);
  const { rowPtr, colIdx, values } = columns;
  const row = new Float64Array(a.rows);
  // Where column j's entries beyond the current row begin: rows ascend, so this pointer only moves on.
  const end = columns.rowPtr.slice(0, a.cols);
  for (let i = 0; i < a.rows; i++) {
    row.fill(0, 0, i + 1);
    for (let p = a.rowPtr[i]!; p < a.rowPtr[i + 1]!; p++) {
      const j = a.colIdx[p]!;
      const x = a.values[p]!;
      const stop = ++end[j]!;
      for (let q = rowPtr[j]!; q < stop; q++) row[colIdx[q]!]! += x * values[q]!;
    }
    visit(i, row);
    if (i % rowsBetweenBreaths === 0) await breathe(signal);
  }
}
