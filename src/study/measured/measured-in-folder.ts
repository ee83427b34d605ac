import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { databaseName } from '../../store/index.ts';
import { exportedTable, importExported, measuredFile, readImported } from '../import/index.ts';
import type { MeasuredStudy } from './measured.ts';
import { readStudy } from './read-study.ts';

/** What was measured in a folder: a study of `batch run` with its database, an import, or the table that `batch export` wrote. Throws FileError for none of them. */
export async function measuredInFolder(folder: string): Promise<MeasuredStudy> {
  if (existsSync(join(folder, databaseName))) return readStudy(folder);
  const table = existsSync(join(folder, measuredFile)) ? undefined : await exportedTable(folder);
  return table === undefined ? readImported(folder) : importExported(table);
}
