import { lstat, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { BallastError } from '../base/errors.ts';

/** What the queue keeps in the folder of a trial, beside the trial's own files. */
export const keptFolder = 'queue';

/** What was sent is not files of a trial: nothing of it is kept. */
export class FilesRefused extends BallastError {}

export interface TrialFile {
  readonly path: string;
  /** Below the folder. */
  readonly names: readonly string[];
  readonly bytes: number;
  readonly changed: number;
}

/**
 * Files of a trial below its folder: those that are files themselves and no links. What the queue keeps beside them is not the coordinator's, and
 * goes away by itself while this looks; `kept`: it is for whoever goes on with the trial.
 */
export async function filesBelow(folder: string, { kept = false } = {}): Promise<TrialFile[]> {
  const own = join(folder, keptFolder);
  const found: TrialFile[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!kept && (path === own || path.startsWith(`${own}${sep}`))) continue;
    const stats = await lstat(path);
    if (stats.isFile())
      found.push({ path, names: relative(folder, path).split(sep), bytes: stats.size, changed: stats.mtimeMs });
  }
  return found;
}
