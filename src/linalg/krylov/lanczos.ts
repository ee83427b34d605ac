import { BallastError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import type { LinearOperator } from '../operator.ts';
import { smallEigen } from '../small-eigen.ts';
import { combine, images, norm, orthogonalize, orthonormalize, subtractMultiple } from '../vectors.ts';

/** An eigenvalue of a symmetric map with its unit vector. */
export interface Eigenpair {
  readonly value: number;
  readonly vector: Float64Array;
  /** ||A y - value y||, relative to the largest |eigenvalue| found. Some eigenvalue of A lies within that of `value`. */
  readonly residual: number;
}

/** How the largest and the smallest eigenvalues are searched: how many, how exactly, with how large a basis. */
export interface ExtremeEigenOptions {
  /** How many from the upper end. */
  readonly largest: number;
  /** How many from the lower end; none unless told. */
  readonly smallest?: number;
  /** Vectors a product; at least the multiplicity that is to be resolved. 1 unless told. */
  readonly block?: number;
  /** Relative residual at which a pair counts as converged; 1e-4 unless told (operators are float32). */
  readonly tolerance?: number;
  /** Most basis vectors, each as long as the map; 100 more than are wanted unless told. */
  readonly maxBasis?: number;
  readonly seed?: number;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The eigenpairs at both ends of a spectrum, with their residuals. */
export interface ExtremeEigenpairs {
  /** From the largest downwards: converged ones only, and none after one that has not. */
  readonly largest: readonly Eigenpair[];
  /** From the smallest (most negative) upwards, likewise. */
  readonly smallest: readonly Eigenpair[];
  /** Vectors that were multiplied, those for the residuals included. */
  readonly products: number;
}

/** Most basis vectors unless `maxBasis` tells. */
export const defaultBasis = (wanted: number): number => wanted + 100;

/** Throws BallastError for a map that is not square. */
export function requireSquare({ rows, cols }: LinearOperator, what: string): number {
  if (rows !== cols) throw new BallastError(`${what} needs a square map, got one of ${rows} x ${cols}`);
  return rows;
}

/** A row of pairs from one end, in the order in which they are wanted: positions among the Ritz values. */
interface Wanted {
  readonly upper: readonly number[];
  readonly lower: readonly number[];
}

/**
 * Extreme eigenpairs of a symmetric map from its products alone, by (block) Lanczos with full reorthogonalization and Rayleigh-Ritz (Parlett,
 * "The symmetric eigenvalue problem", chapters 11 and 13). What the recurrence says of convergence is checked by one more product for each
 * pair, whose true residual is given. The start is random and fixed by the seed.
 */
export async function extremeEigenpairs(
  operator: LinearOperator,
  options: ExtremeEigenOptions,
): Promise<ExtremeEigenpairs> {
  const n = requireSquare(operator, 'an eigenvalue');
  const { tolerance = 1e-4, onProgress, signal } = options;
  const [upper, lower] = [options.largest, options.smallest ?? 0].map((count) => Math.min(n, count)) as [
    number,
    number,
  ];
  const block = Math.max(1, Math.min(options.block ?? 1, n));
  const maxBasis = Math.min(n, options.maxBasis ?? defaultBasis(upper + lower));
  const stream = new RandomStream({ seed: options.seed ?? 0, purpose: 'lanczos/start' });
  const fresh = () => stream.fillNormal(new Float64Array(n));

  const basis: Float64Array[] = [];
  // Column j: the products of A q_j with the basis vectors that there were then.
  const columns: Float64Array[] = [];
  let next: Float64Array[] = Array.from({ length: Math.min(block, maxBasis) }, fresh);
  let products = 0;
  let nextCheck = Math.min(maxBasis, Math.max(10, 2 * (upper + lower)));
  for (;;) {
    signal?.throwIfAborted();
    const added = next.map((x) => {
      const q = orthonormalize(x, basis, fresh);
      basis.push(q);
      return q;
    });
    const beyond = await images(added, (x, count) => operator.apply(x, count));
    products += added.length;
    for (const image of beyond) columns.push(orthogonalize(image, basis));
    next = beyond.slice(0, maxBasis - basis.length);
    const done = basis.length >= maxBasis;
    // Progress is bounded by the basis; most often convergence ends it sooner.
    onProgress?.(basis.length / maxBasis);
    if (basis.length < nextCheck && !done) continue;
    nextCheck = Math.min(maxBasis, basis.length + Math.max(2 * block, Math.ceil(basis.length / 5)));

    const m = basis.length;
    const ritz = smallEigen(projection(columns), m);
    const scale = Math.max(Math.abs(ritz.values[0]!), Math.abs(ritz.values[m - 1]!), Number.MIN_VALUE);
    // What is left of A Q - Q T is in the columns of the last block.
    const left = beyond.map(norm);
    const estimates = ritz.vectors.map((w) => left.reduce((s, r, i) => s + r * Math.abs(w[m - left.length + i]!), 0));
    const converging = (position: number) => estimates[position]! <= tolerance * scale;
    const ends: Wanted = {
      upper: unbroken(
        Array.from({ length: Math.min(upper, m) }, (_, i) => i),
        converging,
      ),
      lower: unbroken(
        Array.from({ length: Math.min(lower, m) }, (_, i) => m - 1 - i),
        converging,
      ),
    };
    if (!done && ends.upper.length + ends.lower.length < upper + lower) continue;
    const pairs = new Map<number, Eigenpair>();
    for (const position of new Set([...ends.upper, ...ends.lower])) {
      signal?.throwIfAborted();
      const vector = combine(basis, ritz.vectors[position]!);
      const value = ritz.values[position]!;
      const [image] = await images([vector], (x, count) => operator.apply(x, count));
      products++;
      subtractMultiple(image!, value, vector);
      pairs.set(position, { value, vector, residual: norm(image!) / scale });
    }
    const converged = (positions: readonly number[]) =>
      unbroken(positions, (position) => pairs.get(position)!.residual <= tolerance).map((p) => pairs.get(p)!);
    const [largest, smallest] = [converged(ends.upper), converged(ends.lower)];
    if (done || largest.length + smallest.length === upper + lower) return { largest, smallest, products };
  }
}

/** The positions before the first one that does not hold: only an unbroken run is a list of the extreme values. */
function unbroken(positions: readonly number[], holds: (position: number) => boolean): readonly number[] {
  const end = positions.findIndex((position) => !holds(position));
  return end < 0 ? positions : positions.slice(0, end);
}

/** Qᵀ A Q from its upper half. */
function projection(columns: readonly Float64Array[]): Float64Array {
  const m = columns.length;
  const t = new Float64Array(m * m);
  columns.forEach((column, j) => {
    for (let i = 0; i <= j; i++) t[i * m + j] = t[j * m + i] = column[i]!;
  });
  return t;
}
