import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { readBytes, readFailure, readTarFiles } from '../../formats/index.ts';
import type { ImageDataset, ThreeSplit } from '../dataset.ts';
import { pictureBytes } from '../memory.ts';
import { decodePicture, type Picture, requireGreyPng, writePlanes } from '../pictures/picture.ts';

/** The eleven classes of Badrinarayanan, Kendall and Cipolla (SegNet, arXiv 1511.00561), by mask value. */
export const camvidClasses: readonly string[] = [
  'sky',
  'building',
  'pole',
  'road',
  'pavement',
  'tree',
  'sign symbol',
  'fence',
  'car',
  'pedestrian',
  'bicyclist',
];

/** Pixels without a class: in no loss and no score. */
const unlabelled = camvidClasses.length;

/** Which split of CamVid, where it lies, and how large its frames shall be. */
export interface CamvidRequest {
  /**
   * A folder with `train.txt`, `val.txt`, `test.txt` (one frame a line, `.png` or not), `train/NAME.png` and `trainannot/NAME.png` and so on; its parent
   * where it is called `camvid`; a `.tar` or `.tar.gz` of it, or a folder with one such archive called `camvid*`.
   */
  readonly dir: string;
  readonly split: ThreeSplit;
}

/** What the splits are called in the files. */
const fileSplits: Readonly<Record<ThreeSplit, string>> = { train: 'train', valid: 'val', test: 'test' };

/** Reads the files of the split by their names below the data set's folder. `path` is that of a file, for messages. */
interface Source {
  readonly path: (file: string) => string;
  readonly read: (file: string) => Promise<Uint8Array>;
}

/** Of an archive, whose members are kept until they are decoded. Frames of 960 x 720 have about a megabyte. */
const limits = { fileBytes: 1 << 24, totalBytes: 1 << 29 };

/** Of a list: far more names than there are frames. */
const maxListBytes = 1 << 20;

const kindOf = (path: string) =>
  stat(path).then(
    (s) => (s.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  );

async function archiveSource(archive: string, split: string): Promise<Source> {
  const inFolder = new RegExp(`(?:^|/)(${split}\\.txt|${split}(?:annot)?/[^/]+\\.png)$`);
  const members = await readTarFiles(archive, (name) => inFolder.test(name), limits);
  const files = new Map([...members].map(([name, bytes]) => [inFolder.exec(name)![1]!, bytes]));
  return {
    path: (file) => `${archive}(${file})`,
    read: async (file) => {
      const bytes = files.get(file);
      if (!bytes) throw new FileError(archive, `truncated or another archive: it has no ${file}`);
      return bytes;
    },
  };
}

async function locate(dir: string, split: string): Promise<Source> {
  if ((await kindOf(dir)) === 'file') return archiveSource(dir, split);
  for (const folder of [dir, join(dir, 'camvid')]) {
    if ((await kindOf(join(folder, `${split}.txt`))) === 'file') {
      const path = (file: string) => join(folder, file);
      return { path, read: (file) => readBytes(path(file), 'a file of CamVid') };
    }
  }
  for (const folder of [dir, join(dir, 'camvid')]) {
    const names = await readdir(folder).catch((cause: unknown) => {
      if (folder === dir) throw new FileError(dir, `${readFailure(cause)}; expected CamVid`, { cause });
      return [];
    });
    const archives = names.filter((name) => /^camvid.*\.(tar|tar\.gz|tgz)$/i.test(name)).sort();
    if (archives.length > 1) throw new FileError(folder, `has ${archives.join(' and ')}; name the one to be read`);
    if (archives.length === 1) return archiveSource(join(folder, archives[0]!), split);
  }
  throw new FileError(
    dir,
    `expected ${split}.txt with ${split}/ and ${split}annot/ here or in camvid/, or camvid*.tar.gz`,
  );
}

/**
 * CamVid: street scenes with the class of every pixel (Brostow, Fauqueur, Cipolla, "Semantic object classes in video", 2009), in the order of
 * the split's list. There is no label per image. `valid` is what the files call `val`.
 *
 * @throws FileError naming the file that is missing, damaged, of another size, or has a value that is no class.
 */
export async function loadCamvid({ dir, split }: CamvidRequest): Promise<ImageDataset> {
  const stored = fileSplits[split];
  const source = await locate(dir, stored);
  const list = `${stored}.txt`;
  const listed = await source.read(list);
  if (listed.length > maxListBytes) {
    throw new FileError(source.path(list), `has ${listed.length} bytes, expected at most ${maxListBytes}`);
  }
  const names = Buffer.from(listed)
    .toString('utf8')
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/\.png$/, ''))
    .filter((line) => line !== '');
  if (names.length === 0) throw new FileError(source.path(list), 'names no frames; expected one a line');
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new FileError(source.path(list), `names the frame ${name.slice(0, 80)} twice`);
    seen.add(name);
    if (basename(name) !== name || !/^[\w.-]+$/.test(name)) {
      throw new FileError(source.path(list), `has ${JSON.stringify(name.slice(0, 80))}; expected the name of a frame`);
    }
  }
  let size: Pick<Picture, 'width' | 'height'> | undefined;
  let [pixels, masks]: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  const readChecked = async (file: string, grey: boolean): Promise<Picture> => {
    const bytes = await source.read(file);
    if (grey) requireGreyPng(bytes, source.path(file));
    const picture = await decodePicture(bytes, source.path(file));
    size ??= picture;
    if (picture.width !== size.width || picture.height !== size.height) {
      const expected = `${size.width} x ${size.height} like the first frame`;
      throw new FileError(source.path(file), `is ${picture.width} x ${picture.height}, expected ${expected}`);
    }
    return picture;
  };
  for (const [i, name] of names.entries()) {
    const frame = await readChecked(`${stored}/${name}.png`, false);
    const area = frame.width * frame.height;
    if (i === 0) {
      // Three channels and the mask in one piece, so that all of it is known to fit.
      const bytes = pictureBytes(source.path(list), names.length, [4, frame.height, frame.width]);
      [pixels, masks] = [bytes.subarray(0, names.length * 3 * area), bytes.subarray(names.length * 3 * area)];
    }
    writePlanes(frame, pixels.subarray(i * 3 * area, (i + 1) * 3 * area));
    const file = `${stored}annot/${name}.png`;
    const mask = await readChecked(file, true);
    for (let p = 0; p < area; p++) {
      const value = mask.rgba[4 * p]!;
      if (value > unlabelled) {
        throw new FileError(
          source.path(file),
          `pixel ${p} has the value ${value}, expected a class from 0 to ${unlabelled}`,
        );
      }
      masks[i * area + p] = value;
    }
  }
  return {
    name: 'camvid',
    classes: camvidClasses,
    count: names.length,
    shape: [3, size!.height, size!.width],
    pixels,
    labels: new Uint8Array(0),
    masks,
    maskClasses: camvidClasses,
    ignoreLabel: unlabelled,
  };
}
