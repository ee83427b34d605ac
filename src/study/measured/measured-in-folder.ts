import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { databaseName } from '../../store/index.ts';
import { exportedTable, importExported, measuredFile, readImported } from '../import/index.ts';
import type { MeasuredStudy } from './measured.ts';
import { readStudy } from './read-study.ts';

/**
 * What was measured in a folder: a study of `batch run` with its database, an import, or the table that `batch export` wrote, which may be given by itself.
 *
 * @param options.all Of a study with its database also what is no longer in the grid.
 * Throws FileError for none of them.
 */
export async function measuredInFolder(
  folder: string,
  options: { readonly all?: boolean } = {},
): Promise<MeasuredStudy> {
  if (existsSync(join(folder, databaseName))) return readStudy(folder, options);
  const table = existsSync(join(folder, measuredFile)) ? undefined : await exportedTable(folder);
  if (table !== undefined) return importExported(table);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) throw new FileError(folder, 'no such file or folder');
  if (found.isFile())
    throw new FileError(
      folder,
      'is no table that `ballast batch export` wrote; logs of others are read by `ballast batch import`',
    );
  if (!existsSync(join(folder, measuredFile)))
    throw new FileError(
      folder,
      `has no measurements; expected ${databaseName} of \`batch run\`, ${measuredFile} of \`batch import\`, or a table of \`batch export\``,
    );
  return readImported(folder);
}
