import { BallastError } from '../../base/errors.ts';
import { frobenius, modulus, nonsymmetricEigenvalues } from '../../linalg/index.ts';

/** Eigenvalues of a square matrix, and how far from normal it is. */
export interface Normality {
  /** By modulus, descending, as real and imaginary part. */
  readonly eigenvalues: readonly (readonly [number, number])[];
  /** max |λ| */
  readonly radius: number;
  /** Henrici's sqrt(‖J‖² - Σ|λ|²) / ‖J‖ in Frobenius norms: 0 for a normal map, below 1 for any. */
  readonly departure: number;
}

/** Of a d x d matrix, row-major, in float64; null where its eigenvalues do not converge. */
export function normalityOf(matrix: Float64Array, size: number): Normality | null {
  const all = eigenvaluesOf(matrix, size);
  if (!all) return null;
  const found = all.sort((a, b) => modulus(b) - modulus(a));
  const length = frobenius(matrix);
  const squares = found.reduce((s, z) => s + modulus(z) ** 2, 0);
  return {
    eigenvalues: found.map(({ re, im }) => [re, im] as const),
    radius: found.length ? modulus(found[0]!) : 0,
    departure: length > 0 ? Math.sqrt(Math.max(0, length ** 2 - squares)) / length : 0,
  };
}

function eigenvaluesOf(matrix: Float64Array, size: number) {
  try {
    return nonsymmetricEigenvalues(matrix, size);
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    return null;
  }
}
