import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { decodeIdx, readBytes, unpackGzip } from '../../formats/index.ts';
import type { ImageDataset, Split } from '../dataset.ts';
import { placesFor } from './places.ts';

/** The data sets in the format of MNIST. */
export type MnistName = 'mnist' | 'fashion-mnist';

const digits = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** Class names, and the folder in which other tools keep the files. */
export const mnistLayouts: Readonly<
  Record<MnistName, { readonly classes: readonly string[]; readonly folder: string }>
> = {
  mnist: { classes: digits, folder: 'MNIST/raw' },
  'fashion-mnist': {
    classes: ['T-shirt/top', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot'],
    folder: 'FashionMNIST/raw',
  },
};

/** No official file unpacks to more: 60,000 images of 28 x 28. */
const maxBytes = 16 + 60_000 * 28 * 28;

const isFile = (path: string) =>
  stat(path).then(
    (s) => s.isFile(),
    () => false,
  );

/** Folders of data sets that look like MNIST. */
const foreign: Readonly<Record<MnistName, RegExp>> = {
  mnist: /fashion|[keq]mnist/i,
  'fashion-mnist': /^(?!.*fashion).*mnist/i,
};

async function readIdx(dataset: MnistName, dir: string, file: string) {
  const { folder } = mnistLayouts[dataset];
  // Some tools write a dot where the official name has a hyphen.
  const names = [file, file.replace('-idx', '.idx')].flatMap((name) => [name, `${name}.gz`]);
  for (const place of await placesFor(dir, folder, foreign[dataset])) {
    for (const path of names.map((name) => join(place, name))) {
      if (!(await isFile(path))) continue;
      const bytes = await readBytes(path, 'an idx file');
      return { path, ...decodeIdx(path.endsWith('.gz') ? unpackGzip(bytes, path, maxBytes) : bytes, path) };
    }
  }
  throw new FileError(dir, `expected ${file} (or .gz of it) here or in ${folder}/`);
}

/** Which data set in the format of MNIST, which split, and where it lies. */
export interface MnistRequest {
  readonly dataset: MnistName;
  /** The folder with the official idx files (`train-images-idx3-ubyte`, ...) or `.gz` of them, or the folder around `MNIST/raw` or `FashionMNIST/raw`. */
  readonly dir: string;
  readonly split: Split;
}

/**
 * MNIST (LeCun, Cortes, Burges) or Fashion-MNIST (Xiao, Rasul, Vollgraf, arXiv 1708.07747) from the official files: grey images [1, 28, 28].
 *
 * @throws FileError naming the file that is missing, damaged, or does not fit the other one.
 */
export async function loadMnist({ dataset, dir, split }: MnistRequest): Promise<ImageDataset> {
  const { classes } = mnistLayouts[dataset];
  const prefix = split === 'train' ? 'train' : 't10k';
  const images = await readIdx(dataset, dir, `${prefix}-images-idx3-ubyte`);
  const labels = await readIdx(dataset, dir, `${prefix}-labels-idx1-ubyte`);
  const [count = 0, height = 0, width = 0] = images.shape;
  if (images.shape.length !== 3 || images.data.length === 0) {
    throw new FileError(images.path, `has the shape [${images.shape}], expected images, height and width`);
  }
  if (labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new FileError(labels.path, `has the shape [${labels.shape}], expected [${count}] as there are images`);
  }
  const wrong = labels.data.findIndex((label) => label >= classes.length);
  if (wrong >= 0) {
    throw new FileError(
      labels.path,
      `image ${wrong} has label ${labels.data[wrong]}, expected 0 to ${classes.length - 1}`,
    );
  }
  return { name: dataset, classes, count, shape: [1, height, width], pixels: images.data, labels: labels.data };
}
