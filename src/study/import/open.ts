import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { readFailure } from '../../formats/index.ts';
import { headOf } from '../../trials/index.ts';
import type { MeasuredStudy } from '../measured/measured.ts';
import { exportedTable, importExported } from './exported.ts';
import { importLayout, isLayout } from './layout.ts';
import { logFile, logsInFolder } from './log-files.ts';
import { type ImportedLogs, importLogs, studyName, studyOfLogs } from './logs.ts';
import { type LogMappingInput, parseMapping } from './mapping.ts';
import { readMeasured } from './measured-file.ts';

/** What an imported study is kept as, in its folder. */
export const measuredFile = 'measured.json';

/** Measurements of others: logs, with how they were read; or a study that needs no reading. */
export type Imported =
  | { readonly kind: 'logs'; readonly logs: ImportedLogs }
  | { readonly kind: 'study'; readonly study: MeasuredStudy };

/**
 * Measurements of others, told apart by what is there: a log of any known format, a folder of logs, a measured study in JSON, a table that `batch export` wrote (`importExported`), or a folder in the published layout (`importLayout`). Throws
 * FileError where there is nothing of the kind.
 */
export async function importMeasurements(path: string, mapping: LogMappingInput = {}): Promise<Imported> {
  const settings = parseMapping(mapping);
  const found = await stat(path).catch((cause) => {
    throw new FileError(path, `${readFailure(cause)}; expected a log, a folder of logs or a measured study in JSON`, {
      cause,
    });
  });
  const table = mapping.format === undefined ? await exportedTable(path) : undefined;
  if (table !== undefined) return { kind: 'study', study: await importExported(table) };
  if (found.isDirectory()) {
    if (await isLayout(path)) return { kind: 'study', study: await importLayout(path, mapping) };
    return {
      kind: 'logs',
      logs: await importLogs(await logsInFolder(path, settings.format), settings, basename(resolve(path)), path),
    };
  }
  if (
    /\.json$/i.test(path) &&
    /"workloads"/.test(Buffer.from((await headOf(path)).subarray(0, 4096)).toString('latin1'))
  )
    return { kind: 'study', study: await readMeasured(path) };
  const logs = await logFile(path, settings.format);
  return { kind: 'logs', logs: await importLogs(logs, settings, studyName(path), dirname(path)) };
}

/** `importMeasurements` as the plain data that the analysis reads. */
export async function importStudy(path: string, mapping: LogMappingInput = {}): Promise<MeasuredStudy> {
  const imported = await importMeasurements(path, mapping);
  return imported.kind === 'study' ? imported.study : studyOfLogs(imported.logs);
}

/** The study that `ballast batch import` left in a folder. */
export const readImported = (folder: string): Promise<MeasuredStudy> => readMeasured(join(folder, measuredFile));
