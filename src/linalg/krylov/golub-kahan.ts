import { RandomStream } from '../../base/random.ts';
import type { LinearOperator } from '../operator.ts';
import { Products } from '../products.ts';
import { smallSvd } from '../small-svd.ts';
import type { Spectrum, Triplet } from '../spectrum.ts';
import { dot, images, join, orthonormalize, subtractMultiple } from '../vectors.ts';
import { gramTriplets } from './gram-lanczos.ts';
import { OrthonormalBasis } from './orthonormal-basis.ts';

/** How the largest singular triplets are searched: how many, how exactly, with how large a basis. */
export interface TopOptions {
  /** How many triplets. */
  readonly count: number;
  /** Vectors a product; at least the multiplicity that is to be resolved. 8 unless told. */
  readonly block?: number;
  /** Relative residual at which a triplet counts as converged; 1e-5 unless told (operators are float32). */
  readonly tolerance?: number;
  /** Most basis vectors on either side, which is what takes the memory; 20 blocks more than `count` unless told. */
  readonly maxBasis?: number;
  /** How often a full basis is reduced to its best part and grown again; never unless told. */
  readonly restarts?: number;
  /** Look first with one basis in float32 (`gramTriplets`), which long vectors gain by. Needs a block of 1. */
  readonly gram?: boolean;
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

/** Bytes of the two bases, of what a restart puts beside them, and of the triplets with their images. */
export const bytesOfTop = (
  rows: number,
  cols: number,
  { count, block = 8, maxBasis = count + 20 * block }: TopOptions,
) => 8 * (rows + cols) * (1.5 * maxBasis + 4 * block + 3 * count);

/**
 * The leading singular triplets of a linear map from its products alone, by block Golub-Kahan bidiagonalization with full
 * reorthogonalization (Golub, Luk, Overton 1981) and thick restarts (Baglama, Reichel 2005). A block of right vectors grows to an orthonormal
 * basis Q of the Krylov space of JᵀJ; J Q = P B is kept, and the singular triplets of B are the approximations. A full basis is
 * reduced to the leading ones of these, with which J Q = P B holds as before. Every triplet carries its true residual;
 * what has not reached the tolerance is marked and is not among `values`. The start is random and fixed by the seed.
 */
export async function topSingularTriplets(operator: LinearOperator, options: TopOptions): Promise<TopSpectrum> {
  const began = performance.now();
  const { rows, cols } = operator;
  const smallest = Math.min(rows, cols);
  const count = Math.min(options.count, smallest);
  const block = Math.max(1, Math.min(options.block ?? 8, smallest));
  const { tolerance = 1e-5, onProgress, signal } = options;
  const maxBasis = Math.min(cols, options.maxBasis ?? count + 20 * block);
  const purpose = options.start ? 'golub-kahan/more' : 'golub-kahan/start';
  const stream = new RandomStream({ seed: options.seed ?? 0, purpose });
  const freshRight = () => stream.fillNormal(new Float64Array(cols));
  const freshLeft = () => stream.fillNormal(new Float64Array(rows));

  let triplets: Triplet[] = [];
  const single = { count, tolerance, maxBasis, restarts: options.restarts ?? 0, seed: options.seed ?? 0 };
  const seen = options.gram ? await gramTriplets(operator, { ...single, onProgress, signal }) : undefined;
  if (seen) return topSpectrumOf(operator, seen, began);
  const products = await Products.open();
  try {
    const room = maxBasis + block;
    const right = new OrthonormalBasis(cols, products, Math.min(cols, room));
    const left = new OrthonormalBasis(rows, products, Math.min(rows, room));
    // The columns of B as coefficients over P: those of the first right vectors; vectors after them have no image yet.
    let coefficients: Float64Array[] = [];
    let restarts = options.restarts ?? 0;
    const extendRight = async (found: Float64Array[], wanted: number) => {
      const known = right.count;
      const coordinates = found.length ? await right.extend(join(found), found.length, dependentRight) : [];
      // What was in the span already is replaced by something new.
      while (right.count < Math.min(cols, known + wanted)) await right.extend(freshRight(), 1, dependentRight);
      return coordinates.map((c) => c.subarray(known));
    };
    const start = Array.from({ length: Math.min(block, maxBasis) }, (_, i) =>
      options.start ? options.start.slice(i * cols, (i + 1) * cols) : freshRight(),
    );
    await extendRight(start, start.length);
    // Testing for convergence costs a small SVD: the basis grows by a fifth between tests.
    let nextCheck = Math.min(maxBasis, count + block);
    for (;;) {
      signal?.throwIfAborted();
      const added = right.vectors.slice(coefficients.length);
      const seen = left.count;
      const image = Float64Array.from(await operator.apply(join(added), added.length));
      coefficients.push(...(await left.extend(image, added.length, 1e-12)));
      const newLeft = left.vectors.slice(seen);
      const known = right.count;
      const full = known >= maxBasis;
      // A last basis needs no vectors after it: its triplets are judged by their own products.
      const last = full && (restarts === 0 || known >= cols);
      const back = newLeft.length && !last ? await images(newLeft, (x, n) => operator.applyTranspose(x, n)) : [];
      // Jᵀ P = Q Bᵀ but for these parts of the last images.
      const beyond = last
        ? []
        : await extendRight(back, full ? Math.max(1, back.length) : Math.min(block, maxBasis - known));
      if (known < nextCheck && !full) continue;
      nextCheck = Math.min(maxBasis, known + Math.max(2 * block, Math.ceil(known / 5)));
      const projected = projection(coefficients, left.count);
      const near = last ? count : converging(projected, count, seen, beyond, tolerance);
      onProgress?.(Math.min(1, Math.max(near / count, last ? 1 : 0)));
      if (last || near >= count) {
        const fresh = { left: freshLeft, right: freshRight };
        triplets = await ritzTriplets(operator, left, right, projected, known, count, tolerance, fresh);
        if (last || (triplets.length === count && triplets.every((t) => t.converged))) break;
      }
      if (!full) continue;
      restarts--;
      const kept = Math.min(projected.values.length, keptOf(count, block, maxBasis));
      await left.reduce(projected.u.slice(0, kept), left.count);
      await right.reduce(projected.v.slice(0, kept), known);
      coefficients = Array.from({ length: kept }, (_, i) => {
        const column = new Float64Array(kept);
        column[i] = projected.values[i]!;
        return column;
      });
      nextCheck = Math.min(maxBasis, kept + 2 * block);
    }
  } finally {
    await products.close();
  }
  return topSpectrumOf(operator, triplets, began);
}

function topSpectrumOf({ rows, cols }: LinearOperator, triplets: readonly Triplet[], began: number): TopSpectrum {
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
    complete: converged.length === Math.min(rows, cols),
    maxResidual: converged.reduce((worst, t) => Math.max(worst, t.residual), 0),
    seconds: (performance.now() - began) / 1000,
    triplets,
  };
}

