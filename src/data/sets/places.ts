import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Where the files of a data set may lie: in `dir`, in the folder that is usual below it, or in either of a folder more (in the order of their
 * names), as archives and other tools leave them. Hidden folders are not looked into.
 *
 * @param foreign Names of folders of other data sets whose files are called the same.
 */
export async function placesFor(dir: string, usual: string, foreign?: RegExp): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const nested = entries
    .filter((e) => (e.isDirectory() || e.isSymbolicLink()) && !e.name.startsWith('.') && !foreign?.test(e.name))
    .map((e) => join(dir, e.name))
    .sort();
  const places = [dir, join(dir, usual), ...nested.flatMap((folder) => [folder, join(folder, usual)])];
  return [...new Set(places)];
}
