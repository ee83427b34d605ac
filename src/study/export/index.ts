import { writeFileAtomic } from '../../formats/index.ts';
import { exportFormatNames } from '../../schema/index.ts';
import type { MeasuredStudy } from '../measured/measured.ts';
import { csvOf } from './csv.ts';
import { writeFolders } from './folders.ts';
import { parquetOf } from './parquet.ts';
import { measurementTable } from './table.ts';

/** The forms that measurements can be exported in. */
export const exportFormats = exportFormatNames;
/** One of these. */
export type ExportFormat = (typeof exportFormats)[number];

/** Writes all measurements of a study to a file, or (`layout`) to a folder; see `measurementTable` and `writeFolders`. Throws FileError. */
export async function exportStudy(study: MeasuredStudy, format: ExportFormat, to: string): Promise<void> {
  switch (format) {
    case 'parquet':
      return writeFileAtomic(to, parquetOf(measurementTable(study)));
    case 'csv': {
      const { columns, rows } = measurementTable(study);
      return writeFileAtomic(to, csvOf(columns, rows));
    }
    case 'layout':
      return writeFolders(study, to);
  }
}
