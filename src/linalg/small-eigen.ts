import { smallSvd } from './small-svd.ts';

/**
 * Eigenvalues, descending, and orthonormal eigenvectors (as rows) of a small symmetric matrix, row-major n x n. Shifted by its
 * infinity norm the matrix is positive semidefinite, so that its singular values are its eigenvalues: absolute errors of a few eps ||A||.
 */
export function smallEigen(a: Float64Array, n: number): { values: Float64Array; vectors: Float64Array[] } {
  let shift = 0;
  for (let i = 0; i < n; i++) {
    let row = 0;
    for (let j = 0; j < n; j++) row += Math.abs(a[i * n + j]!);
    shift = Math.max(shift, row);
  }
  const shifted = Float64Array.from(a);
  for (let i = 0; i < n; i++) shifted[i * n + i]! += shift;
  const { values, v } = smallSvd(shifted, n, n);
  return { values: values.map((value) => value - shift), vectors: v };
}
