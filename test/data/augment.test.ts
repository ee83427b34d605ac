import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import { RandomStream } from '../../src/base/random.ts';
import { augmentInto, augmentMasksInto } from '../../src/data/augment.ts';
import type { ImageDataset } from '../../src/data/dataset.ts';
import { epochOrder } from '../../src/data/order.ts';
import { resampleMask, resamplePicture } from '../../src/data/pictures/resample.ts';

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

describe('zoom', () => {
  /** The picture's own height and width in bytes, one plane, and a mask beside it. */
  const plane = (height: number, width: number, value: (y: number, x: number) => number) =>
    Uint8Array.from({ length: height * width }, (_, i) => value(Math.floor(i / width), i % width));
  const identity = Float32Array.from({ length: 256 }, (_, i) => i);

  it('of 1 from whole pixels is the crop, for pictures and masks', () => {
    const bytes = plane(4, 6, (y, x) => 10 * y + x + 1);
    const source = { bytes, start: 0, shape: [1, 4, 6] } as const;
    for (const mirrored of [false, true]) {
      const window = { top: -1, left: 2, factor: 1, mirrored };
      const expected = reference(bytes, [4, 6], { top: -1, left: 2, mirrored, padding: 0, outside: 0 });
      const picture = new Float32Array(24);
      resamplePicture(source, window, identity, picture, 0);
      expect([...picture]).toEqual(expected);
      const mask = new Int32Array(24);
      resampleMask(source, window, 0, mask, 0);
      expect([...mask]).toEqual(expected);
    }
  });

  it('keeps a slope a slope: y = a row + b column + c, at the places of the new pixels', () => {
    const [height, width, top, left, factor] = [12, 10, 2.3, 1.7, 1.9];
    const bytes = plane(height, width, (y, x) => 7 * y + 3 * x + 20);
    const out = new Float32Array(height * width);
    resamplePicture(
      { bytes, start: 0, shape: [1, height, width] },
      { top, left, factor, mirrored: false },
      identity,
      out,
      0,
    );
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [row, column] = [top + (y + 0.5) / factor - 0.5, left + (x + 0.5) / factor - 0.5];
        if (row <= height - 1 && column <= width - 1)
          expect(out[y * width + x]).toBeCloseTo(7 * row + 3 * column + 20, 4);
      }
    }
  });

  it('is between 1 / zoom and zoom, evenly in its logarithm, and the window stays on the padded image', () => {
    // A mask of one class: what is inside the image shows how large the image has become.
    const dataset = { ...randomImages(1, [1, 40, 40]), masks: new Uint8Array(1600) };
    const shares: number[] = [];
    const mask = new Int32Array(1600);
    for (let epoch = 0; epoch < 400; epoch++) {
      augmentMasksInto(dataset, [0], { seed: 4, epoch, padding: 0, zoom: 2 }, mask);
      shares.push(mask.filter((v) => v === 0).length / 1600);
    }
    // Half the factors are below 1: then a share of factor^2 is inside, else all of it.
    expect(shares.filter((s) => s === 1).length / 400).toBeCloseTo(0.5, 1);
    expect(Math.min(...shares)).toBeGreaterThan(0.2);
    expect(shares.filter((s) => s < 0.5).length / 400).toBeCloseTo(0.25, 1);
  });

  it('takes masks along: a picture that shows its mask is black just where the mask is ignored', () => {
    const dataset = randomImages(30, [1, 16, 12]);
    const shown = { ...dataset, pixels: dataset.masks!.map((value) => 50 * value + 100) };
    const indices = [...Array(30).keys()];
    const options = { seed: 2, epoch: 1, zoom: 1.7 };
    const images = augmentInto(shown, indices, options, new Float32Array(30 * 192));
    const masks = augmentMasksInto(shown, indices, options, new Int32Array(30 * 192));
    expect([...masks].map((v) => v === 9)).toEqual([...images].map((v) => v === 0));
    // Where interpolation is sure of a class, it is the mask's.
    const sure = [...images].map((v) => (v === Math.fround(100 / 255) ? 0 : v === Math.fround(150 / 255) ? 1 : -1));
    expect(sure.every((v, i) => v === -1 || v === masks[i])).toBe(true);
    expect(sure.filter((v) => v !== -1).length).toBeGreaterThan(500);
  });
});

describe('jitter', () => {
  const draw = (dataset: ImageDataset, epoch: number, jitter: number) => {
    const size = dataset.shape[0] * dataset.shape[1] * dataset.shape[2];
    return augmentInto(dataset, [0], { seed: 1, epoch, padding: 0, flip: false, jitter }, new Float32Array(size));
  };

  it('of a uniform grey is its brightness alone, between 1 - jitter and 1 + jitter of it', () => {
    const grey = { ...randomImages(1, [1, 2, 2]), pixels: new Uint8Array(4).fill(100) };
    const factors = Array.from({ length: 300 }, (_, epoch) => (draw(grey, epoch, 0.4)[0]! * 255) / 100);
    expect(Math.min(...factors)).toBeGreaterThan(0.6);
    expect(Math.max(...factors)).toBeLessThan(1.4);
    expect(factors.reduce((a, b) => a + b) / 300).toBeCloseTo(1, 1);
    expect(Math.max(...factors) - Math.min(...factors)).toBeGreaterThan(0.7);
  });

  it('is brightness, then contrast about the mean grey, the same line for all channels', () => {
    // None of these is clipped.
    const pixels = Uint8Array.from([40, 200, 60, 80, 180, 100, 50, 90, 70, 60, 120, 110]);
    const dataset = { ...randomImages(1, [3, 2, 2]), pixels };
    const grey = (v: ArrayLike<number>) =>
      [0.2989, 0.587, 0.114].reduce(
        (sum, share, c) => sum + (share * (v[4 * c]! + v[4 * c + 1]! + v[4 * c + 2]! + v[4 * c + 3]!)) / 4,
        0,
      );
    for (let epoch = 0; epoch < 50; epoch++) {
      const out = draw(dataset, epoch, 0.2);
      const slope = ((out[1]! - out[0]!) * 255) / 160;
      const offset = out[0]! - (slope * 40) / 255;
      out.forEach((v, i) => {
        expect(v).toBeCloseTo((slope * pixels[i]!) / 255 + offset, 5);
      });
      // Contrast leaves the mean grey where brightness has put it (the shares of the channels sum up to 0.9999).
      const brightness = (255 * grey(out)) / grey(pixels);
      for (const factor of [brightness, slope / brightness]) expect(Math.abs(factor - 1)).toBeLessThan(0.2001);
    }
  });

  it('refuses what is out of range', () => {
    const dataset = randomImages(1, [1, 2, 2]);
    const into = new Float32Array(4);
    expect(() => augmentInto(dataset, [0], { seed: 0, epoch: 0, jitter: 1 }, into)).toThrow('jitter must be');
    expect(() => augmentInto(dataset, [0], { seed: 0, epoch: 0, zoom: 0.5 }, into)).toThrow('zoom must be');
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
