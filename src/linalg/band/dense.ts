import { matrix, Products } from '../products.ts';
import { rootResidual, type Spectrum } from '../spectrum.ts';
import { blockRows, mirrorDiagonalTiles } from './block-rows.ts';
import { blockHeight, blockRowsEigenvalues, type EigenOptions } from './eigenvalues.ts';

/**
 * All singular values of a dense matrix: float64 eigenvalues of the smaller of A Aᵀ and Aᵀ A.
 *
 * `a` is row-major with rows <= cols (pass the transpose otherwise; the values are the same). Squaring costs accuracy near
 * zero: values below about 1e-7 of the largest are not resolved, which the residual says. At 16384 x 16384 in float32 the peak
 * is 1 GiB for `a` and about 2 GiB for the reduction.
 */
export async function singularValues(
  a: Float32Array | Float64Array,
  rows: number,
  cols: number,
  options: EigenOptions = {},
): Promise<Omit<Spectrum, 'method'>> {
  const began = performance.now();
  const height = Math.min(blockHeight, Math.max(1, rows));
  const gram = blockRows(rows, height);
  const products = await Products.open(options);
  try {
    // Block row I of A Aᵀ from slices of columns, so that the float64 copies stay small. The products subtract, so one
    // factor is negated.
    const slice = Math.min(cols, 2048);
    const count = Math.ceil(rows / height);
    for (let from = 0; from < cols; from += slice) {
      const width = Math.min(slice, cols - from);
      const part = new Float64Array(count * height * width);
      for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) part[i * width + j] = a[i * cols + from + j]!;
      for (let block = 0; block < count; block++) {
        const [first, upTo] = [block * height, (block + 1) * height];
        const size = Math.min(height, rows - first);
        const left = part.slice(first * width, (first + size) * width);
        for (let i = 0; i < left.length; i++) left[i] = -left[i]!;
        await products.subtractTransposedRight(
          matrix(left, size, width),
          matrix(part, upTo, width),
          matrix(gram.rows[block]!, size, upTo),
        );
      }
    }
  } finally {
    await products.close();
  }
  mirrorDiagonalTiles(gram);
  const eigen = await blockRowsEigenvalues(gram, options);
  const norm = Math.max(0, eigen.values[0] ?? 0);
  const values = eigen.values.map((x) => Math.sqrt(Math.max(0, x)));
  return {
    shape: [rows, cols],
    values,
    complete: true,
    maxResidual: rootResidual(values, () => eigen.residual * norm),
    seconds: (performance.now() - began) / 1000,
  };
}
