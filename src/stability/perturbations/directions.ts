import { RandomStream } from '../../base/random.ts';
import { type Box, type Norm, normOf } from './geometry.ts';

export const noiseNames = ['gaussian', 'uniform', 'sign'] as const;
export type Noise = (typeof noiseNames)[number];

/**
 * One random direction: independent normal values, values uniform in [-1, 1], or signs. Keyed by seed, purpose and `index`, so that an
 * image gets the same one whatever else is asked for.
 */
export function noiseDirection(noise: Noise, size: number, key: { seed: number; index: number }): Float32Array {
  const stream = new RandomStream({ ...key, purpose: `perturbation/${noise}` });
  const out = new Float32Array(size);
  if (noise === 'gaussian') return stream.fillNormal(out);
  for (let i = 0; i < size; i++) {
    const value = 2 * stream.uniform() - 1;
    out[i] = noise === 'uniform' ? value : Math.sign(value) || 1;
  }
  return out;
}

/** A perturbation [channels, ...space] with its pixels in another order: each keeps its channels together. */
export function shuffledPixels(
  direction: Float32Array,
  channels: number,
  key: { seed: number; index: number },
): Float32Array {
  const stream = new RandomStream({ ...key, purpose: 'perturbation/shuffle' });
  const pixels = direction.length / channels;
  const order = Int32Array.from({ length: pixels }, (_, i) => i);
  for (let i = pixels - 1; i > 0; i--) {
    const j = stream.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const out = new Float32Array(direction.length);
  for (let c = 0; c < channels; c++)
    for (let p = 0; p < pixels; p++) out[c * pixels + p] = direction[c * pixels + order[p]!]!;
  return out;
}

/**
 * `origin` moved along `direction` until the norm of the move, after clipping to the box, is `radius` (relative error below 1e-5); as far as
 * the box lets it where that is less. A zero direction stays.
 */
export function movedTo(
  origin: Float32Array,
  direction: Float32Array,
  radius: number,
  { norm, box }: { readonly norm: Norm; readonly box: Box | null },
): Float32Array {
  const length = normOf(norm, direction, 0, direction.length);
  const { low, high } = box ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const at = (scale: number) => origin.map((value, i) => Math.min(high, Math.max(low, value + scale * direction[i]!)));
  const reached = (scale: number) => {
    let found = 0;
    for (let i = 0; i < origin.length; i++) {
      const move = Math.min(high, Math.max(low, origin[i]! + scale * direction[i]!)) - origin[i]!;
      found = norm === 'l2' ? found + move * move : Math.max(found, Math.abs(move));
    }
    return norm === 'l2' ? Math.sqrt(found) : found;
  };
  if (length === 0 || radius === 0) return origin.slice();
  // The norm of the clipped move grows with the scale: double until it is enough, then halve the interval.
  let [from, to] = [0, radius / length];
  for (let i = 0; i < 40 && reached(to) < radius * (1 - 1e-6); i++) [from, to] = [to, 2 * to];
  for (let i = 0; i < 60 && to - from > 1e-7 * to; i++) {
    const middle = (from + to) / 2;
    if (reached(middle) < radius) from = middle;
    else to = middle;
  }
  return at(to);
}
