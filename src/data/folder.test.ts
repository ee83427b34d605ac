import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError } from '../errors.ts';
import { loadFolder } from './folder.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ballast-folder-'));
  return () => rm(dir, { recursive: true });
});

function png(width: number, height: number, rgb: readonly [number, number, number]): Buffer {
  const image = new PNG({ width, height });
  for (let p = 0; p < width * height; p++) image.data.set([...rgb, 255], 4 * p);
  return PNG.sync.write(image);
}

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(dir, path)), { recursive: true });
  await writeFile(join(dir, path), bytes);
}

describe('an image folder', () => {
  it('has a class for each folder and its files in the order of their names, channels first', async () => {
    await put('dog/b.png', png(3, 2, [1, 2, 3]));
    await put('cat/z.png', png(3, 2, [4, 5, 6]));
    await put('cat/a.PNG', png(3, 2, [7, 8, 9]));
    await put('cat/notes.txt', Buffer.from('not an image'));
    const { classes, count, shape, labels, pixels } = await loadFolder(dir);
    expect({ classes, count, shape }).toEqual({ classes: ['cat', 'dog'], count: 3, shape: [3, 2, 3] });
    expect([...labels]).toEqual([0, 0, 1]);
    expect([...pixels.subarray(0, 18)]).toEqual([7, 8, 9].flatMap((v) => new Array(6).fill(v)));
    expect(pixels[18]).toBe(4);
  });

  it('reads JPEG files, and goes by content when a name lies', async () => {
    const data = Buffer.alloc(8 * 8 * 4, 128);
    await put('a/1.jpg', jpeg.encode({ width: 8, height: 8, data }, 95).data);
    await put('a/2.jpeg', png(8, 8, [128, 128, 128]));
    const { pixels } = await loadFolder(dir);
    for (const value of pixels) expect(Math.abs(value - 128)).toBeLessThanOrEqual(2);
  });

  it('enters the folder of the split when there is one', async () => {
    await put('train/a/1.png', png(2, 2, [1, 1, 1]));
    await put('test/a/1.png', png(2, 2, [2, 2, 2]));
    expect((await loadFolder(dir, 'train')).pixels[0]).toBe(1);
    expect((await loadFolder(dir, 'test')).pixels[0]).toBe(2);
  });

  it('whose images lie directly in it, or a single image, has no labels and no classes', async () => {
    await put('1.png', png(2, 2, [1, 1, 1]));
    for (const place of [dir, join(dir, '1.png')]) {
      const { classes, labels, count, pixels } = await loadFolder(place);
      expect([classes, labels.length, count, pixels[0]]).toEqual([[], 0, 1, 1]);
    }
  });

  it('resizes nothing: an image of another size is an error that names it', async () => {
    await put('a/1.png', png(2, 2, [0, 0, 0]));
    await put('a/2.png', png(3, 2, [0, 0, 0]));
    await expect(loadFolder(dir)).rejects.toThrow(`${join(dir, 'a/2.png')}: is 3 x 2, expected 2 x 2 like`);
  });

  it('with a damaged image, a class without images, or nothing at all is refused by name', async () => {
    await expect(loadFolder(dir)).rejects.toThrow(`${dir}: has no images`);
    await expect(loadFolder(join(dir, 'none'))).rejects.toThrow('no such file');
    await put('a/1.png', png(4, 4, [0, 0, 0]).subarray(0, 40));
    await expect(loadFolder(dir)).rejects.toThrow(FileError);
    await expect(loadFolder(dir)).rejects.toThrow(/1\.png: cannot be decoded/);
    await put('a/1.png', png(4, 4, [0, 0, 0]));
    await mkdir(join(dir, 'b'));
    await expect(loadFolder(dir)).rejects.toThrow(`${join(dir, 'b')}: has no images`);
  });

  it('with an image that unpacks to gigabytes is refused before it is unpacked', async () => {
    const bomb = png(4, 4, [0, 0, 0]);
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    await put('a/1.png', bomb);
    await expect(loadFolder(dir)).rejects.toThrow('cannot be decoded (60000 x 60000 pixels)');
  });
});
