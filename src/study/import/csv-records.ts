import { type LogRecord, logFormats } from '../../trials/index.ts';

/** All rows of a finished CSV file. Throws FileError. */
export async function csvRecords(path: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await logFormats
    .find((f) => f.name === 'csv')!
    .open(path)
    .read({ record: (r) => records.push(r) }, { ended: true });
  return records;
}
