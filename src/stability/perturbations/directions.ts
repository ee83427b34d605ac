import { RandomStream } from '../../base/random.ts';
import { type Box, type Norm, normOf } from './geometry.ts';

export const noiseNames = ['gaussian', 'uniform', 'sign'] as const;
export type Noise = (typeof noiseNames)[number];

/**
 * One random direction: independent normal values, values uniform in [-1, 1], or signs. Keyed by seed, purpose and `index`, so that an
 * image gets the same one whatever else is asked for; what is for another control has a `use` of its own.
 */
export function noiseDirection(
  noise: Noise,
  size: number,
  key: { seed: number; index: number },
  use?: 'directed',
): Float32Array {
  const { seed, index } = key;
  const stream = new RandomStream({ seed, index, purpose: ['perturbation', ...(use ? [use] : []), noise].join('/') });
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

/** Where a non-decreasing, piecewise linear function is `wanted`, by Newton's steps inside of a bracket that they narrow. */
function whereItIs(
  wanted: number,
  of: (at: number) => { readonly value: number; readonly slope: number },
  { start, tolerance }: { readonly start: number; readonly tolerance: number },
): number {
  let [below, above] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let [at, stride] = [start, Math.max(1, Math.abs(start))];
  for (let i = 0; i < 100; i++) {
    const { value, slope } = of(at);
    if (Math.abs(value - wanted) <= tolerance) break;
    if (value < wanted) below = at;
    else above = at;
    const next = at + (wanted - value) / slope;
    if (next > below && next < above && Number.isFinite(next)) at = next;
    else if (Number.isFinite(above - below)) at = (below + above) / 2;
    else {
      // All is clipped here: farther away, where some of it may not be.
      at += value < wanted ? stride : -stride;
      stride *= 2;
    }
  }
  return at;
}

/**
 * `origin` moved as far as `like` is long and as far along `along` as `like` goes along it; what is orthogonal to `along` comes from `noise`. In a box it is
 * the point nearest to `origin` plus a multiple of `noise`, among those of the box with that component; the multiple is the one that gives the length
 * (relative errors below 1e-5). Where the box does not let it be as long it is shorter; where `along` is zero it is `noise` of that length.
 */
export function movedAlong(
  origin: Float32Array,
  noise: Float32Array,
  { like, along, box }: { readonly like: Float32Array; readonly along: Float32Array; readonly box: Box | null },
): Float32Array {
  const size = origin.length;
  const length = normOf('l2', like, 0, size);
  const steepness = normOf('l2', along, 0, size);
  if (steepness === 0) return movedTo(origin, noise, length, { norm: 'l2', box });
  const { low, high } = box ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  // What is lost beside the steepest pixels anyhow would make the search below run through all orders of magnitude.
  const g = Float64Array.from(along, (v) => (Math.abs(v) < 1e-9 * steepness ? 0 : v / steepness));
  const dot = (a: ArrayLike<number>) => g.reduce((sum, v, i) => sum + v * a[i]!, 0);
  const [component, overlap] = [dot(like), dot(noise)];
  const rest = Float64Array.from(noise, (v, i) => v - overlap * g[i]!);
  const kept = (move: number, i: number) => Math.min(high - origin[i]!, Math.max(low - origin[i]!, move));
  let factor = component;
  /** Takes the factor of `g` that gives the component beside `share` times the noise; how long the move is then. */
  const reached = (share: number): number => {
    const componentAt = (at: number) => {
      let [value, slope] = [0, 0];
      for (let i = 0; i < size; i++) {
        const free = at * g[i]! + share * rest[i]!;
        const move = kept(free, i);
        value += g[i]! * move;
        if (move === free) slope += g[i]! ** 2;
      }
      return { value, slope };
    };
    factor = whereItIs(component, componentAt, { start: factor, tolerance: 1e-7 * length });
    let squares = 0;
    for (let i = 0; i < size; i++) squares += kept(factor * g[i]! + share * rest[i]!, i) ** 2;
    return Math.sqrt(squares);
  };
  const width = Math.sqrt(rest.reduce((sum, v) => sum + v * v, 0));
  // Without a box this is the share. In one the length grows with it: double until it is enough, then halve the interval. Beyond 2^24 times it the component would be lost to rounding.
  let [from, to] = [0, width > 0 ? Math.sqrt(Math.max(0, length ** 2 - component ** 2)) / width : 0];
  let found = reached(to);
  for (let i = 0; i < 24 && to > 0 && found < length * (1 - 1e-6); i++) {
    [from, to] = [to, 2 * to];
    found = reached(to);
  }
  for (let i = 0; i < 60 && found > length * (1 + 1e-6) && to - from > 1e-7 * to; i++) {
    const middle = (from + to) / 2;
    const here = reached(middle);
    if (here < length) from = middle;
    else [to, found] = [middle, here];
  }
  reached(to);
  return origin.map((value, i) => Math.min(high, Math.max(low, value + factor * g[i]! + to * rest[i]!)));
}
