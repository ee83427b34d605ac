import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Loads what users add: modules that BALLAST_EXTENSIONS names, separated by commas, which register measurements, attacks, data sets, models, strategies and
 * schedules of their own. In every process that may meet their names. Tells whether there are any.
 */
export async function loadExtensions(): Promise<boolean> {
  const modules = process.env.BALLAST_EXTENSIONS?.split(',').filter((path) => path.trim() !== '') ?? [];
  for (const path of modules) await import(pathToFileURL(resolve(path.trim())).href);
  return modules.length > 0;
}
