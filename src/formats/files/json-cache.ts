import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSealedJson, writeSealedJson } from './sealed-json.ts';

/** Results that are there already, by key, and where to put new ones: an interrupted run goes on. */
export interface ResultCache<T> {
  read(key: string): Promise<T | undefined>;
  write(key: string, value: T): Promise<void>;
}

/**
 * Finished results as JSON files below `dir`, one a key. `settings` is all that a result depends on beside its key: a file that
 * was made with other settings, or that is damaged (its checksum tells), is not used.
 */
export function jsonCache<T>(dir: string, settings: readonly unknown[]): ResultCache<T> {
  const fingerprint = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  const pathOf = (key: string) => join(dir, `${key.replace(/[^\w.@-]+/g, '_')}.json`);
  return {
    async read(key) {
      try {
        const path = pathOf(key);
        const file = openSealedJson(await readFile(path, 'utf8'), path) as {
          fingerprint: string;
          key: string;
          value: T;
        };
        return file.fingerprint === fingerprint && file.key === key ? file.value : undefined;
      } catch {
        return undefined;
      }
    },
    write: (key, value) => writeSealedJson(pathOf(key), { fingerprint, key, value }),
  };
}
