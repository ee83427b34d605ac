/** What a request is about, loaded: the network, the data, and the positions that it names. */

import { InputError, UsageError } from '../base/errors.ts';
import { parseIndices } from '../base/indices.ts';
import {
  type ImageDataset,
  isPictureName,
  isText,
  loadData,
  readClassNames,
  type TextDataset,
  type ThreeSplit,
  withClasses,
} from '../data/index.ts';
import { withOwnAnswers } from '../evaluate/index.ts';
import type { Control } from '../instrument/index.ts';
import { describeNormalization, loadNetwork, type Network, type NetworkRequest } from '../models/index.ts';
import { parseDevice, type RuntimeOptions } from '../runtime/index.ts';
import { fittedTo } from '../train/index.ts';

export type NetworkKeys = Pick<
  NetworkRequest,
  'model' | 'weights' | 'weightsKey' | 'normalize' | 'bind' | 'logits' | 'inputRange'
> & { readonly seed: number };

export interface DataKeys {
  readonly dataset: string;
  readonly data?: string | undefined;
  /** Of a network, in the order of its outputs: a list, or a file with one. */
  readonly classNames?: string | undefined;
  readonly download: boolean;
  /** Of a language model, for texts: a `tokenizer.json`. */
  readonly tokenizer?: string | undefined;
  readonly seed: number;
}

export interface RuntimeKeys {
  readonly device: string;
  readonly threads?: number | undefined;
  readonly emission: 'auto' | 'plain' | 'blocked';
}

type Listener = Pick<Control, 'onProgress' | 'onNote'>;

/** Where a request runs. Throws UsageError for a device that is not there. */
export const runtimeOf = ({ device, threads, emission }: RuntimeKeys): RuntimeOptions => ({
  device: parseDevice(device),
  emission,
  ...(threads === undefined ? {} : { threads }),
});

/** What was loaded last, for a process that computes piece after piece of the same; undefined where nothing is kept. */
let shelf: Map<string, Promise<ImageDataset | TextDataset>> | undefined;

/** Splits that are kept: those that one training reads. */
const keptSplits = 2;

/** From now on the last splits of data stay in memory, and are not read again. */
export function keepLoadedData(): void {
  shelf ??= new Map();
}

function fromShelf(key: string, load: () => Promise<ImageDataset | TextDataset>) {
  if (shelf === undefined) return load();
  const found = shelf.get(key) ?? load();
  shelf.delete(key);
  shelf.set(key, found);
  // What could not be read may be there the next time.
  found.catch(() => shelf?.delete(key));
  for (const old of [...shelf.keys()].slice(0, -keptSplits)) shelf.delete(old);
  return found;
}

/** A split of the data of a request; what was passed over on the way is noted. Throws UsageError and FileError as `loadData` does. */
export async function loadSplit(
  { dataset, data: dir, classNames, download, tokenizer, seed }: DataKeys,
  split: ThreeSplit,
  { onProgress, onNote }: Listener,
): Promise<ImageDataset | TextDataset> {
  // A picture is no place where an official data set could lie.
  const name = dir !== undefined && isPictureName(dir) ? 'folder' : dataset;
  if (classNames !== undefined && name !== 'folder')
    throw new InputError('classNames', `goes with folders of images; the classes of ${name} are known`);
  const names = classNames === undefined ? undefined : await readClassNames(classNames);
  const wanted = { name, dir, split, seed, download, tokenizer };
  const data = await fromShelf(JSON.stringify(wanted), () =>
    loadData({
      ...wanted,
      onProgress: (received, total) =>
        onProgress?.(total ? received / total : 0, `download, ${Math.round(received / 2 ** 20)} MiB`),
    }),
  );
  if (isText(data)) return data;
  for (const note of data.notes ?? []) onNote?.(note);
  return names ? withClasses(data, names) : data;
}

/** The same, for measurements that look at images. */
export async function loadImages(request: DataKeys, split: ThreeSplit, listener: Listener): Promise<ImageDataset> {
  const data = await loadSplit(request, split, listener);
  if (isText(data)) throw new InputError('dataset', `${data.name} is text; expected images`);
  return data;
}

