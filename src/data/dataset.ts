import { UsageError } from '../base/errors.ts';

/** The splits of every data set. */
export type Split = 'train' | 'test';

/** Splits of data that come with a validation set of their own. */
export type ThreeSplit = Split | 'valid';

/** Labelled images in memory. */
export interface ImageDataset {
  readonly name: string;
  /** Names of the classes, by label; empty where images have no labels and no masks. */
  readonly classes: readonly string[];
  readonly count: number;
  /** Channels (red, green, blue, or grey alone), height, width. */
  readonly shape: readonly [1 | 3, number, number];
  /** [count, channels, height, width], 0 .. 255. */
  readonly pixels: Uint8Array;
  /** [count], 0 .. classes.length - 1; empty for images without labels: those with masks alone, and one's own pictures without classes. */
  readonly labels: Uint8Array | Int32Array;
  /** [count, height, width], segmentation data only: the class of every pixel, 0 .. maskClasses.length - 1, or `ignoreLabel`. */
  readonly masks?: Uint8Array;
  /** Names of the classes of `masks`, by value; there whenever `masks` is. */
  readonly maskClasses?: readonly string[];
  /** The value in `masks` that counts in no loss and no score; none where every pixel counts. */
  readonly ignoreLabel?: number;
  /** What a user should know of how the files were read: what was passed over, which split stands for which. */
  readonly notes?: readonly string[];
}

/** Every value that a pixel can have, in [0, 1]. */
export const unit = Float32Array.from({ length: 256 }, (_, value) => value / 255);

/** Throws UsageError when the data set has no image of this index. */
export function requireIndex({ name, count }: ImageDataset, index: number): void {
  if (!(Number.isInteger(index) && index >= 0 && index < count)) {
    throw new UsageError(`image ${index} is out of range: ${name} has images 0 to ${count - 1}`);
  }
}

/** Throws RangeError when an array that was given to be filled has another length than what goes into it. */
export function requireLength(into: { readonly length: number }, expected: number): void {
  if (into.length !== expected)
    throw new RangeError(`the array to fill has ${into.length} elements, expected ${expected}`);
}

/**
 * The images at `indices` as pixels in [0, 1], [indices.length, channels, height, width], in `into` where it is given.
 * Throws UsageError for an index out of range.
 */
export function toFloat(dataset: ImageDataset, indices: ArrayLike<number>, into?: Float32Array): Float32Array {
  const { shape, pixels } = dataset;
  const size = shape[0] * shape[1] * shape[2];
  const out = into ?? new Float32Array(indices.length * size);
  requireLength(out, indices.length * size);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    requireIndex(dataset, index);
    const [to, from] = [i * size, index * size];
    for (let p = 0; p < size; p++) out[to + p] = pixels[from + p]! / 255;
  }
  return out;
}
