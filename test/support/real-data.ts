import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const root = process.env.BALLAST_DATA ?? '../shared/data';

/**
 * The absolute path of a file or folder of the real data (`BALLAST_DATA`, else `../shared/data`), or undefined where it is absent, so that
 * tests on it can be skipped. With `BALLAST_REQUIRE_DATA=1` absence is an error: there a skipped test would be a hole.
 */
export function realData(path: string): string | undefined {
  const absolute = resolve(root, path);
  if (existsSync(absolute)) return absolute;
  if (process.env.BALLAST_REQUIRE_DATA === '1') throw new Error(`real data is missing: ${absolute}`);
  return undefined;
}
