import {
  arnoldi,
  type Complex,
  type FactoredJacobian,
  frobenius,
  hessenbergEigenvalues,
  hessenbergVector,
  type LinearOperator,
  modulus,
  toHessenberg,
  transpose,
} from '../../linalg/index.ts';

/** Eigenvalues of a branch by modulus, descending, with what is known about the ends of its spectrum. */
export interface FoundEigenvalues {
  readonly method: 'exact' | 'arnoldi';
  readonly values: readonly Complex[];
  readonly complete: boolean;
  readonly maxResidual: number;
  readonly radius: number | null;
  readonly maxReal: number | null;
  readonly minReal: number | null;
  /** Max |a + μ|. */
  readonly shiftedRadius: number | null;
}

interface Options {
  readonly skipScale: number;
  /** Leading eigenvalues whose residuals are checked, or that are looked for. */
  readonly top: number;
  readonly seed: number;
  /** n > k: zero is an eigenvalue as well. */
  readonly singular: boolean;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const byModulus = (values: Iterable<Complex>): Complex[] =>
  [...values].sort((a, b) => modulus(b) - modulus(a) || b.im - a.im);

/** V U of a branch J_F = U V with k active inner units, row-major k x k: its eigenvalues are those of J_F but for zeros. */
export function innerMatrix({ incoming, outgoing }: FactoredJacobian, active: Int32Array): Float64Array {
  const k = active.length;
  const place = new Int32Array(outgoing.rows).fill(-1);
  active.forEach((h, i) => {
    place[h] = i;
  });
  // Row j: which inner units reach output j.
  const reached = transpose(outgoing);
  const m = new Float64Array(k * k);
  active.forEach((g, i) => {
    for (let p = incoming.rowPtr[g]!; p < incoming.rowPtr[g + 1]!; p++) {
      const [j, v] = [incoming.colIdx[p]!, incoming.values[p]!];
      for (let q = reached.rowPtr[j]!; q < reached.rowPtr[j + 1]!; q++)
        m[i * k + place[reached.colIdx[q]!]!]! += v * reached.values[q]!;
    }
  });
  return m;
}

/**
 * All eigenvalues of the k x k matrix of a branch. The residuals of the `top` leading ones are those of eigenvectors of its Hessenberg form;
 * the sums of all eigenvalues and of their squares are checked against the traces. Both are relative to the largest |eigenvalue|.
 */
export function exactEigenvalues(
  matrix: Float64Array,
  k: number,
  { skipScale, top, singular }: Options,
): FoundEigenvalues {
  const h = toHessenberg(matrix, k);
  const values = byModulus(hessenbergEigenvalues(h, k));
  const radius = values[0] ? modulus(values[0]) : 0;
  const everything = singular || k === 0 ? [...values, { re: 0, im: 0 }] : values;
  let residual = 0;
  if (radius > 0) {
    for (const value of values.slice(0, top))
      residual = Math.max(residual, hessenbergVector(h, k, value).residual / radius);
    let [trace, square] = [0, 0];
    for (let i = 0; i < k; i++) {
      trace += matrix[i * k + i]!;
      for (let j = 0; j < k; j++) square += matrix[i * k + j]! * matrix[j * k + i]!;
    }
    for (const { re, im } of values) {
      trace -= re;
      square -= re * re - im * im;
    }
    residual = Math.max(residual, Math.abs(trace) / (k * radius), Math.abs(square) / (k * radius * frobenius(matrix)));
  }
  const reals = everything.map((v) => v.re);
  return {
    method: 'exact',
    values,
    complete: true,
    maxResidual: residual,
    radius,
    maxReal: Math.max(...reals),
    minReal: Math.min(...reals),
    shiftedRadius: Math.max(...everything.map(({ re, im }) => Math.hypot(skipScale + re, im))),
  };
}

/**
 * Leading eigenvalues of a branch from its products: the `top` by |μ|, by |a + μ|, and at both ends of the real parts, from one Krylov
 * space. A value that is among none of these says nothing; an end that did not converge is null.
 */
export async function leadingEigenvalues(
  operator: LinearOperator,
  { skipScale, top, seed, singular, onProgress, signal }: Options,
): Promise<FoundEigenvalues> {
  const { leading } = await arnoldi(operator, {
    count: top,
    orders: {
      modulus,
      right: (v) => v.re,
      left: (v) => -v.re,
      shifted: ({ re, im }) => Math.hypot(skipScale + re, im),
    },
    seed,
    onProgress,
    signal,
  });
  const distinct = new Map(
    [...leading.modulus, ...leading.right, ...leading.left, ...leading.shifted].map((v) => [`${v.re} ${v.im}`, v]),
  );
  const [first, right, left, shifted] = [leading.modulus[0], leading.right[0], leading.left[0], leading.shifted[0]];
  return {
    method: 'arnoldi',
    values: byModulus(distinct.values()),
    complete: false,
    maxResidual: Math.max(0, ...[...distinct.values()].map((v) => v.residual)),
    radius: first ? modulus(first) : null,
    maxReal: right ? (singular ? Math.max(0, right.re) : right.re) : null,
    minReal: left ? (singular ? Math.min(0, left.re) : left.re) : null,
    shiftedRadius: shifted
      ? Math.max(Math.hypot(skipScale + shifted.re, shifted.im), singular ? Math.abs(skipScale) : 0)
      : null,
  };
}
