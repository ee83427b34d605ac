/** What a request is about, loaded: the network, the data, and the positions that it names. */
import { type ImageDataset, isText, loadData, parseIndices, type TextDataset, type ThreeSplit } from '../data/index.ts';
import { InputError } from '../errors.ts';
import type { Control } from '../instrument/index.ts';
import { loadNetwork, type Network } from '../models/index.ts';
import { parseDevice, type RuntimeOptions } from '../runtime/index.ts';
import { fittedTo } from '../train/index.ts';

export interface NetworkKeys {
  readonly model: string;
  readonly weights?: string | undefined;
  readonly normalize?: string | undefined;
  readonly seed: number;
}

export interface DataKeys {
  readonly dataset: string;
  readonly data?: string | undefined;
  readonly download: boolean;
  readonly seed: number;
}

export interface RuntimeKeys {
  readonly device: string;
  readonly threads?: number | undefined;
  readonly emission: 'auto' | 'plain' | 'blocked';
}

/** Where a request runs. Throws UsageError for a device that is not there. */
export const runtimeOf = ({ device, threads, emission }: RuntimeKeys): RuntimeOptions => ({
  device: parseDevice(device),
  emission,
  ...(threads === undefined ? {} : { threads }),
});

/** A split of the data of a request. Throws UsageError and FileError as `loadData` does. */
export function loadSplit(
  { dataset: name, data: dir, download, seed }: DataKeys,
  split: ThreeSplit,
  { onProgress }: Pick<Control, 'onProgress'>,
): Promise<ImageDataset | TextDataset> {
  return loadData({
    ...{ name, dir, split, seed, download },
    onProgress: (received, total) =>
      onProgress?.(total ? received / total : 0, `download, ${Math.round(received / 2 ** 20)} MiB`),
  });
}

/** The same, for measurements that look at images. */
export async function loadImages(
  request: DataKeys,
  split: ThreeSplit,
  control: Pick<Control, 'onProgress'>,
): Promise<ImageDataset> {
  const data = await loadSplit(request, split, control);
  if (isText(data)) throw new InputError('dataset', `${data.name} is text; expected images`);
  return data;
}

/** Positions that a request names, as text or as numbers, in a data set of `count`. Throws InputError for others. */
export function positionsIn(positions: string | readonly number[], count: number, key = 'images'): number[] {
  return parseIndices(typeof positions === 'string' ? positions : positions.join(','), count, key);
}

/** The network of a request, with the classes and sizes of the data. */
export const loadFitted = (request: NetworkKeys, data: ImageDataset | TextDataset): Promise<Network> =>
  loadNetwork({ ...request, ...fittedTo(request.model, data) });

/** The same architecture with fresh weights; none for a user's own file, which cannot be drawn anew. */
export const loadUntrained = async (request: NetworkKeys, data: ImageDataset): Promise<Network | undefined> =>
  request.model.endsWith('.onnx') ? undefined : loadFitted({ ...request, weights: 'random' }, data);

/** Network, test images and positions: what measurements at images begin with. */
export async function loadSubject(
  request: NetworkKeys & DataKeys & { readonly images: string | readonly number[] },
  control: Control,
  split: ThreeSplit = 'test',
): Promise<{ network: Network; dataset: ImageDataset; images: number[] }> {
  const dataset = await loadImages(request, split, control);
  const images = positionsIn(request.images, dataset.count);
  return { network: await loadFitted(request, dataset), dataset, images };
}
