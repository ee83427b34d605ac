import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError } from '../../../src/base/errors.ts';
import { loadDataset } from '../../../src/data/load.ts';
import { decodeIdx } from '../../../src/formats/index.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ballast-mnist-'));
  return () => rm(dir, { recursive: true });
});

/** Two images of 2 x 3, written byte by byte. */
const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255);
const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 9, 0);

async function put(files: Record<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), bytes);
  }
}
const load = (name = 'mnist', split: 'train' | 'test' = 'train') => loadDataset({ name, dir, split });

describe('MNIST', () => {
  it('is read from the official names, packed or not, and from the folder of other tools', async () => {
    await put({
      'train-images-idx3-ubyte': images,
      'train-labels-idx1-ubyte.gz': gzipSync(labels),
      'MNIST/raw/t10k-images-idx3-ubyte.gz': gzipSync(images),
      'MNIST/raw/t10k-labels-idx1-ubyte': labels,
    });
    for (const split of ['train', 'test'] as const) {
      const { name, count, shape, pixels, labels: found, classes } = await load('mnist', split);
      expect({ name, count, shape }).toEqual({ name: 'mnist', count: 2, shape: [1, 2, 3] });
      expect([...pixels]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]);
      expect([...found].map((label) => classes[label])).toEqual(['9', '0']);
    }
    const fashion = await load('fashion-mnist');
    expect([...fashion.labels].map((label) => fashion.classes[label])).toEqual(['ankle boot', 'T-shirt/top']);
    await expect(load('fashion-mnist', 'test')).rejects.toThrow(
      `${dir}: expected t10k-images-idx3-ubyte (or .gz of it) here or in FashionMNIST/raw/`,
    );
  });

  it('is found with a dot in its names and in a folder more, and never in one of another data set', async () => {
    await put({
      'other/FashionMNIST/raw/train-images-idx3-ubyte': images,
      'other/FashionMNIST/raw/train-labels-idx1-ubyte': labels,
      'data/train-images.idx3-ubyte': images,
      'data/train-labels.idx1-ubyte.gz': gzipSync(labels),
      'data/.cache/t10k-images-idx3-ubyte': images,
      'FashionMNIST/t10k-images-idx3-ubyte': images,
      'FashionMNIST/t10k-labels-idx1-ubyte': labels,
    });
    expect((await load()).count).toBe(2);
    await expect(load('mnist', 'test')).rejects.toThrow('expected t10k-images-idx3-ubyte');
    expect((await load('fashion-mnist', 'test')).count).toBe(2);
    expect((await loadDataset({ name: 'fashion-mnist', dir: join(dir, 'other'), split: 'train' })).count).toBe(2);
    await expect(loadDataset({ name: 'mnist', dir: join(dir, 'other'), split: 'train' })).rejects.toThrow(FileError);
  });

  it('whose labels do not fit the images is refused by name', async () => {
    const wrong: [Uint8Array, string][] = [
      [Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 9), 'has the shape [1], expected [2]'],
      [Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 9, 10), 'image 1 has label 10, expected 0 to 9'],
      [images, 'has the shape [2,2,3], expected [2]'],
    ];
    for (const [bytes, problem] of wrong) {
      await put({ 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': bytes });
      await expect(load()).rejects.toThrow(`${join(dir, 'train-labels-idx1-ubyte')}: ${problem}`);
    }
    await put({ 'train-images-idx3-ubyte': labels, 'train-labels-idx1-ubyte': labels });
    await expect(load()).rejects.toThrow('has the shape [2], expected images, height and width');
  });

  it('that is cut, or unpacks to far more than the data set has, is refused', async () => {
    const packed = gzipSync(images);
    await put({ 'train-labels-idx1-ubyte': labels });
    for (const length of [0, 5, 20, packed.length - 1]) {
      await put({ 'train-images-idx3-ubyte.gz': packed.subarray(0, length) });
      await expect(load(), `cut at ${length}`).rejects.toThrow(FileError);
    }
    await put({ 'train-images-idx3-ubyte.gz': gzipSync(new Uint8Array(60_000_000), { level: 1 }) });
    await expect(load()).rejects.toThrow('unpacks to more than the 47040016 bytes expected');
  });
});

describe('an idx file', () => {
  it('is refused wherever it is cut, and where its header asks for more or less than it has', () => {
    for (let length = 0; length < images.length; length++) {
      expect(() => decodeIdx(images.subarray(0, length), 'a.idx'), `cut at ${length}`).toThrow(FileError);
    }
    const changed = (at: number, value: number) => Uint8Array.from(images, (byte, i) => (i === at ? value : byte));
    expect(() => decodeIdx(changed(4, 255), 'a.idx')).toThrow(
      'a.idx: has 28 bytes, but shape [4278190082,2,3] of bytes',
    );
    expect(() => decodeIdx(changed(7, 1), 'a.idx')).toThrow('but shape [1,2,3] of bytes makes 22');
    expect(() => decodeIdx(changed(2, 13), 'a.idx')).toThrow('has elements of type 13, expected 8');
    expect(() => decodeIdx(changed(0, 1), 'a.idx')).toThrow('expected an idx file');
    expect(() => decodeIdx(changed(3, 255), 'a.idx')).toThrow('truncated: 255 dimensions end at byte 1024');
  });
});
