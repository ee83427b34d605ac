import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { FileError } from '../errors.ts';
import { readBytes, readFailure } from '../formats/index.ts';
import type { ImageDataset, Split } from './dataset.ts';

const expected = 'PNG or JPEG images in one folder a class';

/** Images of more pixels are no input of a network, but could be a few bytes that unpack to gigabytes. */
const maxPixels = 2 ** 24;

const isPicture = (name: string) => /\.(png|jpe?g)$/i.test(name);

interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4]. */
  readonly rgba: Uint8Array;
}

async function readPicture(path: string): Promise<Picture> {
  const bytes = Buffer.from(await readBytes(path, 'a PNG or JPEG image'));
  try {
    if (bytes[0] !== 0x89) {
      const { width, height, data } = jpeg.decode(bytes, {
        useTArray: true,
        maxResolutionInMP: maxPixels / 1e6,
        maxMemoryUsageInMB: 1024,
      });
      return { width, height, rgba: data };
    }
    const [width, height] = bytes.length < 24 ? [0, 0] : [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
    if (width * height > maxPixels) throw new Error(`${width} x ${height} pixels`);
    return { width, height, rgba: PNG.sync.read(bytes).data };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileError(path, `cannot be decoded (${reason}); expected a PNG or JPEG image`, { cause });
  }
}

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
    for (let c = 0; c < 3; c++) {
      const to = (i * 3 + c) * area;
      for (let p = 0; p < area; p++) pixels[to + p] = picture.rgba[4 * p + c]!;
    }
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
