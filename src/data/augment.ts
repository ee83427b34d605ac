import { UsageError } from '../base/errors.ts';
import { RandomStream } from '../base/random.ts';
import { type ImageDataset, requireIndex, requireLength, unit } from './dataset.ts';
import { resampleMask, resamplePicture, type Source, type Window } from './pictures/resample.ts';

/** How images are augmented. */
export interface AugmentOptions {
  readonly seed: number;
  readonly epoch: number;
  /** Black pixels added on each side before a window of the old size is cut out; 4 unless told, 0 for no crop. */
  readonly padding?: number;
  /** Mirror every other image, left for right, at random; true unless told. */
  readonly flip?: boolean;
  /**
   * Largest factor by which an image is enlarged, or made smaller, at least 1: each one's is log-uniform from 1 / zoom to zoom, and the window
   * lies anywhere in what is larger, the padded image or itself. 1, not at all, unless told.
   */
  readonly zoom?: number;
  /**
   * In [0, 1): brightness, then contrast about the mean grey, are multiplied by factors uniform in [1 - jitter, 1 + jitter]. 0 unless told.
   */
  readonly jitter?: number;
}

interface Draw {
  /** What is cut out: whole pixels at factor 1, unless images are zoomed. */
  readonly window: Window;
  readonly light?: Light;
}

interface Light {
  readonly brightness: number;
  readonly contrast: number;
}

/** One draw per (seed, epoch, example): the same in any order of the examples, on any machine, and after a resume. */
function drawFor({ shape }: ImageDataset, index: number, options: AugmentOptions): Draw {
  const { seed, epoch, padding = 4, flip = true, zoom = 1, jitter = 0 } = options;
  const offsets = 2 * padding + 1;
  const random = new RandomStream({ seed, purpose: 'augment', step: epoch, index });
  const choice = random.integer(offsets * offsets * (flip ? 2 : 1));
  const place = choice % (offsets * offsets);
  const mirrored = choice >= offsets * offsets;
  const window = isZoomed(options)
    ? zoomedWindow(shape, random, { padding, zoom, mirrored })
    : { top: Math.floor(place / offsets) - padding, left: (place % offsets) - padding, factor: 1, mirrored };
  const factor = () => 1 + jitter * (2 * random.uniform() - 1);
  return { window, ...(jitter > 0 ? { light: { brightness: factor(), contrast: factor() } } : {}) };
}

function isZoomed({ zoom = 1 }: AugmentOptions): boolean {
  return zoom > 1;
}

function zoomedWindow(
  [, height, width]: ImageDataset['shape'],
  random: RandomStream,
  { padding, zoom, mirrored }: { padding: number; zoom: number; mirrored: boolean },
): Window {
  const factor = zoom ** (2 * random.uniform() - 1);
  const corner = (size: number) => {
    const room = size - size / factor;
    return Math.min(0, room) - padding + random.uniform() * (Math.abs(room) + 2 * padding);
  };
  return { factor, top: corner(height), left: corner(width), mirrored };
}

/** ITU-R BT.601, as torchvision's grayscale. */
const greyShares = [0.2989, 0.587, 0.114];

/**
 * What each byte of an image becomes under this light: torchvision's `adjust_brightness`, then `adjust_contrast`, on values in [0, 1]: b v, then
 * c v + (1 - c) m with m the mean grey, each clipped to [0, 1].
 */
function lit({ pixels, shape }: ImageDataset, index: number, { brightness, contrast }: Light): Float32Array {
  const clip = (v: number) => Math.min(1, Math.max(0, v));
  const bright = Float64Array.from({ length: 256 }, (_, byte) => clip((brightness * byte) / 255));
  const [channels, height, width] = shape;
  const area = height * width;
  let mean = 0;
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    const start = (index * channels + channel) * area;
    for (let i = start; i < start + area; i++) sum += bright[pixels[i]!]!;
    mean += (channels === 1 ? 1 : greyShares[channel]!) * (sum / area);
  }
  return Float32Array.from(bright, (v) => clip(contrast * v + (1 - contrast) * mean));
}

