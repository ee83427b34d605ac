/** Long vectors in float64, and blocks of them; what the Krylov methods share. */
import type { VectorBlock } from './operator.ts';

export function dot(a: Float64Array, b: Float64Array): number {
  // Four sums at once: a single one would wait for each addition.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < a.length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + s2 + s3;
}

export function norm(x: Float64Array): number {
  return Math.sqrt(dot(x, x));
}

/** x <- factor x */
export function scale(x: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i]! *= factor;
}

/** y <- y - factor x */
export function subtractMultiple(y: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i]! -= factor * x[i]!;
}

/** sum_i weights[i] basis[i] */
export function combine(basis: readonly Float64Array[], weights: ArrayLike<number>): Float64Array {
  const out = new Float64Array(basis[0]!.length);
  basis.forEach((v, i) => {
    subtractMultiple(out, -weights[i]!, v);
  });
  return out;
}

/**
 * Makes `x` orthogonal to an orthonormal `basis`, in place, by two passes of modified Gram-Schmidt (twice is enough). Returns what was taken
 * away along each basis vector.
 */
export function orthogonalize(x: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const taken = new Float64Array(basis.length);
  for (let pass = 0; pass < 2; pass++) {
    basis.forEach((q, i) => {
      const along = dot(q, x);
      taken[i]! += along;
      subtractMultiple(x, along, q);
    });
  }
  return taken;
}

/** Makes `x` orthogonal to `basis` and of length 1; a vector that vanishes is drawn anew. */
export function orthonormalize(
  x: Float64Array,
  basis: readonly Float64Array[],
  fresh: () => Float64Array,
): Float64Array {
  for (let attempt = 0; attempt < 5; attempt++) {
    const before = norm(x);
    orthogonalize(x, basis);
    const left = norm(x);
    if (left > 1e-10 * before && left > 0) {
      scale(x, 1 / left);
      return x;
    }
    x = fresh();
  }
  return x;
}

/** Vectors one after another as a block. */
export function join(vectors: readonly Float64Array[]): Float64Array {
  const size = vectors[0]!.length;
  const block = new Float64Array(vectors.length * size);
  vectors.forEach((v, i) => {
    block.set(v, i * size);
  });
  return block;
}

/** The `count` vectors of a block, as copies. */
export function split(block: VectorBlock, count: number): Float64Array[] {
  const size = block.length / count;
  return Array.from({ length: count }, (_, i) => Float64Array.from(block.subarray(i * size, (i + 1) * size)));
}

/** The images of some vectors under a product that takes a block of them. */
export async function images(
  vectors: readonly Float64Array[],
  product: (block: Float64Array, count: number) => Promise<VectorBlock>,
): Promise<Float64Array[]> {
  return split(await product(join(vectors), vectors.length), vectors.length);
}
