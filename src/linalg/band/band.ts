import { BallastError } from '../../base/errors.ts';

/**
 * A symmetric band matrix, lower half, row-major: row i holds columns i - bandwidth .. i, so that entry (i, j) stands at
 * `data[i * (bandwidth + 1) + (j - i + bandwidth)]`. Places left of column 0 are zero.
 */
export interface SymmetricBand {
  readonly n: number;
  /** Largest |i - j| of an entry that may differ from zero; 0 is a diagonal matrix. */
  readonly bandwidth: number;
  readonly data: Float64Array;
}

/** A symmetric band matrix of order `n` of zeros; `bandwidth` is the number of diagonals below the main one. Throws BallastError where it does not fit. */
export function symmetricBand(n: number, bandwidth: number): SymmetricBand {
  if (bandwidth < 0 || (n > 0 && bandwidth >= n))
    throw new BallastError(`bandwidth ${bandwidth} does not fit a matrix of order ${n}`);
  return { n, bandwidth, data: new Float64Array(n * (bandwidth + 1)) };
}

/** Entry (i, j), either half. */
export function bandEntry({ bandwidth, data }: SymmetricBand, i: number, j: number): number {
  const [row, col] = i >= j ? [i, j] : [j, i];
  return row - col > bandwidth ? 0 : data[row * (bandwidth + 1) + (col - row + bandwidth)]!;
}

/** A x for one vector. */
export function bandTimes({ n, bandwidth, data }: SymmetricBand, x: Float64Array): Float64Array {
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = i * (bandwidth + 1) - i + bandwidth;
    let sum = data[row + i]! * x[i]!;
    for (let j = Math.max(0, i - bandwidth); j < i; j++) {
      const a = data[row + j]!;
      sum += a * x[j]!;
      y[j]! += a * x[i]!;
    }
    y[i]! += sum;
  }
  return y;
}
