import { movedAlong, movedTo, type Noise, noiseDirection, shuffledPixels } from './directions.ts';
import { difference, normOf, pixelBox } from './geometry.ts';

/**
 * What is followed through a network: an attack's perturbation, random noise, the attack's with its pixels in another order, and noise with the attack's
 * component along the gradient of the margin.
 */
export const kinds = ['adversarial', 'random', 'shuffled', 'directed'] as const;
export type PerturbationKind = (typeof kinds)[number];

/** Perturbed values of all kinds, at the same Euclidean distance from the clean ones, row by row. */
export interface ControlledPerturbations {
  /** Which of the attacked items the rows are: those whose perturbation is not zero. */
  readonly positions: readonly number[];
  /** What the network answers to each unperturbed row: the class of its margin. */
  readonly answers: readonly number[];
  /** Values of one row. */
  readonly size: number;
  readonly clean: Float32Array;
  readonly perturbed: Readonly<Record<PerturbationKind, Float32Array>>;
}

export interface ControlOptions {
  readonly noise: Noise;
  /** Pixels are shuffled with their channels together. */
  readonly channels: number;
  /** Whether values are pixels, kept in [0, 1]. */
  readonly pixels: boolean;
  /** Of the margin at each unperturbed item with respect to its values, as long as the items; its sign does not matter. */
  readonly gradients: Float32Array;
  /** What the network answers to each. */
  readonly answers: ArrayLike<number>;
  /** Keys the draws of each item, with the seed. */
  readonly ids: readonly number[];
  readonly seed: number;
}

/** The attack's perturbations that are not zero, and their controls at the same Euclidean norm (after clipping), item by item. */
export function withControls(
  origin: Float32Array,
  attacked: Float32Array,
  { noise, channels, pixels, gradients, answers, ids, seed }: ControlOptions,
): ControlledPerturbations {
  const size = origin.length / ids.length;
  const moved = difference(attacked, origin);
  const item = (block: Float32Array, i: number) => block.subarray(i * size, (i + 1) * size);
  const positions = ids.flatMap((_, i) => (item(moved, i).some((v) => v !== 0) ? [i] : []));
  const block = () => new Float32Array(positions.length * size);
  const perturbed = { adversarial: block(), random: block(), shuffled: block(), directed: block() };
  const clean = block();
  positions.forEach((i, row) => {
    const [x, d] = [item(origin, i), item(moved, i)];
    const length = normOf('l2', d, 0, size);
    const key = { seed, index: ids[i]! };
    const limits = { norm: 'l2' as const, box: pixels ? pixelBox : null };
    const drawn = noiseDirection(noise, size, key, 'directed');
    const directed = movedAlong(x, drawn, { like: d, along: item(gradients, i), box: limits.box });
    clean.set(x, row * size);
    perturbed.adversarial.set(item(attacked, i), row * size);
    perturbed.random.set(movedTo(x, noiseDirection(noise, size, key), length, limits), row * size);
    perturbed.shuffled.set(movedTo(x, shuffledPixels(d, channels, key), length, limits), row * size);
    perturbed.directed.set(directed, row * size);
  });
  return { positions, answers: positions.map((i) => answers[i]!), size, clean, perturbed };
}
