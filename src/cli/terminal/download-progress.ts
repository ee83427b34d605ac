import type { OnProgress } from '../../base/progress.ts';
import { createProgress } from '../../report/index.ts';

/** Does something that may download data first: where it was asked to, how far that is goes to standard error. */
export async function showingDownload<T>(
  { download = false }: { readonly download?: boolean | undefined },
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const progress = createProgress({ stream: process.stderr, label: 'download', quiet: !download });
  try {
    return await work((fraction, detail) => progress.update(fraction, detail));
  } finally {
    progress.finish();
  }
}
