import { type ImageDataset, loadDataset } from '../data/index.ts';
import { createProgress, formatBytes } from '../report/index.ts';
import type { DatasetOptions } from './options.ts';

/** The test split that the options name; a download happens only with --download, with progress on standard error. */
export async function loadTestSet(options: DatasetOptions & { readonly seed: number }): Promise<ImageDataset> {
  const progress = createProgress({ stream: process.stderr, label: 'download', quiet: options.download !== true });
  try {
    return await loadDataset({
      name: options.dataset,
      dir: options.data,
      split: 'test',
      seed: options.seed,
      download: options.download === true,
      onProgress: (received, total) => progress.update(total ? received / total : 0, formatBytes(received)),
    });
  } finally {
    progress.finish();
  }
}
