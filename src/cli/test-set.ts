import { type ImageDataset, loadDataset, type Split } from '../data/index.ts';
import { createProgress, formatBytes } from '../report/index.ts';
import type { DatasetOptions } from './options.ts';

export const loadTestSet = (options: DatasetOptions & { readonly seed: number }) => loadSplit(options, 'test');

/** A split of the data set that the options name; a download happens only with --download, with progress on standard error. */
export async function loadSplit(
  options: DatasetOptions & { readonly seed: number },
  split: Split,
): Promise<ImageDataset> {
  const progress = createProgress({ stream: process.stderr, label: 'download', quiet: options.download !== true });
  try {
    return await loadDataset({
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
