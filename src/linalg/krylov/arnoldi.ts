import { RandomStream } from '../../base/random.ts';
import { type Complex, hessenbergEigenvalues, hessenbergVector, modulus } from '../nonsymmetric.ts';
import type { LinearOperator } from '../operator.ts';
import { combine, images, norm, orthogonalize, orthonormalize, scale, subtractMultiple } from '../vectors.ts';
import { requireSquare } from './lanczos.ts';

/** An eigenvalue of a map that need not be symmetric. */
export interface ComplexEigenvalue extends Complex {
  /** ‖A x - λ x‖ for its unit vector x, relative to the largest |eigenvalue| found. */
  readonly residual: number;
}

/** How the Arnoldi iteration is run: how many eigenvalues, how exactly, with how large a basis. */
export interface ArnoldiOptions<Order extends string> {
  /** How many leading eigenvalues, in each order; a complex pair is never cut. */
  readonly count: number;
  /** What "leading" means: larger comes first. Conjugates must have one rank. */
  readonly orders: Readonly<Record<Order, (value: Complex) => number>>;
  /** Relative residual at which an eigenvalue counts as converged; 1e-4 unless told (operators are float32). */
  readonly tolerance?: number;
  /** Most basis vectors; 300 more than `count` unless told. */
  readonly maxBasis?: number;
  readonly seed?: number;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Eigenvalues of largest modulus with their residuals. */
export interface ArnoldiResult<Order extends string> {
  /** Converged eigenvalues by order, leading first: the unbroken run from the first one, conjugates next to each other. */
  readonly leading: Readonly<Record<Order, readonly ComplexEigenvalue[]>>;
  /** Whether every order has as many as were asked for. */
  readonly complete: boolean;
  /** Vectors that the map was applied to, those for the residuals included. */
  readonly products: number;
}

/**
 * Leading eigenvalues of a linear map from its products alone, by Arnoldi's method (1951) with full reorthogonalization and without restarts.
 * A Krylov space is the same for A and A + c I, so one basis serves several orders, such as the modulus of λ and that of λ + 1.
 * Every value that is returned has a true residual, found by products. One starting vector sees a multiple eigenvalue once. Eigenvalues of
 * a map far from normal may move by much more than their residual: that is a property of the map, not of the method.
 * Throws BallastError for a map that is not square.
 */
export async function arnoldi<Order extends string>(
  operator: LinearOperator,
  options: ArnoldiOptions<Order>,
): Promise<ArnoldiResult<Order>> {
  const n = requireSquare(operator, "Arnoldi's method");
  const count = Math.min(options.count, n);
  const tolerance = options.tolerance ?? 1e-4;
  const maxBasis = Math.min(n, options.maxBasis ?? count + 300);
  const stream = new RandomStream({ seed: options.seed ?? 0, purpose: 'arnoldi/start' });
  const fresh = () => stream.fillNormal(new Float64Array(n));
  const basis = [orthonormalize(fresh(), [], fresh)];
  const columns: Float64Array[] = [];
  let products = 0;
  let nextCheck = Math.min(maxBasis, 2 * count + 10);
  for (;;) {
    options.signal?.throwIfAborted();
    const [image] = await images([basis.at(-1)!], (x, vectors) => operator.apply(x, vectors));
    products++;
    const before = norm(image!);
    const along = orthogonalize(image!, basis);
    const beyond = norm(image!);
    // Nothing left: the space is invariant, and a new direction begins another block of H.
    const ended = beyond <= 1e-13 * before || beyond === 0;
    columns.push(Float64Array.from([...along, ended ? 0 : beyond]));
    const m = columns.length;
    const done = m >= maxBasis;
    if (m >= nextCheck || done) {
      nextCheck = Math.min(maxBasis, m + Math.max(10, Math.ceil(m / 5)));
      const h = square(columns);
      const values = hessenbergEigenvalues(h, m);
      const largest = Math.max(...values.map(modulus), Number.MIN_VALUE);
      const vectors = new Map<Complex, ReturnType<typeof hessenbergVector>>();
      const vectorOf = (value: Complex) => {
        const y = vectors.get(value) ?? hessenbergVector(h, m, value);
        vectors.set(value, y);
        return y;
      };
      const estimate = (value: Complex) => {
        const y = vectorOf(value);
        return ((ended ? 0 : beyond) * Math.hypot(y.re[m - 1]!, y.im[m - 1]!) + y.residual) / largest;
      };
      const names = Object.keys(options.orders) as Order[];
      const ranked = names.map((name) => leadingOf(values, options.orders[name], count));
      const converged = ranked.flat().filter((value) => estimate(value) <= tolerance / 2).length;
      options.onProgress?.(Math.min(1, Math.max(converged / ranked.flat().length, m / maxBasis)));
      if (done || converged === ranked.flat().length) {
        const residuals = new Map<string, number>();
        const leading = {} as Record<Order, ComplexEigenvalue[]>;
        for (const [i, name] of names.entries()) {
          leading[name] = [];
          for (const value of ranked[i]!) {
            // Conjugates have conjugate vectors and one residual.
            const key = `${value.re} ${Math.abs(value.im)}`;
            let residual = residuals.get(key);
            if (residual === undefined) {
              const y = vectorOf(value);
              residual = (await trueResidual(operator, basis.slice(0, m), y, value)) / largest;
              products += 2;
              residuals.set(key, residual);
            }
            if (residual > tolerance) break;
            leading[name].push({ ...value, residual });
          }
        }
        const complete = names.every((name, i) => leading[name].length === ranked[i]!.length);
        if (complete || done) return { leading, complete, products };
      }
    }
    if (ended) basis.push(orthonormalize(fresh(), basis, fresh));
    else {
      scale(image!, 1 / beyond);
      basis.push(image!);
    }
  }
}

/** The `count` first in an order, one more where that would cut a pair; conjugates come with the positive imaginary part first. */
function leadingOf(values: readonly Complex[], rank: (value: Complex) => number, count: number): Complex[] {
  const groups = values
    .map((value, i) => ({ value, i }))
    .filter(({ value }) => value.im >= 0)
    .map(({ value, i }) => (value.im === 0 ? [value] : [value, values[i + 1]!]))
    .sort((a, b) => rank(b[0]!) - rank(a[0]!));
  const found: Complex[] = [];
  for (const group of groups) {
    if (found.length >= count) break;
    found.push(...group);
  }
  return found;
}

function square(columns: readonly Float64Array[]): Float64Array {
  const m = columns.length;
  const h = new Float64Array(m * m);
  columns.forEach((column, j) => {
    for (let i = 0; i < Math.min(m, column.length); i++) h[i * m + j] = column[i]!;
  });
  return h;
}

async function trueResidual(
  operator: LinearOperator,
  basis: readonly Float64Array[],
  y: { readonly re: Float64Array; readonly im: Float64Array },
  { re, im }: Complex,
): Promise<number> {
  const [p, q] = [combine(basis, y.re), combine(basis, y.im)];
  const [ap, aq] = await images([p, q], (x, count) => operator.apply(x, count));
  // (A - λ)(p + i q)
  subtractMultiple(ap!, re, p);
  subtractMultiple(ap!, -im, q);
  subtractMultiple(aq!, re, q);
  subtractMultiple(aq!, im, p);
  return Math.hypot(norm(ap!), norm(aq!)) / Math.hypot(norm(p), norm(q));
}