function requireOptions({ epoch, padding = 4, zoom = 1, jitter = 0 }: AugmentOptions): void {
  if (!(zoom >= 1 && zoom <= 16)) throw new UsageError(`augmentation: zoom must be a factor from 1 to 16, got ${zoom}`);
  if (!(jitter >= 0 && jitter < 1))
    throw new UsageError(`augmentation: jitter must be from 0 to below 1, got ${jitter}`);
  if (!(Number.isInteger(padding) && padding >= 0 && padding < 1024)) {
    throw new UsageError(`augmentation: padding must be a whole number of pixels from 0 to 1023, got ${padding}`);
  }
  if (!(Number.isInteger(epoch) && epoch >= 0)) {
    throw new UsageError(`augmentation: epoch must be a whole number from 0, got ${epoch}`);
  }
}

/** Fills `out` from `at` on with a window of whole pixels, perhaps mirrored; `value` maps the bytes. */
function cut(
  { bytes, start, shape: [planes, height, width] }: Source,
  { top, left, mirrored }: Window,
  value: ArrayLike<number>,
  outside: number,
  out: Float32Array | Int32Array,
  at: number,
): void {
  // Columns x of the window, before mirroring, that lie inside the image: 0 <= x + left < width.
  const [first, end] = [Math.min(width, Math.max(0, -left)), Math.max(0, Math.min(width, width - left))];
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < height; y++, at += width) {
      const row = y + top;
      if (row < 0 || row >= height || first >= end) {
        out.fill(outside, at, at + width);
        continue;
      }
      let source = start + (plane * height + row) * width + first + left;
      if (mirrored) {
        const [low, high] = [at + width - end, at + width - first];
        for (let to = at; to < low; to++) out[to] = outside;
        for (let to = high - 1; to >= low; to--) out[to] = value[bytes[source++]!]!;
        for (let to = high; to < at + width; to++) out[to] = outside;
      } else {
        for (let to = at; to < at + first; to++) out[to] = outside;
        for (let to = at + first; to < at + end; to++) out[to] = value[bytes[source++]!]!;
        for (let to = at + end; to < at + width; to++) out[to] = outside;
      }
    }
  }
}

/**
 * The images at `indices`, each cropped out of its zero-padded self and mirrored at random, as pixels in [0, 1]: torchvision's
 * `RandomCrop(size, padding)` and `RandomHorizontalFlip()` before `ToTensor()`, so what lies outside is black (0 in pixel space, not
 * the mean; He et al., arXiv 1512.03385, section 4.2). `zoom` interpolates windows of other sizes, `jitter` changes the light. The draw of an image depends on (seed, epoch, its index) alone.
 *
 * @param into [indices.length, channels, height, width]; filled and returned, nothing else is allocated.
 * @throws UsageError for an index out of range.
 */
export function augmentInto(
  dataset: ImageDataset,
  indices: ArrayLike<number>,
  options: AugmentOptions,
  into: Float32Array,
): Float32Array {
  requireOptions(options);
  const size = dataset.shape[0] * dataset.shape[1] * dataset.shape[2];
  requireLength(into, indices.length * size);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    requireIndex(dataset, index);
    const { window, light } = drawFor(dataset, index, options);
    const value = light ? lit(dataset, index, light) : unit;
    const source = { bytes: dataset.pixels, start: index * size, shape: dataset.shape };
    if (isZoomed(options)) resamplePicture(source, window, value, into, i * size);
    else cut(source, window, value, 0, into, i * size);
  }
  return into;
}

/** Every value that a mask can have, as it is. */
const same = Uint8Array.from({ length: 256 }, (_, value) => value);

/**
 * The masks at `indices`, cropped, zoomed and mirrored exactly as `augmentInto` does their images; outside is `ignoreLabel`, or the last of
 * `maskClasses` (the background) where no label is ignored.
 *
 * @param into [indices.length, height, width].
 * @throws UsageError for an index out of range or a data set without masks.
 */
export function augmentMasksInto(
  dataset: ImageDataset,
  indices: ArrayLike<number>,
  options: AugmentOptions,
  into: Int32Array,
): Int32Array {
  requireOptions(options);
  const { masks, maskClasses, ignoreLabel, shape } = dataset;
  if (!masks || !maskClasses) throw new UsageError(`${dataset.name} has no masks; expected segmentation data`);
  const size = shape[1] * shape[2];
  requireLength(into, indices.length * size);
  const outside = ignoreLabel ?? maskClasses.length - 1;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    requireIndex(dataset, index);
    const { window } = drawFor(dataset, index, options);
    const source = { bytes: masks, start: index * size, shape: [1, shape[1], shape[2]] } as const;
    if (isZoomed(options)) resampleMask(source, window, outside, into, i * size);
    else cut(source, window, same, outside, into, i * size);
  }
  return into;
}
