import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { databaseName } from '../../store/index.ts';
import { StoredStudy } from './stored-study.ts';
import type { OpenStudy } from './study-view.ts';

/** Opens the study, the import, the export or the training run in a folder. Throws FileError where there is none. */
export async function openStudy(folder: string): Promise<OpenStudy> {
  const isStored = () => existsSync(join(folder, databaseName));
  if (isStored()) return StoredStudy.open(folder);
  // What reads imports and exports takes a second to load.
  const { FinishedStudy } = await import('./finished-study.ts');
  // It may have been begun meanwhile.
  return isStored() ? StoredStudy.open(folder) : FinishedStudy.open(folder);
}
