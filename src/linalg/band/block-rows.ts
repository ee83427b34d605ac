import type { SymmetricBand } from './band.ts';

/**
 * A symmetric matrix as block rows of its lower half: block row I holds rows I t .. min((I+1) t, n) - 1 and columns
 * 0 .. (I+1) t - 1 (the diagonal tile in full), each block row one contiguous array, so that it is one tensor of a matrix
 * product. Columns from n on are zero. Half the memory of the full matrix plus one tile a block row.
 */
export interface BlockRows {
  readonly n: number;
  /** Rows a block (t). */
  readonly height: number;
  readonly rows: readonly Float64Array[];
}

export function blockRows(n: number, height: number): BlockRows {
  const count = Math.ceil(n / height);
  const rows = Array.from(
    { length: count },
    (_, i) => new Float64Array(Math.min(height, n - i * height) * (i + 1) * height),
  );
  return { n, height, rows };
}

/** Row i as a view, columns 0 .. end of its diagonal tile. */
export function rowOf({ height, rows }: BlockRows, i: number): Float64Array {
  const block = Math.floor(i / height);
  const width = (block + 1) * height;
  const at = (i - block * height) * width;
  return rows[block]!.subarray(at, at + width);
}

/** Copies the lower halves of the diagonal tiles into their upper halves. */
export function mirrorDiagonalTiles({ n, height, rows }: BlockRows): void {
  rows.forEach((data, block) => {
    const [first, width] = [block * height, (block + 1) * height];
    const size = Math.min(height, n - first);
    for (let i = 0; i < size; i++)
      for (let j = 0; j < i; j++) data[j * width + first + i] = data[i * width + first + j]!;
  });
}

export function fromBand({ n, bandwidth, data }: SymmetricBand, height: number): BlockRows {
  const target = blockRows(n, height);
  for (let i = 0; i < n; i++) {
    const first = Math.max(0, i - bandwidth);
    const at = i * (bandwidth + 1) + first - i + bandwidth;
    rowOf(target, i).set(data.subarray(at, at + i - first + 1), first);
  }
  mirrorDiagonalTiles(target);
  return target;
}

export function fromFull(a: Float64Array, n: number, height: number): BlockRows {
  const target = blockRows(n, height);
  for (let i = 0; i < n; i++) rowOf(target, i).set(a.subarray(i * n, i * n + i + 1));
  mirrorDiagonalTiles(target);
  return target;
}
