import { InputError, UsageError } from '../base/errors.ts';
import type { ImageDataset, ThreeSplit } from './dataset.ts';
import { imageFacts, namesOf, unknownData } from './facts.ts';
import { loadCamvid } from './sets/camvid.ts';
import { type CifarRequest, loadCifar } from './sets/cifar.ts';
import { loadFolder } from './sets/folder.ts';
import { loadMnist } from './sets/mnist.ts';
import { type ShapesKnobs, shapesDataset } from './sets/shapes.ts';
import { loadSvhn } from './sets/svhn.ts';

/** Which images: a name, a split, and where they lie. */
export interface DatasetRequest extends ShapesKnobs, Pick<CifarRequest, 'download' | 'onProgress'> {
  readonly name: string;
  /** Where the files are; `shapes` needs none. */
  readonly dir?: string | undefined;
  /** `valid` only where the data set comes with one: camvid and folder. */
  readonly split: ThreeSplit;
  /** Procedural data only: the draw, and how many images of it (10,000 for training and 2,000 for testing unless told). */
  readonly seed?: number;
  readonly count?: number;
}

type DatasetName = keyof typeof imageFacts;
const isName = (name: string): name is DatasetName => Object.hasOwn(imageFacts, name);

/** Names that `loadDataset` takes, and what they are. */
export const datasetNames = namesOf(imageFacts);

/** The data set of this name. Throws UsageError for an unknown name, a split that it lacks or a missing folder, FileError for files that are not as they should be. */
export async function loadDataset(request: DatasetRequest): Promise<ImageDataset> {
  const { name, dir, split, seed = 0 } = request;
  if (!isName(name)) {
    throw new InputError('dataset', unknownData(name, Object.keys(datasetNames)));
  }
  if (name !== 'shapes' && dir === undefined) {
    throw new InputError('data', `data set ${name} needs a folder; expected ${datasetNames[name]}`);
  }
  const folder = dir ?? '';
  if (name === 'camvid') return loadCamvid({ dir: folder, split });
  if (name === 'folder') return loadFolder(folder, split);
  if (split === 'valid') throw new UsageError(`data set ${name} has no validation split; expected train or test`);
  switch (name) {
    case 'shapes':
      return shapesDataset({ ...request, split, seed, count: request.count ?? imageFacts.shapes.counts[split] });
    case 'mnist':
    case 'fashion-mnist':
      return loadMnist({ dataset: name, dir: folder, split });
    case 'svhn':
      return loadSvhn({ dir: folder, split });
    case 'cifar10':
    case 'cifar100':
      return loadCifar({ ...request, dataset: name, dir: folder, split });
  }
}
