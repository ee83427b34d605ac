import { InputError, UsageError } from '../base/errors.ts';
import type { ImageDataset, ThreeSplit } from './dataset.ts';
import { addFacts, type DataFacts, dataFacts, namesOf, unknownData } from './facts.ts';
import { type DatasetRequest, datasetNames, loadDataset } from './load.ts';
import { loadText, type TextRequest, textNames } from './load-text.ts';
import type { TextDataset } from './sets/text.ts';

/** Which data: a name, a split, and where they lie. */
export type DataRequest = DatasetRequest & TextRequest;

/** All that a data set says of itself: what is known of it, and how it is loaded. */
export interface DatasetDescription extends DataFacts {
  readonly name: string;
  /** A split that is among `splits`; `dir` is there where `files` are named. Throws UsageError and FileError for what cannot be read. */
  readonly load: (request: DataRequest) => Promise<ImageDataset | TextDataset>;
}

const names: Record<string, string> = { ...datasetNames, ...textNames };
const own = new Map<string, DatasetDescription>();

/** Names that `loadData` takes, and what they are. */
export const dataNames: Readonly<Record<string, string>> = names;

/** Makes a data set known: to `loadData`, requests, studies, lists, help and messages. Throws InputError where there is one of its name. */
export function registerDataset(dataset: DatasetDescription): void {
  const { name, load: _, ...facts } = dataset;
  addFacts(name, facts);
  Object.assign(names, namesOf({ [name]: facts }));
  own.set(name, dataset);
}

/** The split that a training run is judged on: the data's own validation split, or the test split of data without one. */
export function heldOutSplit(name: string): ThreeSplit {
  return Object.hasOwn(dataFacts, name) && dataFacts[name]!.splits.includes('valid') ? 'valid' : 'test';
}

/** Images or text by name: see `loadDataset` and `loadText`. Throws UsageError for an unknown name. */
export async function loadData(request: DataRequest): Promise<ImageDataset | TextDataset> {
  const { name, split, dir } = request;
  if (!Object.hasOwn(dataNames, name)) throw new InputError('dataset', unknownData(name, Object.keys(dataNames)));
  const registered = own.get(name);
  if (request.tokenizer !== undefined && !Object.hasOwn(textNames, name))
    throw new InputError('tokenizer', `goes with a text in files (ptb, wikitext2 or text); ${name} is none`);
  if (!registered) return Object.hasOwn(textNames, name) ? loadText(request) : loadDataset(request);
  const { splits, files } = registered;
  if (!splits.includes(split))
    throw new UsageError(`data set ${name} has no split "${split}"; expected ${splits.join(', ')}`);
  if (files !== undefined && dir === undefined)
    throw new InputError('data', `data set ${name} needs a folder; expected ${dataNames[name]}`);
  return registered.load(request);
}
