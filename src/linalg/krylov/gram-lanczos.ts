import { RandomStream } from '../../base/random.ts';
import type { LinearOperator } from '../operator.ts';
import { smallEigen } from '../small-eigen.ts';
import type { Triplet } from '../spectrum.ts';
import { dot, norm, scale, subtractMultiple } from '../vectors.ts';
import { openKernels } from '../wasm.ts';

export interface GramOptions {
  readonly count: number;
  /** Residual of a triplet that will do, relative to the largest value. */
  readonly tolerance: number;
  /** Most basis vectors. */
  readonly maxBasis: number;
  /** How often a full basis is reduced to its best part. */
  readonly restarts: number;
  readonly seed: number;
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where less than this is left of a vector, it goes through the basis once more (Daniel, Gragg, Kaufman, Stewart 1976). */
const mostLost = Math.SQRT1_2;

/**
 * The leading singular triplets of a map with long vectors: thick-restart Lanczos (Wu, Simon 2000) with full orthogonalization on JᵀJ, or JJᵀ where that is smaller, with one basis in float32. Against a
 * search with bases on both sides in float64 it moves an eighth of the memory, which is what such a search takes its time for. It cannot tell a value below about 1e-3 of the
 * largest: undefined where the search does not end within the restarts, or a triplet's true residual is above the tolerance.
 */
export async function gramTriplets(operator: LinearOperator, options: GramOptions): Promise<Triplet[] | undefined> {
  const { count, tolerance, maxBasis, seed, onProgress, signal } = options;
  const onRight = operator.cols <= operator.rows;
  const size = onRight ? operator.cols : operator.rows;
  const there = (x: Float32Array) => (onRight ? operator.apply(x, 1) : operator.applyTranspose(x, 1));
  const back = (x: Float32Array) => (onRight ? operator.applyTranspose(x, 1) : operator.apply(x, 1));
  const padded = Math.ceil(size / 16) * 16;
  const halves = padded / 2;
  const { kernels, address, array } = await openKernels({
    basis: (maxBasis + 1) * halves,
    image: halves,
    kept: Math.ceil(0.5 * maxBasis + 1) * halves,
    along: maxBasis + 1,
  });
  const floats = (at: number) => new Float32Array(kernels.memory.buffer, at, padded);
  const vector = (i: number) => address.basis + 4 * padded * i;
  const start = new RandomStream({ seed, purpose: 'golub-kahan/start' }).fillNormal(new Float64Array(size));
  scale(start, 1 / norm(start));
  floats(vector(0)).set(start);

  // T = Vᵀ A V, with what A does to the last vector beyond V.
  const t = new Float64Array(maxBasis * maxBasis);
  let known = 0;
  /** Ritz vectors at the beginning of the basis. */
  let kept = 0;
  for (let restarts = 0; ; restarts++) {
    let beyond = 0;
    let [ritz, near] = [projected(t, maxBasis, known), 0];
    for (; known < maxBasis; ) {
      signal?.throwIfAborted();
      const image = await back((await there(floats(vector(known)).slice(0, size))) as Float32Array);
      floats(address.image).set(image as Float32Array);
      const length = Math.sqrt(kernels.squared32(address.image, padded));
      // In exact arithmetic there is something along the last two vectors alone, and after a restart along all: that goes first, so that the pass through the whole basis takes rounding away and keeps orthogonality.
      let from = Math.max(known === kept ? 0 : known - 1, 0);
      let left = length;
      for (let pass = 0; pass < 3; pass++) {
        const before = left;
        kernels.project32(vector(from), known + 1 - from, padded, address.image, address.along);
        for (let i = from; i <= known; i++) {
          const at = i * maxBasis + known;
          t[at]! += array.along[i - from]!;
          t[known * maxBasis + i] = t[at]!;
        }
        left = Math.sqrt(kernels.squared32(address.image, padded));
        if (from === 0 && pass > 0 && left > mostLost * before) break;
        from = 0;
      }
      known++;
      beyond = left;
      ritz = projected(t, maxBasis, known);
      near = settled(ritz, beyond, count, tolerance);
      // An invariant space: the map has no more than it holds.
      if (!(left > 1e-6 * length)) break;
      kernels.scaled32(1 / left, address.image, vector(known), padded);
      if (known > count && near >= count) break;
    }
    const { values, vectors } = ritz;
    onProgress?.(Math.min(1, near / count));
    const invariant = known < maxBasis && near < count;
    if (near >= count || invariant) {
      const found = await tripletsOf(vectors.slice(0, count));
      return found.length === count && found.every((f) => f.converged) ? found : undefined;
    }
    if (restarts >= options.restarts) return undefined;
    // Half of the basis outlasts a restart: the wanted ones and their neighbours.
    const keeping = Math.min(maxBasis - 2, Math.max(count + 2, Math.floor(maxBasis / 2)));
    for (let i = 0; i < keeping; i++) {
      array.along.set(vectors[i]!);
      const at = address.kept + 4 * padded * i;
      floats(at).fill(0);
      kernels.combine32(address.basis, known, padded, address.along, 1, at);
    }
    const memory = new Uint8Array(kernels.memory.buffer);
    memory.copyWithin(vector(keeping), vector(known), vector(known + 1));
    memory.copyWithin(address.basis, address.kept, address.kept + 4 * padded * keeping);
    t.fill(0);
    for (let i = 0; i < keeping; i++) t[i * maxBasis + i] = values[i]!;
    known = kept = keeping;
  }

  async function tripletsOf(weights: readonly ArrayLike<number>[]): Promise<Triplet[]> {
    const found: { value: number; own: Float64Array; other: Float64Array }[] = [];
    for (const weight of weights) {
      array.along.set(weight);
      floats(address.image).fill(0);
      kernels.combine32(address.basis, known, padded, address.along, 1, address.image);
      const own = Float64Array.from(floats(address.image).subarray(0, size));
      scale(own, 1 / norm(own));
      const other = Float64Array.from((await there(Float32Array.from(own))) as Float32Array);
      const value = norm(other);
      if (!(value > 0)) return [];
      scale(other, 1 / value);
      found.push({ value, own, other });
    }
    found.sort((a, b) => b.value - a.value);
    const largest = found[0]!.value;
    const triplets: Triplet[] = [];
    for (const { value, own, other } of found) {
      const image = Float64Array.from((await back(Float32Array.from(other))) as Float32Array);
      subtractMultiple(image, value, own);
      const residual = Math.sqrt(dot(image, image)) / largest;
      const [left, right] = onRight ? [other, own] : [own, other];
      triplets.push({ value, left, right, residual, converged: residual <= tolerance });
    }
    return triplets;
  }
}

function projected(t: Float64Array, stride: number, n: number) {
  const small = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) small[i * n + j] = t[i * stride + j]!;
  return smallEigen(small, n);
}

/** How many leading values have a residual that will do: that of an eigenvalue θ is |beyond y_last|, and of the singular value √θ that over √θ. */
function settled(
  { values, vectors }: ReturnType<typeof smallEigen>,
  beyond: number,
  count: number,
  tolerance: number,
): number {
  const n = values.length;
  const largest = Math.sqrt(Math.max(0, values[0] ?? 0));
  for (let i = 0; i < Math.min(count, n); i++) {
    const value = Math.sqrt(Math.max(0, values[i]!));
    if (!(Math.abs(beyond * vectors[i]![n - 1]!) <= 0.5 * tolerance * value * largest)) return i;
  }
  return Math.min(count, n);
}
