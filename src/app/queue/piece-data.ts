/** The data that pieces of a measurement read, known by their content. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataIdentity } from '../../data/index.ts';
import type { ReadData } from '../../instrument/index.ts';
import { loadSplit } from '../subject.ts';

/** Data that are made on the spot, the same everywhere. */
export const isMade = (dataset: string) => dataset === 'shapes' || dataset === 'grammar';

/** The folder of a data set in one that holds several: DIR/NAME where there is one, else DIR. */
export function folderOfData(dataset: string, dir: string): string {
  const own = join(dir, dataset);
  return existsSync(own) ? own : dir;
}

/** SHA-256 of the splits that are read of a data set in a folder. Throws UsageError and FileError as `loadData` does. */
export async function identityOfRead({ dataset, splits }: ReadData, dir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const split of splits) {
    const keys = { dataset, data: folderOfData(dataset, dir), download: false, seed: 0 };
    hash.update(`${split} ${dataIdentity(await loadSplit(keys, split, {}))}\n`);
  }
  return hash.digest('hex');
}
