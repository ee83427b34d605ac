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
import { UsageError } from '../errors.ts';
import { describeNormalization, type Network } from '../models/index.ts';
import { createProgress, formatBytes } from '../report/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import { withOwnAnswers } from '../train/index.ts';
import type { DatasetOptions } from './options.ts';

type LoadOptions = DatasetOptions & { readonly seed: number };

const say = (note: string) => process.stderr.write(`note: ${note}\n`);

/**
 * A split of the data that the options name; a download happens only with --download, with progress on standard error. What was passed over on
 * the way is told there.
 */
export async function loadSplit(options: LoadOptions, split: ThreeSplit): Promise<ImageDataset | TextDataset> {
  const progress = createProgress({ stream: process.stderr, label: 'download', quiet: options.download !== true });
  const { data: dir, classNames } = options;
  // A picture is no place where an official data set could lie.
  const name = dir !== undefined && isPictureName(dir) ? 'folder' : options.dataset;
  if (classNames !== undefined && name !== 'folder')
    throw new UsageError(`--class-names goes with --dataset folder; the classes of ${name} are known`);
  const names = classNames === undefined ? undefined : await readClassNames(classNames);
  try {
    const data = await loadData({
      name,
      dir,
      split,
      seed: options.seed,
      download: options.download === true,
      onProgress: (received, total) => progress.update(total ? received / total : 0, formatBytes(received)),
    });
    if (isText(data)) return data;
    for (const note of data.notes ?? []) say(note);
    return names ? withClasses(data, names) : data;
  } finally {
    progress.finish();
  }
}

/** The test images of the data that the options name. */
export async function loadTestImages(options: LoadOptions): Promise<ImageDataset> {
  const data = await loadSplit(options, 'test');
  if (isText(data)) throw new UsageError(`${data.name} is text; expected images`);
  return data;
}

/**
 * The same images with labels of the network: matched by name where its weights name the classes. Throws UsageError for a class that the
 * network does not have.
 */
export function withClassesOf<D extends ImageDataset | TextDataset>(
  { classNames }: Network,
  data: D,
  options: LoadOptions,
): D {
  const matched =
    classNames !== undefined && options.classNames === undefined && !isText(data) && data.name === 'folder';
  return matched ? (withClasses(data as ImageDataset, classNames) as D) : data;
}

/**
 * Images as a measurement takes them: with labels of the network, or its own answers where they have none of its classes, which is told on
 * standard error as is a normalisation that nobody asked for.
 */
export async function forMeasurement(
  network: Network,
  dataset: ImageDataset,
  options: LoadOptions,
  runtime: RuntimeOptions,
): Promise<ImageDataset> {
  tellNormalization(network);
  const known = new Set(dataset.notes);
  const labelled = await withOwnAnswers(network, matchedOrUnlabelled(network, dataset, options), runtime);
  for (const note of labelled.notes ?? []) if (!known.has(note)) say(note);
  return labelled;
}

function matchedOrUnlabelled(network: Network, dataset: ImageDataset, options: LoadOptions): ImageDataset {
  try {
    return withClassesOf(network, dataset, options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // Classes of other names have no label here.
    return { ...dataset, classes: [], labels: new Uint8Array(0) };
  }
}

/** Says which class is taken for which where a network does not name its own. */
export function tellOrder({ classNames }: Network, data: ImageDataset | TextDataset, options: LoadOptions): void {
  if (isText(data) || data.name !== 'folder' || classNames || options.classNames !== undefined) return;
  const some = data.classes.slice(0, 8).map((name, label) => `${label} ${name}`);
  if (some.length)
    say(
      `the network does not name its classes; folders are taken for them in order: ${some.join(', ')}${data.classes.length > 8 ? ', ...' : ''} (--class-names gives another)`,
    );
}

/** Warns of pixels that go into a foreign network as they are because nothing was said. */
export function tellNormalization({ name, normalization, builtFrom }: Network): void {
  if (normalization?.source === 'default' && !builtFrom) {
    say(
      `normalisation in front of ${name}: ${describeNormalization(normalization)}; if it was trained with one that is not in the file, say so with --normalize`,
    );
  }
}
