import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../errors.ts';
import { readFailure } from '../formats/index.ts';
import type { ImageDataset, Split } from './dataset.ts';
import { readPicture, writePlanes } from './picture.ts';

const expected = 'PNG or JPEG images in one folder a class';

const isPicture = (name: string) => /\.(png|jpe?g)$/i.test(name);

const entriesOf = (folder: string): Promise<Dirent[]> =>
  readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new FileError(folder, `${readFailure(cause)}; expected ${expected}`, { cause });
  });

/** Plain byte order: the same on every machine, whatever its language. */
const sorted = (names: readonly string[]) => [...names].sort((a, b) => (a < b ? -1 : 1));

/**
 * Images in one folder a class (`cat/1.png`); a folder `train` or `test` around them is entered when it exists, otherwise
 * both splits are the same images. Classes and files come in the order of their names. Images directly in `dir` are one class, `all`.
 * Grey images become RGB, transparency is ignored, and nothing is resized: all images must have one size.
 */
export async function loadFolder(dir: string, split: Split = 'test'): Promise<ImageDataset> {
  const inner = await stat(join(dir, split)).catch(() => undefined);
  const root = inner?.isDirectory() ? join(dir, split) : dir;
  const folders = sorted((await entriesOf(root)).filter((e) => e.isDirectory()).map((e) => e.name));
  const files: { path: string; label: number }[] = [];
  for (const [label, folder] of (folders.length ? folders : ['.']).entries()) {
    const names = (await entriesOf(join(root, folder)))
      .filter((e) => e.isFile() && isPicture(e.name))
      .map((e) => e.name);
    if (folders.length && names.length === 0)
      throw new FileError(join(root, folder), `has no images; expected ${expected}`);
    files.push(...sorted(names).map((name) => ({ path: join(root, folder, name), label })));
  }
  if (files.length === 0) throw new FileError(root, `has no images; expected ${expected}`);

  const first = await readPicture(files[0]!.path);
  const { width, height } = first;
  const area = width * height;
  const pixels = new Uint8Array(files.length * 3 * area);
  for (const [i, { path }] of files.entries()) {
    const picture = i === 0 ? first : await readPicture(path);
    if (picture.width !== width || picture.height !== height) {
      const size = `${picture.width} x ${picture.height}`;
      throw new FileError(
        path,
        `is ${size}, expected ${width} x ${height} like ${files[0]!.path} (nothing is resized)`,
      );
    }
    writePlanes(picture, pixels.subarray(i * 3 * area, (i + 1) * 3 * area));
  }
  return {
    name: 'folder',
    classes: folders.length ? folders : ['all'],
    count: files.length,
    shape: [3, height, width],
    pixels,
    labels: Int32Array.from(files, (f) => f.label),
  };
}
