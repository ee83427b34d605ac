import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { databaseName } from '../../store/index.ts';
import { FinishedStudy } from './finished-study.ts';
import { StoredStudy } from './stored-study.ts';
import type { OpenStudy } from './study-view.ts';

/** Opens the study, the import, the export or the training run in a folder. Throws FileError where there is none. */
export async function openStudy(folder: string): Promise<OpenStudy> {
  return existsSync(join(folder, databaseName)) ? StoredStudy.open(folder) : FinishedStudy.open(folder);
}
