import type { ImageDataset } from '../data/index.ts';
import { pngDataUrl } from '../report/index.ts';

/** Images of a data set as pictures for a page. */
export function picturesOf(
  { shape: [channels, height, width], pixels }: ImageDataset,
  indices: readonly number[],
): { index: number; pngDataUrl: string }[] {
  const size = channels * height * width;
  return indices.map((index) => {
    const own = pixels.subarray(index * size, (index + 1) * size);
    // A grey picture is the same in all three colours.
    const bytes = channels === 1 ? Uint8Array.from({ length: 3 * size }, (_, i) => own[i % size]!) : own;
    return { index, pngDataUrl: pngDataUrl({ width, height, bytes }, 3) };
  });
}
