import { RandomStream } from '../../base/random.ts';
import type { LinearOperator } from '../operator.ts';
import { Products } from '../products.ts';
import { smallSvd } from '../small-svd.ts';
import type { Spectrum } from '../spectrum.ts';
import { dot, images, join, orthonormalize, subtractMultiple } from '../vectors.ts';
import { OrthonormalBasis } from './orthonormal-basis.ts';

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

/** How the largest singular triplets are searched: how many, how exactly, with how large a basis. */
export interface TopOptions {
  /** How many triplets. */
  readonly count: number;
  /** Vectors a product; at least the multiplicity that is to be resolved. 8 unless told. */
  readonly block?: number;
  /** Relative residual at which a triplet counts as converged; 1e-5 unless told (operators are float32). */
  readonly tolerance?: number;
  /** Most basis vectors; 20 blocks more than `count` unless told. */
  readonly maxBasis?: number;
  readonly seed?: number;
  /** The first block, [block, cols], for callers that take many maps: drawing it can take longer than the rest. Random by the seed unless told. */
  readonly start?: Float64Array | undefined;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The largest singular triplets, and whether they converged. */
export interface TopSpectrum extends Spectrum {
  /** The `count` leading triplets found, converged or not; `values` holds the converged ones only. */
  readonly triplets: readonly Triplet[];
}

/**
 * The leading singular triplets of a linear map from its products alone, by block Golub-Kahan bidiagonalisation with full
 * reorthogonalisation (Golub, Luk, Overton 1981). A block of right vectors grows to an orthonormal basis Q of the Krylov space of
 * JᵀJ; J Q is kept, and the singular triplets of its projection are the approximations. Every one carries its true residual;
 * what has not reached the tolerance is marked and is not among `values`. The start is random and fixed by the seed.
 */
export async function topSingularTriplets(operator: LinearOperator, options: TopOptions): Promise<TopSpectrum> {
  const began = performance.now();
  const { rows, cols } = operator;
  const smallest = Math.min(rows, cols);
  const count = Math.min(options.count, smallest);
  const block = Math.max(1, Math.min(options.block ?? 8, smallest));
  const tolerance = options.tolerance ?? 1e-5;
  const maxBasis = Math.min(cols, options.maxBasis ?? count + 20 * block);
  const purpose = options.start ? 'golub-kahan/more' : 'golub-kahan/start';
  const stream = new RandomStream({ seed: options.seed ?? 0, purpose });
  const freshRight = () => stream.fillNormal(new Float64Array(cols));
  const freshLeft = () => stream.fillNormal(new Float64Array(rows));

  let triplets: Triplet[] = [];
  const products = await Products.open();
  try {
    // J Q = P B with Q, P orthonormal; B's entries are kept as the columns of coefficients over P.
    const right = new OrthonormalBasis(cols, products, maxBasis);
    const left = new OrthonormalBasis(rows, products, maxBasis);
    const coefficients: Float64Array[] = [];
    let next: Float64Array[] = Array.from({ length: Math.min(block, maxBasis) }, (_, i) =>
      options.start ? options.start.slice(i * cols, (i + 1) * cols) : freshRight(),
    );
    // Testing for convergence costs a small SVD and two products: the basis grows by a fifth between tests.
    let nextCheck = Math.min(maxBasis, count + block);
    for (;;) {
      options.signal?.throwIfAborted();
      const known = right.count;
      await right.extend(join(next), next.length, 1e-10);
      // What was in the span already is replaced by something new.
      while (right.count < known + next.length) await right.extend(freshRight(), 1, 1e-10);
      const added = right.vectors.slice(known);
      const seen = left.count;
      const image = Float64Array.from(await operator.apply(join(added), added.length));
      coefficients.push(...(await left.extend(image, added.length, 1e-12)));
      const newLeft = left.vectors.slice(seen);
      const done = right.count >= maxBasis;
      const back = newLeft.length && !done ? await images(newLeft, (x, n) => operator.applyTranspose(x, n)) : [];
      if (right.count >= nextCheck) {
        nextCheck = Math.min(maxBasis, right.count + Math.max(2 * block, Math.ceil(right.count / 5)));
        triplets = await ritzTriplets(operator, left, right, coefficients, count, tolerance, {
          left: freshLeft,
          right: freshRight,
        });
        const converged = triplets.filter((t) => t.converged).length;
        options.onProgress?.(Math.min(1, Math.max(converged / count, right.count / maxBasis)));
        if (done || (triplets.length === count && converged === count)) break;
      }
      next = back.slice(0, maxBasis - right.count);
      while (next.length < Math.min(block, maxBasis - right.count)) next.push(freshRight());
    }
  } finally {
    await products.close();
  }
  const converged: Triplet[] = [];
  // Only an unbroken run from the top is a list of the largest values.
  for (const t of triplets) {
    if (!t.converged) break;
    converged.push(t);
  }
  return {
    method: 'lanczos',
    shape: [rows, cols],
    values: Float64Array.from(converged, (t) => t.value),
    complete: converged.length === smallest,
    maxResidual: converged.reduce((worst, t) => Math.max(worst, t.residual), 0),
    seconds: (performance.now() - began) / 1000,
    triplets,
  };
}

async function ritzTriplets(
  operator: LinearOperator,
  left: OrthonormalBasis,
  right: OrthonormalBasis,
  coefficients: readonly Float64Array[],
  count: number,
  tolerance: number,
  fresh: { left: () => Float64Array; right: () => Float64Array },
): Promise<Triplet[]> {
  // The projection Pᵀ J Q; a map without any image has an empty P.
  const [m, n] = [Math.max(1, left.count), right.count];
  const b = new Float64Array(m * n);
  coefficients.forEach((column, j) => {
    column.forEach((value, i) => {
      b[i * n + j] = value;
    });
  });
  const { u, values, v } = smallSvd(b, m, n);
  const wanted = Math.min(count, n);
  const rank = values.findIndex((value) => value <= 1e-14 * values[0]!);
  const positive = rank < 0 ? values.length : rank;
  const known = Math.min(wanted, positive);
  const lefts = await left.combine(u.slice(0, known));
  const rights = await right.combine(v.slice(0, known));
  // A zero value belongs to any left vector orthogonal to the range and any right vector orthogonal to the row space.
  while (lefts.length < wanted) lefts.push(orthonormalize(fresh.left(), lefts, fresh.left));
  while (rights.length < wanted) rights.push(orthonormalize(fresh.right(), rights, fresh.right));
  const found = lefts.map((vector, i) => ({ value: i < positive ? values[i]! : 0, left: vector, right: rights[i]! }));
  const forward = await images(
    found.map((t) => t.right),
    (x, n) => operator.apply(x, n),
  );
  const backward = await images(
    found.map((t) => t.left),
    (x, n) => operator.applyTranspose(x, n),
  );
  const largest = Math.max(found[0]!.value, Number.MIN_VALUE);
  return found.map((t, i) => {
    subtractMultiple(forward[i]!, t.value, t.left);
    subtractMultiple(backward[i]!, t.value, t.right);
    const residual = Math.sqrt(Math.max(dot(forward[i]!, forward[i]!), dot(backward[i]!, backward[i]!))) / largest;
    return { ...t, residual, converged: residual <= tolerance };
  });
}
