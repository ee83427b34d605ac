import { describe, expect, it } from 'vitest';
import { UsageError } from '../errors.ts';
import { RandomStream } from '../random.ts';
import { augmentInto, augmentMasksInto } from './augment.ts';
import type { ImageDataset } from './dataset.ts';
import { epochOrder } from './order.ts';

function randomImages(count: number, shape: readonly [1 | 3, number, number]): ImageDataset {
  const random = new RandomStream({ seed: 1, purpose: 'test images' });
  const area = shape[1] * shape[2];
  const bytes = (length: number, below: number) => Uint8Array.from({ length }, () => random.integer(below));
  return {
    name: 'random',
    classes: ['a'],
    count,
    shape,
    pixels: bytes(count * shape[0] * area, 256),
    labels: new Uint8Array(count),
    masks: bytes(count * area, 2),
    maskClasses: ['a', 'b'],
    ignoreLabel: 9,
  };
}

/** The window of a padded plane, pixel by pixel as torchvision defines it: pad, then crop, then mirror. */
function reference(
  plane: ArrayLike<number>,
  [height, width]: readonly [number, number],
  {
    top,
    left,
    mirrored,
    padding,
    outside,
  }: Record<'top' | 'left' | 'padding' | 'outside', number> & { mirrored: boolean },
): number[] {
  const out: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = y + top - padding;
      const column = (mirrored ? width - 1 - x : x) + left - padding;
      const inside = row >= 0 && row < height && column >= 0 && column < width;
      out.push(inside ? plane[row * width + column]! : outside);
    }
  }
  return out;
}

/** Which (top, left, mirrored) gives this picture of image 0, by trying all. */
function findDraw(picture: Float32Array, dataset: ImageDataset, padding: number, flip: boolean): number {
  const [channels, height, width] = dataset.shape;
  const area = height * width;
  const offsets = 2 * padding + 1;
  for (let choice = 0; choice < offsets * offsets * (flip ? 2 : 1); choice++) {
    const [top, left, mirrored] = [
      Math.floor(choice / offsets) % offsets,
      choice % offsets,
      choice >= offsets * offsets,
    ];
    const planes = Array.from({ length: channels }, (_, c) =>
      reference(dataset.pixels.subarray(c * area, (c + 1) * area), [height, width], {
        top,
        left,
        mirrored,
        padding,
        outside: 0,
      }),
    ).flat();
    if (planes.every((value, p) => Math.fround(value / 255) === picture[p])) return choice;
  }
  throw new Error('no crop of the padded image');
}

/** A crop with so much padding is often all black; several draws give that. */
function findDrawOrBlack(picture: Float32Array, dataset: ImageDataset, padding: number): void {
  if (picture.some((value) => value !== 0)) findDraw(picture, dataset, padding, true);
}

const draws = (dataset: ImageDataset, epochs: number, padding: number, flip: boolean) => {
  const into = new Float32Array(dataset.shape[0] * dataset.shape[1] * dataset.shape[2]);
  return Array.from({ length: epochs }, (_, epoch) =>
    findDraw(augmentInto(dataset, [0], { seed: 3, epoch, padding, flip }, into), dataset, padding, flip),
  );
};

