import { describe, expect, it } from 'vitest';
import type { ImageDataset } from '../../src/data/dataset.ts';
import { dataIdentity } from '../../src/data/identity.ts';
import type { TextDataset } from '../../src/data/sets/text.ts';
import { subset } from '../../src/data/subset.ts';

const images: ImageDataset = {
  name: 'folder',
  classes: ['cat', 'dog'],
  count: 4,
  shape: [1, 2, 1],
  pixels: Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]),
  labels: Uint8Array.from([0, 1, 0, 1]),
};

const text: TextDataset = {
  name: 'text',
  split: 'test',
  vocabulary: ['<eos>', 'a', 'b'],
  tokens: Int32Array.from([1, 2, 0]),
};

describe('dataIdentity', () => {
  it('is the same for the same content under other names and in other arrays', () => {
    const shifted = new Uint8Array([9, ...images.pixels]).subarray(1);
    for (const same of [
      { ...images, name: 'elsewhere', classes: ['ant', 'bee'] },
      { ...images, pixels: shifted },
      { ...images, labels: Int32Array.from(images.labels) },
      subset(images, 1, 0),
    ])
      expect(dataIdentity(same)).toBe(dataIdentity(images));
    expect(dataIdentity(images)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('differs with any pixel, label, order, shape, mask and number of classes', () => {
    const masks = Uint8Array.from(images.pixels, (p) => p % 2);
    const segmented = { ...images, labels: new Uint8Array(0), masks, maskClasses: ['no', 'yes'] };
    const others: ImageDataset[] = [
      images,
      { ...images, pixels: images.pixels.with(3, 9) },
      { ...images, labels: Uint8Array.from([0, 1, 1, 0]) },
      { ...images, pixels: Uint8Array.from([2, 3, 0, 1, 4, 5, 6, 7]) },
      { ...images, shape: [1, 1, 2] },
      { ...images, classes: ['cat', 'dog', 'emu'] },
      segmented,
      { ...segmented, masks: masks.with(0, 1) },
      { ...segmented, ignoreLabel: 1 },
    ];
    expect(new Set(others.map(dataIdentity)).size).toBe(others.length);
  });

  it('is that of the tokens for a text', () => {
    expect(dataIdentity({ ...text, name: 'ptb', split: 'train' })).toBe(dataIdentity(text));
    const others = [text, { ...text, tokens: Int32Array.from([2, 1, 0]) }, { ...text, vocabulary: ['<eos>', 'a'] }];
    expect(new Set(others.map(dataIdentity)).size).toBe(others.length);
  });
});
