import { type Csr, CsrBuilder, type LinearOperator } from '../../linalg/index.ts';
import { staticShape, type Value } from '../../onnx/index.ts';

/** Unit vectors e_i for the given indices, one after another. */
function unitVectors(indices: Int32Array, size: number): Float32Array {
  const block = new Float32Array(indices.length * size);
  indices.forEach((index, i) => {
    block[i * size + index] = 1;
  });
  return block;
}

/**
 * The given rows of an operator (via Jᵀ e_i) or, with `side: 'columns'`, the given columns (via J e_j) as the rows of the
 * transpose. Exact zeros are dropped: a convolution's Jacobian has a few hundred entries a row out of thousands.
 * `indices` ascend; `batch` vectors are computed at a time.
 */
export async function probeSparse(
  operator: LinearOperator,
  side: 'rows' | 'columns',
  indices: Int32Array,
  batch: number,
): Promise<Csr> {
  const [rows, cols] = side === 'rows' ? [operator.rows, operator.cols] : [operator.cols, operator.rows];
  const found = new CsrBuilder(rows, cols, indices.length * 64);
  for (let start = 0; start < indices.length; start += batch) {
    const part = indices.subarray(start, start + batch);
    const block = unitVectors(part, rows);
    const out = await (side === 'rows'
      ? operator.applyTranspose(block, part.length)
      : operator.apply(block, part.length));
    part.forEach((index, i) => {
      found.appendDense(index, out, i * cols);
    });
  }
  return found.build();
}

/**
 * The whole matrix of an operator, or its transpose, whichever takes fewer products; singular values are the same.
 * Row-major float32; 1 GiB at 16384 x 16384.
 */
export async function probeDense(
  operator: LinearOperator,
  batch: number,
  onProgress?: (fraction: number) => void,
): Promise<{ matrix: Float32Array; rows: number; cols: number; transposed: boolean }> {
  const transposed = operator.cols <= operator.rows;
  const [rows, cols] = transposed ? [operator.cols, operator.rows] : [operator.rows, operator.cols];
  const matrix = new Float32Array(rows * cols);
  for (let start = 0; start < rows; start += batch) {
    const part = Int32Array.from({ length: Math.min(batch, rows - start) }, (_, i) => start + i);
    const block = unitVectors(part, rows);
    const out = transposed
      ? await operator.apply(block, part.length)
      : await operator.applyTranspose(block, part.length);
    matrix.set(out, start * cols);
    onProgress?.((start + part.length) / rows);
  }
  return { matrix, rows, cols, transposed };
}

/**
 * Positions of a value's elements (batch axis left out) in pixel-major order: `order[i]` is the index, in the value's own
 * row-major layout [C, ...space], of the element that comes i-th when all channels of one pixel stand together.
 * In this order convolutions have narrow bands.
 */
export function pixelMajorOrder(value: Value): Int32Array {
  const [channels = 1, ...space] = staticShape(value).slice(1);
  const pixels = space.reduce((n, d) => n * d, 1);
  const order = new Int32Array(channels * pixels);
  for (let p = 0; p < pixels; p++) for (let c = 0; c < channels; c++) order[p * channels + c] = c * pixels + p;
  return order;
}
