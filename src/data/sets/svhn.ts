import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { decodeMat, readBytes } from '../../formats/index.ts';
import type { ImageDataset, Split } from '../dataset.ts';
import { placesFor } from './places.ts';

const side = 32;
const area = side * side;

/** Twice what the larger official file (73,257 training images) unpacks to: no array of the data set needs more. */
const maxBytes = 2 * 73_257 * 3 * area;

/** Which split of SVHN, and where it lies. */
export interface SvhnRequest {
  /** The folder with the official `train_32x32.mat` and `test_32x32.mat`, or one around it. */
  readonly dir: string;
  readonly split: Split;
}

async function locate(dir: string, file: string): Promise<string> {
  for (const place of await placesFor(dir, 'svhn')) {
    const path = join(place, file);
    const there = await stat(path).then(
      (s) => s.isFile(),
      () => false,
    );
    if (there) return path;
  }
  throw new FileError(dir, `expected ${file} here`);
}

/**
 * The Street View House Numbers (Netzer et al., "Reading digits in natural images with unsupervised feature learning", 2011), cropped digits.
 * The files call the digit 0 class 10; here labels are the digits.
 *
 * @throws FileError for a file that is missing, damaged, or holds something else.
 */
export async function loadSvhn({ dir, split }: SvhnRequest): Promise<ImageDataset> {
  const path = await locate(dir, `${split}_32x32.mat`);
  const arrays = decodeMat(await readBytes(path, 'a MATLAB file'), path, { wanted: ['X', 'y'], maxBytes });
  const [images, digits] = [arrays.get('X')!, arrays.get('y')!];
  const [height, width, channels, count = 1] = images.shape;
  if (
    images.shape.length > 4 ||
    height !== side ||
    width !== side ||
    channels !== 3 ||
    !(images.data instanceof Uint8Array)
  ) {
    throw new FileError(path, `X has the shape [${images.shape}], expected bytes [32, 32, 3, images]`);
  }
  if (digits.data.length !== count || count === 0) {
    throw new FileError(
      path,
      `X has ${count} images and y has ${digits.data.length} labels, expected as many, and some`,
    );
  }
  const labels = new Uint8Array(count);
  digits.data.forEach((digit, i) => {
    if (!(Number.isInteger(digit) && digit >= 1 && digit <= 10)) {
      throw new FileError(path, `image ${i} has label ${digit}, expected 1 to 10 (10 is the digit 0)`);
    }
    labels[i] = digit % 10;
  });
  // Rows run fastest in the file, columns in our images.
  const pixels = new Uint8Array(images.data.length);
  for (let plane = 0; plane < 3 * count; plane++) {
    const start = plane * area;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) pixels[start + y * side + x] = images.data[start + x * side + y]!;
    }
  }
  const classes = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
  return { name: 'svhn', classes, count, shape: [3, side, side], pixels, labels };
}
