import { type ImageDataset, isText, loadData, type TextDataset, type ThreeSplit } from '../data/index.ts';
import { UsageError } from '../errors.ts';
import { createProgress, formatBytes } from '../report/index.ts';
import type { DatasetOptions } from './options.ts';

type LoadOptions = DatasetOptions & { readonly seed: number };

/** A split of the data that the options name; a download happens only with --download, with progress on standard error. */
export async function loadSplit(options: LoadOptions, split: ThreeSplit): Promise<ImageDataset | TextDataset> {
  const progress = createProgress({ stream: process.stderr, label: 'download', quiet: options.download !== true });
  try {
    return await loadData({
      name: options.dataset,
      dir: options.data,
      split,
      seed: options.seed,
      download: options.download === true,
      onProgress: (received, total) => progress.update(total ? received / total : 0, formatBytes(received)),
    });
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
