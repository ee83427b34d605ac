import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeError } from '../../formats/index.ts';

/**
 * Makes a file that is there whole or not at all, and only once: of several that try, on whatever machines, one is told true. On a network file system the answer to `link` may
 * be lost where it succeeded; how often the file is linked tells. Throws FileError where it cannot be written.
 */
export function makeExclusively(path: string, content: string): boolean {
  const temporary = join(dirname(path), `.${randomBytes(9).toString('hex')}.tmp`);
  try {
    writeFileSync(temporary, content, { flag: 'wx' });
    try {
      linkSync(temporary, path);
      return true;
    } catch (cause) {
      if (statSync(temporary, { throwIfNoEntry: false })?.nlink === 2) return true;
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw cause;
    }
  } catch (cause) {
    throw writeError(path, cause);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Makes folders and those above them. Throws FileError. */
export function makeFolders(...paths: readonly string[]): void {
  for (const path of paths)
    try {
      mkdirSync(path, { recursive: true });
    } catch (cause) {
      throw writeError(path, cause);
    }
}

/** Names in a folder in their order, without those that are being written; none where it is missing. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
}