describe('augmentation', () => {
  it('is a crop of the zero-padded image, perhaps mirrored, and every crop is equally likely', () => {
    for (const shape of [
      [3, 5, 4],
      [1, 3, 6],
    ] as const) {
      const found = draws(randomImages(1, shape), 1800, 1, true);
      const counts = new Array<number>(18).fill(0);
      for (const draw of found) counts[draw]!++;
      const chiSquare = counts.reduce((sum, n) => sum + (n - 100) ** 2 / 100, 0);
      // 17 degrees of freedom: beyond 40.8 once in a thousand.
      expect(chiSquare).toBeLessThan(40.8);
    }
  });

  it('with the standard padding of 4 shifts by up to 4 either way', () => {
    const found = draws(randomImages(1, [1, 6, 6]), 600, 4, true);
    expect(new Set(found.map((choice) => choice % 9)).size).toBe(9);
    expect(new Set(found.map((choice) => Math.floor(choice / 9) % 9)).size).toBe(9);
  });

  it('without padding and flip is the image itself', () => {
    expect(new Set(draws(randomImages(1, [1, 2, 3]), 30, 0, false))).toEqual(new Set([0]));
  });

  it('with a padding wider than the image gives its pixels or black', () => {
    const into = new Float32Array(6);
    const dataset = randomImages(1, [1, 2, 3]);
    for (let epoch = 0; epoch < 200; epoch++) {
      findDrawOrBlack(augmentInto(dataset, [0], { seed: 1, epoch, padding: 5 }, into), dataset, 5);
    }
  });

  it('of an image depends on seed, epoch and index alone, not on the batch around it', () => {
    const dataset = randomImages(40, [3, 8, 8]);
    const size = 3 * 64;
    const whole = augmentInto(dataset, [...Array(40).keys()], { seed: 5, epoch: 2 }, new Float32Array(40 * size));
    const back = augmentInto(
      dataset,
      [...Array(40).keys()].reverse(),
      { seed: 5, epoch: 2 },
      new Float32Array(40 * size),
    );
    for (let i = 0; i < 40; i++) {
      expect(back.subarray((39 - i) * size, (40 - i) * size)).toEqual(whole.subarray(i * size, (i + 1) * size));
    }
    for (const other of [
      { seed: 6, epoch: 2 },
      { seed: 5, epoch: 3 },
    ]) {
      expect(augmentInto(dataset, [...Array(40).keys()], other, new Float32Array(40 * size))).not.toEqual(whole);
    }
  });

  it('moves masks exactly as their images, with the ignored label outside', () => {
    const dataset = randomImages(30, [1, 6, 8]);
    // A picture that shows its own mask (bytes 1 and 2, so that black is outside).
    const shown = { ...dataset, pixels: dataset.masks!.map((value) => value + 1) };
    const indices = [...Array(30).keys()];
    const images = augmentInto(shown, indices, { seed: 2, epoch: 1 }, new Float32Array(30 * 48));
    const masks = augmentMasksInto(shown, indices, { seed: 2, epoch: 1 }, new Int32Array(30 * 48));
    expect([...masks]).toEqual([...images].map((value) => (value === 0 ? 9 : Math.round(255 * value) - 1)));
    const { ignoreLabel: _, ...counted } = shown;
    const background = augmentMasksInto(counted, indices, { seed: 2, epoch: 1 }, new Int32Array(30 * 48));
    expect([...background]).toEqual([...masks].map((value) => (value === 9 ? 1 : value)));
  });

  it('refuses an image that is not there, a wrong array, odd options and masks that do not exist', () => {
    const dataset = randomImages(2, [1, 2, 2]);
    const into = new Float32Array(4);
    for (const index of [2, -1, 0.5, Number.NaN]) {
      expect(() => augmentInto(dataset, [index], { seed: 0, epoch: 0 }, into)).toThrow(UsageError);
    }
    expect(() => augmentInto(dataset, [0, 1], { seed: 0, epoch: 0 }, into)).toThrow(RangeError);
    expect(() => augmentInto(dataset, [0], { seed: 0, epoch: 0, padding: -1 }, into)).toThrow('padding must be');
    expect(() => augmentInto(dataset, [0], { seed: 0, epoch: 0.5 }, into)).toThrow('epoch must be');
    const { masks: _, ...plain } = dataset;
    expect(() => augmentMasksInto(plain, [0], { seed: 0, epoch: 0 }, new Int32Array(4))).toThrow('has no masks');
  });
});

describe('the order of an epoch', () => {
  it('is a permutation, another one in each epoch and for each seed, and the same again', () => {
    const order = epochOrder(1000, 4, 7);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    expect(epochOrder(1000, 4, 7)).toEqual(order);
    expect(epochOrder(1000, 4, 8)).not.toEqual(order);
    expect(epochOrder(1000, 5, 7)).not.toEqual(order);
    expect(epochOrder(0, 0, 0)).toEqual(new Int32Array(0));
  });

  it('is each of the 24 permutations of four equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 2400; epoch++) {
      const key = epochOrder(4, 1, epoch).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 100) ** 2 / 100, 0);
    // 23 degrees of freedom: beyond 49.7 once in a thousand.
    expect(chiSquare).toBeLessThan(49.7);
  });
});
