import { UsageError } from '../base/errors.ts';
import { RandomStream } from '../base/random.ts';
import type { ImageDataset } from './dataset.ts';
import { shuffle } from './order.ts';

/** The examples of each class in order; all of them as one class where images have no label. */
function byClass({ count, classes, labels }: ImageDataset): readonly Int32Array[] {
  if (labels.length === 0) return [Int32Array.from({ length: count }, (_, i) => i)];
  const members: number[][] = classes.map(() => []);
  labels.forEach((label, i) => {
    members[label]!.push(i);
  });
  return members.map((list) => Int32Array.from(list));
}

/** The given images of a data set as one of their own. */
function select(dataset: ImageDataset, indices: Int32Array): ImageDataset {
  const { shape, pixels, labels, masks } = dataset;
  const area = shape[1] * shape[2];
  const gather = (from: Uint8Array, size: number): Uint8Array => {
    const out = new Uint8Array(indices.length * size);
    indices.forEach((index, i) => {
      out.set(from.subarray(index * size, (index + 1) * size), i * size);
    });
    return out;
  };
  return {
    ...dataset,
    count: indices.length,
    pixels: gather(pixels, shape[0] * area),
    labels: labels.length === 0 ? labels : Int32Array.from(indices, (index) => labels[index]!),
    ...(masks && { masks: gather(masks, area) }),
  };
}

/**
 * A fraction of a data set: the same fraction of every class (to the nearest image, at least one), drawn at random, in the order of the
 * whole. With one seed the subsets are nested: the 25 % are among the 50 %.
 *
 * @param fraction Above 0, at most 1 (the data set itself).
 */
export function subset(dataset: ImageDataset, fraction: number, seed: number): ImageDataset {
  if (!(fraction > 0 && fraction <= 1)) {
    throw new UsageError(`subset: fraction must be above 0 and at most 1, got ${fraction}`);
  }
  if (fraction === 1) return dataset;
  const chosen = byClass(dataset).flatMap((members, label) => {
    const random = new RandomStream({ seed, purpose: 'subset', index: label });
    const kept = Math.min(members.length, Math.max(1, Math.round(fraction * members.length)));
    return [...shuffle(members, random).subarray(0, kept)];
  });
  return select(dataset, Int32Array.from(chosen).sort());
}
