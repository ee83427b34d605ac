import { symmetricBand } from '../band/band.ts';
import type { BlockRows } from '../band/block-rows.ts';
import {
  blockHeight,
  blockRowsEigenvalues,
  type EigenOptions,
  type EigenResult,
  symmetricBandEigenvalues,
} from '../band/eigenvalues.ts';
import { Products } from '../products.ts';
import { rootResidual, type Spectrum } from '../spectrum.ts';
import { type Csr, forEachGramRow, transpose } from './sparse.ts';
import { gramBlockRows } from './sparse-gram.ts';

/** Below this order the Gram matrix is formed row by row: tiles are not worth their products. */
const smallOrder = 2048;

/**
 * All singular values of a sparse matrix: float64 eigenvalues of the smaller of A Aᵀ and Aᵀ A. Rows and columns should be in an order in which
 * near rows use near columns (pixel-major for convolutions). Squaring costs accuracy near zero: values below about 1e-7 of the largest are
 * not resolved, which the residual says.
 */
export async function sparseSingularValues(a: Csr, options: EigenOptions = {}): Promise<Omit<Spectrum, 'method'>> {
  const began = performance.now();
  const side = a.rows <= a.cols ? a : transpose(a);
  const { values, residual } = await gramEigenvalues(side, options);
  const norm = Math.max(0, values[0] ?? 0);
  const roots = values.map((x) => Math.sqrt(Math.max(0, x)));
  return {
    shape: [a.rows, a.cols],
    values: roots,
    complete: true,
    maxResidual: rootResidual(roots, () => residual * norm),
    seconds: (performance.now() - began) / 1000,
  };
}

async function gramEigenvalues(a: Csr, options: EigenOptions): Promise<EigenResult> {
  if (a.rows <= smallOrder) {
    const bandwidth = gramBandwidth(a);
    const band = symmetricBand(a.rows, bandwidth);
    await forEachGramRow(
      a,
      (i, row) => {
        for (let j = Math.max(0, i - bandwidth); j <= i; j++)
          band.data[i * (bandwidth + 1) + (j - i + bandwidth)] = row[j]!;
      },
      options.signal,
    );
    return symmetricBandEigenvalues(band, options);
  }
  const products = await Products.open(options);
  let gram: BlockRows;
  try {
    gram = await gramBlockRows(a, Math.min(blockHeight, a.rows), products);
  } finally {
    await products.close();
  }
  return blockRowsEigenvalues(gram, options);
}

/** Largest distance of two rows that share a column. */
function gramBandwidth(a: Csr): number {
  const first = new Int32Array(a.cols).fill(-1);
  let widest = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let p = a.rowPtr[i]!; p < a.rowPtr[i + 1]!; p++) {
      const j = a.colIdx[p]!;
      if (first[j]! < 0) first[j] = i;
      else widest = Math.max(widest, i - first[j]!);
    }
  }
  return widest;
}
