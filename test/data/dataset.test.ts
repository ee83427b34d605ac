import { describe, expect, it } from 'vitest';
import { InputError, UsageError } from '../../src/base/errors.ts';
import { type ImageDataset, toFloat } from '../../src/data/dataset.ts';
import { loadDataset } from '../../src/data/load.ts';

describe('images as floats', () => {
  const dataset: ImageDataset = {
    name: 'two',
    classes: ['a'],
    count: 2,
    shape: [3, 1, 2],
    pixels: Uint8Array.of(0, 51, 102, 153, 204, 255, 255, 0, 0, 0, 0, 0),
    labels: Uint8Array.of(0, 0),
  };

  it('are the bytes over 255, in the order of the indices', () => {
    const expected = [1, 0, 0, 0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1].map(Math.fround);
    expect([...toFloat(dataset, [1, 0])]).toEqual(expected);
  });

  it('out of range are refused', () => {
    for (const index of [2, -1, 0.5, Number.NaN]) expect(() => toFloat(dataset, [index])).toThrow(UsageError);
  });
});

describe('a data set by name', () => {
  it('that does not exist is refused with the names that do', async () => {
    for (const name of ['imagenet', 'constructor', '']) {
      await expect(loadDataset({ name, split: 'test' })).rejects.toThrow(
        new InputError(
          'dataset',
          `unknown data set "${name}"; expected cifar10, cifar100, mnist, fashion-mnist, svhn, camvid, shapes, folder`,
        ),
      );
    }
  });

  it('without the folder it needs is refused', async () => {
    await expect(loadDataset({ name: 'cifar10', split: 'test' })).rejects.toThrow(UsageError);
    await expect(loadDataset({ name: 'folder', split: 'test' })).rejects.toThrow(
      'data: data set folder needs a folder',
    );
  });

  it('that has no validation split is refused when that is asked for', async () => {
    await expect(loadDataset({ name: 'shapes', split: 'valid' })).rejects.toThrow(
      new UsageError('data set shapes has no validation split; expected train or test'),
    );
  });

  it('shapes needs none and takes its knobs', async () => {
    const plain = await loadDataset({ name: 'shapes', split: 'test', count: 10, seed: 5, noise: 0 });
    const noisy = await loadDataset({ name: 'shapes', split: 'test', count: 10, seed: 5, noise: 1 });
    expect(plain.count).toBe(10);
    expect(plain.labels).toEqual(noisy.labels);
    expect(plain.pixels).not.toEqual(noisy.pixels);
  });
});