/** A right vector within this of the basis, relative to its length, adds nothing. */
const dependentRight = 1e-10;

/** How many triplets outlast a restart: those wanted and their neighbours, so that the gap behind them is that of the neighbours. */
const keptOf = (count: number, block: number, maxBasis: number) =>
  Math.max(1, Math.min(maxBasis - block, Math.max(count + block, Math.floor(maxBasis / 2))));

/** The projection Pᵀ J Q, taken apart; a map without any image has an empty P. */
function projection(coefficients: readonly Float64Array[], lefts: number): ReturnType<typeof smallSvd> {
  const [m, n] = [Math.max(1, lefts), coefficients.length];
  const b = new Float64Array(m * n);
  coefficients.forEach((column, j) => {
    column.forEach((value, i) => {
      b[i * n + j] = value;
    });
  });
  return smallSvd(b, m, n);
}

/**
 * How many leading triplets seem to have converged: the residual Jᵀ P u - s Q v is what the images of the last left vectors, those from `from` on,
 * have `beyond` Q.
 */
function converging(
  { u, values }: ReturnType<typeof smallSvd>,
  count: number,
  from: number,
  beyond: readonly Float64Array[],
  tolerance: number,
): number {
  const size = Math.max(0, ...beyond.map((b) => b.length));
  for (let i = 0; i < Math.min(count, values.length); i++) {
    const residual = new Float64Array(size);
    beyond.forEach((coordinates, l) => {
      coordinates.forEach((c, k) => {
        residual[k]! += c * u[i]![from + l]!;
      });
    });
    if (!(Math.hypot(...residual) <= tolerance * values[0]!)) return i;
  }
  return Math.min(count, values.length);
}

async function ritzTriplets(
  operator: LinearOperator,
  left: OrthonormalBasis,
  right: OrthonormalBasis,
  { u, values, v }: ReturnType<typeof smallSvd>,
  known: number,
  count: number,
  tolerance: number,
  fresh: { left: () => Float64Array; right: () => Float64Array },
): Promise<Triplet[]> {
  const wanted = Math.min(count, known);
  const rank = values.findIndex((value) => value <= 1e-14 * values[0]!);
  const positive = rank < 0 ? values.length : rank;
  const nonzero = Math.min(wanted, positive);
  const lefts = await left.combine(u.slice(0, nonzero));
  // Vectors that have no image yet take no part.
  const none = new Array<number>(right.count - known).fill(0);
  const rights = await right.combine(v.slice(0, nonzero).map((w) => [...w, ...none]));
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
