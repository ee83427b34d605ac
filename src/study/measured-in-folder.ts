import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { databaseName } from '../store/index.ts';
import { readImported } from './import/index.ts';
import type { MeasuredStudy } from './measured.ts';
import { readStudy } from './read-study.ts';

/** What was measured in a folder: a study of `batch run` with its database, or an import. Throws FileError for neither. */
export function measuredInFolder(folder: string): Promise<MeasuredStudy> {
  return existsSync(join(folder, databaseName)) ? readStudy(folder) : readImported(folder);
}
