import {
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { FileError } from '../../base/errors.ts';
import { requireMemory } from '../../runtime/index.ts';
import { headOf } from '../../trials/index.ts';

/** Bytes that a row of our table takes once it is read, about. */
const bytesOfRow = 2000;
const magic = 'PAR1';

/** Whether a file begins as Apache Parquet does. Throws FileError for one that cannot be read. */
export const isParquet = async (path: string): Promise<boolean> =>
  Buffer.from((await headOf(path)).subarray(0, magic.length)).toString('latin1') === magic;

/** The names of the columns of a Parquet file, in their order. Throws FileError for one that is damaged. */
export const parquetColumns = async (path: string): Promise<string[]> =>
  parquetSchema(await metadataOf(path)).children.map(({ element }) => element.name);

/** All rows of a Parquet file by column; whole numbers of 64 bits as numbers. Throws FileError for a damaged file, and BallastError for one that memory cannot hold. */
export async function parquetRecords(path: string): Promise<Record<string, unknown>[]> {
  const metadata = await metadataOf(path);
  requireMemory(
    Number(metadata.num_rows) * bytesOfRow,
    `${path}, a table of ${metadata.num_rows} rows,`,
    'take a part of it',
  );
  const rows = await reading(path, async () => parquetReadObjects({ file: await asyncBufferFromFile(path), metadata }));
  for (const row of rows)
    for (const [key, value] of Object.entries(row)) if (typeof value === 'bigint') row[key] = Number(value);
  return rows;
}

const metadataOf = (path: string): Promise<FileMetaData> =>
  reading(path, async () => parquetMetadataAsync(await asyncBufferFromFile(path)));

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new FileError(path, `is no Parquet file that can be read: ${(cause as Error).message}`, { cause });
  }
}
