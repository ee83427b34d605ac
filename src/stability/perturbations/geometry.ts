/** Norms, balls and boxes for blocks of `count` vectors of `size` elements that stand one after another. */

export type Norm = 'linf' | 'l2';

/** Where values may lie; pixels in [0, 1], inner values of a network anywhere. */
export interface Box {
  readonly low: number;
  readonly high: number;
}

export const pixelBox: Box = { low: 0, high: 1 };

/** Norm of the vector at position `item` of a block. */
export function normOf(norm: Norm, block: Float32Array, item: number, size: number): number {
  let found = 0;
  for (let i = item * size; i < (item + 1) * size; i++) {
    const value = block[i]!;
    if (norm === 'l2') found += value * value;
    else found = Math.max(found, Math.abs(value));
  }
  return norm === 'l2' ? Math.sqrt(found) : found;
}

/** a - b, element by element. */
export function difference(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]!);
}

/**
 * Moves every vector of `x` back into the ball of its radius around its vector of `origin`, and into the box, in place. (First the ball,
 * then the box: the box holds the origin, so the second step does not leave the ball.)
 */
export function projectInto(
  x: Float32Array,
  origin: Float32Array,
  radii: Float32Array,
  { norm, box, size }: { readonly norm: Norm; readonly box: Box | null; readonly size: number },
): void {
  const { low, high } = box ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  radii.forEach((radius, item) => {
    const [first, end] = [item * size, (item + 1) * size];
    let [scale, reach] = [1, radius];
    if (norm === 'l2') {
      let squares = 0;
      for (let i = first; i < end; i++) squares += (x[i]! - origin[i]!) ** 2;
      scale = Math.min(1, radius / Math.max(Math.sqrt(squares), Number.MIN_VALUE));
      reach = Number.POSITIVE_INFINITY;
    }
    for (let i = first; i < end; i++) {
      const from = origin[i]!;
      const step = Math.min(reach, Math.max(-reach, scale * (x[i]! - from)));
      x[i] = Math.min(high, Math.max(low, from + step));
    }
  });
}

/**
 * Adds to every vector of `x` the step of steepest ascent of length `steps[item]` in the norm: its sign times the length (linf), or the
 * unit vector times the length (l2). A gradient of zero moves nothing.
 */
export function ascend(
  x: Float32Array,
  gradient: Float32Array,
  steps: Float32Array,
  { norm, size }: { readonly norm: Norm; readonly size: number },
): void {
  steps.forEach((step, item) => {
    const length = norm === 'l2' ? normOf('l2', gradient, item, size) : 0;
    const factor = length > 0 ? step / length : 0;
    for (let i = item * size; i < (item + 1) * size; i++) {
      x[i]! += norm === 'l2' ? factor * gradient[i]! : step * Math.sign(gradient[i]!);
    }
  });
}

/** Copies the vector at `item` of `from` to the same place of `to`. */
export function copyItem(to: Float32Array, from: Float32Array, item: number, size: number): void {
  to.set(from.subarray(item * size, (item + 1) * size), item * size);
}

/** The vectors of a block at these positions, in this order. */
export function pick(block: Float32Array, positions: readonly number[], size: number): Float32Array {
  const out = new Float32Array(positions.length * size);
  positions.forEach((from, to) => {
    out.set(block.subarray(from * size, (from + 1) * size), to * size);
  });
  return out;
}
