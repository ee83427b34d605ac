import { createHash } from 'node:crypto';
import type { ImageDataset } from './dataset.ts';
import { isText, type TextDataset } from './sets/text.ts';

const known = new WeakMap<ImageDataset | TextDataset, string>();

const bytesOf = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

/**
 * The content identity of loaded data, in 64 hexadecimal digits: the SHA-256 of its pixels, labels and masks, or of its tokens, with their sizes.
 * Equal for data of the same content, wherever it lies and whatever it and its classes are called; any other image, label, order or number of
 * classes gives another. A gigabyte takes about a second; it is computed once for each loaded set, whose arrays must not change afterwards.
 */
export function dataIdentity(data: ImageDataset | TextDataset): string {
  const before = known.get(data);
  if (before !== undefined) return before;
  const hash = createHash('sha256');
  // The sizes come first, so that bytes cannot move from one array to the next unseen.
  if (isText(data)) {
    const { tokens, vocabulary } = data;
    hash.update(JSON.stringify(['text', tokens.length, vocabulary.length])).update(bytesOf(tokens));
  } else {
    const { count, shape, classes, pixels, labels, masks, maskClasses, ignoreLabel = null } = data;
    const sizes = [count, shape, classes.length, labels.length, masks?.length, maskClasses?.length, ignoreLabel];
    hash.update(JSON.stringify(['images', ...sizes])).update(bytesOf(pixels));
    // Of one width: how labels are kept is no part of what they are.
    hash.update(bytesOf(Int32Array.from(labels)));
    if (masks) hash.update(bytesOf(masks));
  }
  const found = hash.digest('hex');
  known.set(data, found);
  return found;
}
