import { InputError } from '../base/errors.ts';
import type { ImageDataset, ThreeSplit } from './dataset.ts';
import { dataFacts, unknownData } from './facts.ts';
import { type DatasetRequest, datasetNames, loadDataset } from './load.ts';
import { loadText, type TextRequest, textNames } from './load-text.ts';
import type { TextDataset } from './sets/text.ts';

/** Names that `loadData` takes, and what they are. */
export const dataNames: Readonly<Record<string, string>> = { ...datasetNames, ...textNames };

/** The split that a training run is judged on: the data's own validation split, or the test split of data without one. */
export function heldOutSplit(name: string): ThreeSplit {
  return Object.hasOwn(dataFacts, name) && dataFacts[name]!.splits.includes('valid') ? 'valid' : 'test';
}

/** Images or text by name: see `loadDataset` and `loadText`. Throws UsageError for an unknown name. */
export async function loadData(request: DatasetRequest & TextRequest): Promise<ImageDataset | TextDataset> {
  const { name } = request;
  if (!Object.hasOwn(dataNames, name)) throw new InputError('dataset', unknownData(name, Object.keys(dataNames)));
  return Object.hasOwn(textNames, name) ? loadText(request) : loadDataset(request);
}
