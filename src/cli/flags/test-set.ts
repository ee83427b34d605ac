import { loadSplit as load } from '../../app/subject.ts';
import type { ImageDataset, TextDataset, ThreeSplit } from '../../data/index.ts';
import { createProgress } from '../../report/index.ts';
import { noteToUser } from '../terminal/notes.ts';
import type { DatasetOptions } from './options.ts';

/**
 * A split of the data that the options name; a download happens only where it is asked for, with progress on standard error. What was passed over on
 * the way is told there.
 */
export async function loadSplit(
  options: DatasetOptions & { readonly seed: number },
  split: ThreeSplit,
): Promise<ImageDataset | TextDataset> {
  const download = options.download === true;
  const progress = createProgress({ stream: process.stderr, label: 'download', quiet: !download });
  try {
    return await load({ ...options, download }, split, {
      onProgress: (fraction, detail) => progress.update(fraction, detail),
      onNote: noteToUser,
    });
  } finally {
    progress.finish();
  }
}