/** Positions that a request names, as text or as numbers, in a data set of `count`. Throws InputError for others. */
export function positionsIn(positions: string | readonly number[], count: number, key = 'images'): number[] {
  return parseIndices(typeof positions === 'string' ? positions : positions.join(','), count, key);
}

/** The network of a request, with the classes and sizes of the data. What was done to read it, and a normalization that nobody asked for, are noted. */
export async function loadFitted(
  request: NetworkKeys,
  data: ImageDataset | TextDataset,
  { onNote }: Listener,
): Promise<Network> {
  const network = await loadNetwork({ ...request, ...fittedTo(request.model, data) });
  for (const note of network.notes ?? []) onNote?.(note);
  const { name, normalization, builtFrom } = network;
  if (normalization?.source === 'default' && !builtFrom)
    onNote?.(
      `normalization in front of ${name}: ${describeNormalization(normalization)}; if it was trained with one that is not in the file, name it`,
    );
  return network;
}

/**
 * The same data with labels of the network: matched by name where its weights name the classes. Throws UsageError for a class that the
 * network does not have.
 */
export function withClassesOf<D extends ImageDataset | TextDataset>(
  { classNames }: Network,
  data: D,
  request: Pick<DataKeys, 'classNames'>,
): D {
  const matched =
    classNames !== undefined && request.classNames === undefined && !isText(data) && data.name === 'folder';
  return matched ? (withClasses(data as ImageDataset, classNames) as D) : data;
}

/** Notes which class is taken for which where a network does not name its own. */
export function noteOrder(
  { classNames }: Network,
  data: ImageDataset | TextDataset,
  request: Pick<DataKeys, 'classNames'>,
  { onNote }: Listener,
): void {
  if (isText(data) || data.name !== 'folder' || classNames || request.classNames !== undefined) return;
  const some = data.classes.slice(0, 8).map((name, label) => `${label} ${name}`);
  if (some.length)
    onNote?.(
      `the network does not name its classes; folders are taken for them in order: ${some.join(', ')}${data.classes.length > 8 ? ', ...' : ''} (class names give another)`,
    );
}

/** Images as a measurement takes them: with labels of the network, or its own answers where they have none of its classes, which is noted. */
async function labelled(
  network: Network,
  loaded: ImageDataset,
  request: Pick<DataKeys, 'classNames'> & RuntimeKeys,
  { onNote }: Listener,
): Promise<ImageDataset> {
  const known = new Set(loaded.notes);
  const found = await withOwnAnswers(network, matchedOrUnlabelled(network, loaded, request), runtimeOf(request));
  for (const note of found.notes ?? []) if (!known.has(note)) onNote?.(note);
  return found;
}

function matchedOrUnlabelled(
  network: Network,
  dataset: ImageDataset,
  request: Pick<DataKeys, 'classNames'>,
): ImageDataset {
  try {
    return withClassesOf(network, dataset, request);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // Classes of other names have no label here.
    return { ...dataset, classes: [], labels: new Uint8Array(0) };
  }
}

/**
 * Network, test images and positions: what measurements at images begin with. `usual`: how many images where the request names none; `needsLabels`: the
 * network's own answers will not do for labels.
 */
export async function loadSubject(
  request: NetworkKeys & DataKeys & RuntimeKeys & { readonly images?: string | readonly number[] | undefined },
  control: Control,
  {
    split = 'test',
    usual = 1,
    needsLabels = false,
  }: { readonly split?: ThreeSplit; readonly usual?: number; readonly needsLabels?: boolean } = {},
): Promise<{ network: Network; dataset: ImageDataset; images: number[] }> {
  const loaded = await loadImages(request, split, control);
  const images = positionsIn(request.images ?? `0-${Math.min(usual, loaded.count) - 1}`, loaded.count);
  const network = await loadFitted(request, loaded, control);
  const dataset = needsLabels
    ? withClassesOf(network, loaded, request)
    : await labelled(network, loaded, request, control);
  return { network, dataset, images };
}
