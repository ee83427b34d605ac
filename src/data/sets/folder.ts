import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { readFailure } from '../../formats/index.ts';
import type { ImageDataset, ThreeSplit } from '../dataset.ts';
import { pictureBytes } from '../memory.ts';
import { readPicture, writePlanes } from '../pictures/picture.ts';
import {
  contentsOf,
  expectedPictures,
  inOrder,
  PassedOver,
  type Place,
  picturesBelow,
  placeOf,
} from './folder-files.ts';

interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/** The pictures of a split before they are read; no classes where they have no labels. */
interface Listing {
  readonly root: string;
  readonly classes: readonly string[];
  readonly files: readonly LabelledFile[];
  readonly notes: readonly string[];
}

/** Which folder stands for a split that was asked for: validation and test images may stand for each other, training images for nothing. */
const substitutes: Readonly<Record<ThreeSplit, readonly ThreeSplit[]>> = {
  train: ['train'],
  valid: ['valid', 'test'],
  test: ['test', 'valid'],
};

/** Names of the classes of all splits: those of the training images, or of all there are. A class of another split that training lacks has no label. */
async function classesOf({ splits }: Extract<Place, { kind: 'splits' }>): Promise<readonly string[]> {
  const train = splits.train === undefined ? [] : (await contentsOf(splits.train)).folders;
  const others = new Set<string>();
  for (const folder of [splits.valid, splits.test]) {
    if (folder === undefined) continue;
    for (const name of (await contentsOf(folder)).folders) {
      others.add(name);
      if (splits.train === undefined || train.includes(name)) continue;
      const known = train.length ? train.slice(0, 8).join(', ') + (train.length > 8 ? ', ...' : '') : 'none';
      throw new FileError(
        join(folder, name),
        `is no class of ${splits.train} (it has ${known}); expected the same names`,
      );
    }
  }
  return splits.train === undefined ? inOrder([...others]) : train;
}

const numeric = /^\d+$/;

/** Names that count would be expected in another order than that of their letters. */
function orderNotes(classes: readonly string[]): string[] {
  const later = classes.findIndex((name, i) => i > 0 && numeric.test(name) && Number(name) < Number(classes[i - 1]));
  return later > 0 && classes.every((name) => numeric.test(name))
    ? [
        `classes are in the order of their names, as torchvision has them: ${classes[later - 1]} before ${classes[later]}`,
      ]
    : [];
}

async function listPictures(dir: string, split: ThreeSplit): Promise<Listing> {
  const passed = new PassedOver();
  const place = await placeOf(dir, passed);
  const notes: string[] = [];
  let root = place.folder;
  let folders: readonly string[];
  let classes: readonly string[];
  if (place.kind === 'splits') {
    const found = substitutes[split].find((name) => place.splits[name] !== undefined);
    if (found === undefined) {
      const there = Object.values(place.splits).join(' and ');
      throw new FileError(
        dir,
        `has no ${split} split beside ${there}; expected a folder ${split}/ with ${expectedPictures}`,
      );
    }
    root = place.splits[found]!;
    classes = await classesOf(place);
    ({ folders } = await contentsOf(root));
    if (found !== split) notes.push(`there are no ${split} images of their own: those of ${root} stand for them`);
    const missing = folders.length ? classes.filter((name) => !folders.includes(name)) : [];
    if (missing.length) notes.push(`${root} has no images of ${missing.join(', ')}`);
  } else {
    folders = place.folders;
    classes = folders;
  }
  const files: LabelledFile[] = [];
  if (folders.length === 0) {
    for (const name of (await contentsOf(root, passed)).pictures) files.push({ path: join(root, name), label: -1 });
    classes = [];
  }
  const labelOf = new Map(classes.map((name, label) => [name, label]));
  for (const folder of folders) {
    const paths = await picturesBelow(join(root, folder), passed);
    if (paths.length === 0) throw new FileError(join(root, folder), `has no images; expected ${expectedPictures}`);
    for (const path of paths) files.push({ path, label: labelOf.get(folder)! });
  }
  if (files.length === 0) throw new FileError(root, `has no images; expected ${expectedPictures}`);
  return { root, classes, files, notes: [...notes, ...orderNotes(classes), ...passed.notes()] };
}

/**
 * Images of one's own.
 *
 * In one folder a class (`cat/1.png`), labels are the classes in the order of their names, as with torchvision's `ImageFolder`, files in the
 * order of their paths. Around the classes there may be folders of splits, `train`, `val` (or `valid`, `validation`) and `test`: then
 * a class has one label in all of them, that of its name among the training images, whether a split has images of it or not. Without such
 * folders all splits are the same images; where one of `val` and `test` is missing the other stands for it. A folder without folders, or
 * a single picture, is images without labels: `classes` and `labels` are empty.
 *
 * Links are followed; hidden files and folders, `__MACOSX` and files that are no pictures are passed over, which `notes` say. Grey images
 * become RGB, transparency and orientations in EXIF data are ignored, and nothing is resized: all images must have one size.
 *
 * @throws FileError naming the file or folder that is not as it should be; BallastError for more than memory can hold.
 */
export async function loadFolder(dir: string, split: ThreeSplit = 'test'): Promise<ImageDataset> {
  const found = await stat(dir).catch((cause: unknown) => {
    throw new FileError(dir, `${readFailure(cause)}; expected ${expectedPictures}`, { cause });
  });
  const single: Listing = { root: dir, classes: [], files: [{ path: dir, label: -1 }], notes: [] };
  const { root, classes, files, notes } = found.isDirectory() ? await listPictures(dir, split) : single;
  const first = await readPicture(files[0]!.path);
  const { width, height } = first;
  const size = 3 * width * height;
  const pixels = pictureBytes(root, files.length, [3, height, width]);
  for (const [i, { path }] of files.entries()) {
    const picture = i === 0 ? first : await readPicture(path);
    if (picture.width !== width || picture.height !== height) {
      throw new FileError(
        path,
        `is ${picture.width} x ${picture.height}, expected ${width} x ${height} like ${files[0]!.path} (nothing is resized)`,
      );
    }
    writePlanes(picture, pixels.subarray(i * size, (i + 1) * size));
  }
  return {
    name: 'folder',
    classes,
    count: files.length,
    shape: [3, height, width],
    pixels,
    labels: classes.length ? Int32Array.from(files, ({ label }) => label) : new Uint8Array(0),
    ...(notes.length && { notes }),
  };
}
