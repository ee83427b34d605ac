import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError } from '../../../src/base/errors.ts';
import { withClasses } from '../../../src/data/classes.ts';
import { loadFolder } from '../../../src/data/sets/folder.ts';

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

  it('gives a class one label in all splits, that of its name among the training images, whatever a split lacks', async () => {
    const colour = { ant: 10, cat: 20, dog: 30 };
    for (const [name, value] of Object.entries(colour)) {
      await put(`train/${name}/1.png`, png(2, 2, [value, 0, 0]));
      if (name !== 'cat') await put(`test/${name}/1.png`, png(2, 2, [value, 0, 0]));
    }
    const test = await loadFolder(dir, 'test');
    expect(test.classes).toEqual(['ant', 'cat', 'dog']);
    expect([...test.labels].map((label, i) => [test.classes[label], test.pixels[12 * i]])).toEqual([
      ['ant', 10],
      ['dog', 30],
    ]);
    expect(test.notes).toEqual([`${join(dir, 'test')} has no images of cat`]);
    await put('test/eel/1.png', png(2, 2, [0, 0, 0]));
    await expect(loadFolder(dir, 'test')).rejects.toThrow(
      `${join(dir, 'test/eel')}: is no class of ${join(dir, 'train')} (it has ant, cat, dog)`,
    );
  });

  it('takes val, valid and validation for the same, and one of validation and test for the other, which it says', async () => {
    for (const name of ['val', 'valid', 'Validation']) {
      const root = `with-${name}`;
      await put(`${root}/train/a/1.png`, png(1, 1, [1, 0, 0]));
      await put(`${root}/${name}/a/1.png`, png(1, 1, [2, 0, 0]));
      for (const split of ['valid', 'test'] as const) {
        expect((await loadFolder(join(dir, root), split)).pixels[0]).toBe(2);
      }
      const { notes } = await loadFolder(join(dir, root), 'test');
      expect(notes).toEqual([
        `there are no test images of their own: those of ${join(dir, root, name)} stand for them`,
      ]);
    }
    await put('tested/test/a/1.png', png(1, 1, [3, 0, 0]));
    await expect(loadFolder(join(dir, 'tested'), 'train')).rejects.toThrow('has no train split beside');
    await put('with-val/valid/a/1.png', png(1, 1, [2, 0, 0]));
    await expect(loadFolder(join(dir, 'with-val'))).rejects.toThrow(
      'has val and valid; expected one folder of the valid split',
    );
  });

  it('has a class of trains where pictures of trains lie beside other classes', async () => {
    await put('bus/1.png', png(1, 1, [1, 0, 0]));
    await put('train/1.png', png(1, 1, [2, 0, 0]));
    expect((await loadFolder(dir, 'train')).classes).toEqual(['bus', 'train']);
  });

  it('may lie in folders more, follows links, goes into folders of a class and passes over what is hidden or no picture', async () => {
    await put('archive/images/ant/1.png', png(1, 1, [1, 0, 0]));
    await put('archive/images/ant/more/0.png', png(1, 1, [2, 0, 0]));
    await put('elsewhere/9.png', png(1, 1, [3, 0, 0]));
    await put('archive/images/.ipynb_checkpoints/x.png', png(9, 9, [0, 0, 0]));
    await put('archive/__MACOSX/ant/x.png', png(9, 9, [0, 0, 0]));
    await put('archive/images/ant/._1.png', Buffer.from('x'));
    await put('archive/images/ant/2.webp', Buffer.from('x'));
    await symlink(join(dir, 'elsewhere'), join(dir, 'archive/images/dog'));
    await symlink(join(dir, 'elsewhere/9.png'), join(dir, 'archive/images/ant/3.png'));
    const { classes, pixels, labels, notes } = await loadFolder(join(dir, 'archive'));
    expect(classes).toEqual(['ant', 'dog']);
    expect([...labels]).toEqual([0, 0, 0, 1]);
    expect([0, 1, 2, 3].map((i) => pixels[3 * i])).toEqual([1, 3, 2, 3]);
    expect(notes).toEqual([
      expect.stringMatching(/^passed over \d hidden file or folders?$/),
      'passed over 1 file without a PNG or JPEG name, such as "2.webp"',
    ]);
    await symlink(join(dir, 'archive'), join(dir, 'elsewhere/around'));
    await expect(loadFolder(join(dir, 'archive'))).rejects.toThrow(/dog.*read already: in a circle, or twice/);
    await symlink(join(dir, 'nowhere'), join(dir, 'archive/images/broken'));
    await expect(loadFolder(join(dir, 'archive'))).rejects.toThrow(
      'broken: is a link that leads nowhere (no such file)',
    );
  });

  it('orders classes as Python orders text, and says so where they are numbers', async () => {
    for (const name of ['10', '9', '0']) await put(`numbers/${name}/1.png`, png(1, 1, [0, 0, 0]));
    const { classes, notes } = await loadFolder(join(dir, 'numbers'));
    expect(classes).toEqual(['0', '10', '9']);
    expect(notes![0]).toContain('10 before 9');
    // An emoji comes behind the private use area in code points and before it in UTF-16.
    const names = ['\u{1f41c}', '\ue000', 'Zebra', 'ant'];
    for (const name of names) await put(`words/${name}/1.png`, png(1, 1, [0, 0, 0]));
    expect((await loadFolder(join(dir, 'words'))).classes).toEqual(['Zebra', 'ant', '\ue000', '\u{1f41c}']);
  });

  it('never changes what a label means when classes and files come in another order or number', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,4}$/), { minLength: 2, maxLength: 5 }),
        fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        async (names, kept) => {
          const root = `case-${names.join('-')}`;
          const there = names.filter((name, i) => kept[i] && !/^(train|test|val)/.test(name));
          if (there.length === 0) return;
          for (const [i, name] of names.entries()) {
            await put(`${root}/train/${name}/p.png`, png(1, 1, [i, 0, 0]));
            if (there.includes(name)) await put(`${root}/val/${name}/p.png`, png(1, 1, [i, 0, 0]));
          }
          const train = await loadFolder(join(dir, root), 'train');
          const valid = await loadFolder(join(dir, root), 'valid');
          expect(valid.classes).toEqual(train.classes);
          for (const { labels, pixels, classes } of [train, valid]) {
            labels.forEach((label, i) => {
              expect(classes[label]).toBe(names[pixels[3 * i]!]);
            });
          }
          // The order of a network's outputs is any; images keep their names in it.
          const outputs = [...names].reverse();
          const mapped = withClasses(valid, outputs);
          mapped.labels.forEach((label, i) => {
            expect(outputs[label]).toBe(names[mapped.pixels[3 * i]!]);
          });
        },
      ),
      { seed: 16, numRuns: 15 },
    );
  });
});
