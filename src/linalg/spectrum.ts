/** How the singular values were found. */
export type SpectrumMethod = 'dense' | 'structured' | 'lanczos';

/** A value that many singular values have. */
export interface Plateau {
  readonly value: number;
  /** Number of values within the tolerance of it. */
  readonly count: number;
}

/** Singular values with what is known about their errors. */
export interface Spectrum {
  readonly method: SpectrumMethod;
  readonly shape: readonly [number, number];
  /** Descending. All min(rows, cols) when `complete`; else the leading ones that converged. */
  readonly values: Float64Array;
  readonly complete: boolean;
  /** Largest error estimate of a value, relative to the largest value. */
  readonly maxResidual: number;
  readonly seconds: number;
}

/** A singular value with its vectors. */
export interface Triplet {
  readonly value: number;
  /** Unit vectors: J right = value left. */
  readonly left: Float64Array;
  readonly right: Float64Array;
  /** max(||J v - s u||, ||Jᵀ u - s v||), relative to the largest singular value. */
  readonly residual: number;
  readonly converged: boolean;
}

/** Values above, on and below a plateau, and at zero (these are also below), within an absolute tolerance. */
export function countAround(
  values: ArrayLike<number>,
  plateau: number,
  tolerance: number,
): { above: number; on: number; below: number; zero: number } {
  let [above, on, below, zero] = [0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value > plateau + tolerance) above++;
    else if (value >= plateau - tolerance) on++;
    else below++;
    if (value <= tolerance) zero++;
  }
  return { above, on, below, zero };
}

/**
 * Largest error of singular values that are square roots of eigenvalues with absolute errors `errorAt(i)`, relative to the
 * largest value: |sigma - sqrt(sigma² + e)| is at most e / sigma and at most sqrt(e).
 */
export function rootResidual(descending: Float64Array, errorAt: (i: number) => number): number {
  const largest = descending[0] ?? 0;
  if (largest === 0) return 0;
  let worst = 0;
  descending.forEach((value, i) => {
    const e = errorAt(i);
    worst = Math.max(worst, Math.min(Math.sqrt(e), value > 0 ? e / value : Number.POSITIVE_INFINITY));
  });
  return worst / largest;
}
