import { UsageError } from '../errors.ts';

export type Split = 'train' | 'test';

/** Labelled images in memory. */
export interface ImageDataset {
  readonly name: string;
  /** Names of the classes, by label. */
  readonly classes: readonly string[];
  readonly count: number;
  /** Channels (red, green, blue), height, width. */
  readonly shape: readonly [3, number, number];
  /** [count, 3, height, width], 0 .. 255. */
  readonly pixels: Uint8Array;
  /** [count], 0 .. classes.length - 1. */
  readonly labels: Uint8Array | Int32Array;
  /** [count, height, width], segmentation data only: the class of every pixel, `classes.length` for background. */
  readonly masks?: Uint8Array;
}

/** Every value that a pixel can have, in [0, 1]. */
const unit = Float32Array.from({ length: 256 }, (_, value) => value / 255);

/** The images at `indices` as pixels in [0, 1], [indices.length, 3, height, width]. Throws UsageError for an index out of range. */
export function toFloat(dataset: ImageDataset, indices: readonly number[]): Float32Array {
  const { shape, pixels, count, name } = dataset;
  const size = shape[0] * shape[1] * shape[2];
  const out = new Float32Array(indices.length * size);
  indices.forEach((index, i) => {
    if (!(Number.isInteger(index) && index >= 0 && index < count)) {
      throw new UsageError(`image ${index} is out of range: ${name} has images 0 to ${count - 1}`);
    }
    const [to, from] = [i * size, index * size];
    for (let p = 0; p < size; p++) out[to + p] = unit[pixels[from + p]!]!;
  });
  return out;
}
