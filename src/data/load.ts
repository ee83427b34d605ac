import { UsageError } from '../errors.ts';
import { type CifarRequest, loadCifar } from './cifar.ts';
import type { ImageDataset, Split } from './dataset.ts';
import { loadFolder } from './folder.ts';
import { type ShapesKnobs, shapesDataset } from './shapes.ts';

export interface DatasetRequest extends ShapesKnobs, Pick<CifarRequest, 'download' | 'onProgress'> {
  readonly name: string;
  /** Where the files are; `shapes` needs none. */
  readonly dir?: string | undefined;
  readonly split: Split;
  /** Procedural data only: the draw, and how many images of it (10,000 for training and 2,000 for testing unless told). */
  readonly seed?: number;
  readonly count?: number;
}

/** Names that `loadDataset` takes, and what they are. */
export const datasetNames: Readonly<Record<string, string>> = {
  cifar10: 'CIFAR-10: the official binary files, .xz of them, or the official .tar.gz',
  cifar100: 'CIFAR-100: likewise',
  shapes: 'procedural 32 x 32 pictures of ten shapes; needs no files',
  folder: 'PNG or JPEG images of one size, in one folder a class',
};

const shapesCount: Readonly<Record<Split, number>> = { train: 10_000, test: 2_000 };

/** The data set of this name. Throws UsageError for an unknown name or a missing folder, FileError for files that are not as they should be. */
export async function loadDataset(request: DatasetRequest): Promise<ImageDataset> {
  const { name, dir, split, seed = 0, count = shapesCount[split] } = request;
  if (!Object.hasOwn(datasetNames, name)) {
    throw new UsageError(`unknown data set "${name}"; expected ${Object.keys(datasetNames).join(', ')}`);
  }
  if (name === 'shapes') return shapesDataset({ ...request, seed, count });
  if (dir === undefined)
    throw new UsageError(`data set ${name} needs a folder (--data); expected ${datasetNames[name]}`);
  if (name === 'folder') return loadFolder(dir, split);
  return loadCifar({ ...request, dataset: name === 'cifar10' ? 'cifar10' : 'cifar100', dir });
}
