import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openSealedJson, writeSealedJson } from './sealed-json.ts';

/** Results that are there already, by key, and where to put new ones: an interrupted run goes on. */
export interface ResultCache<T> {
  read(key: string): Promise<T | undefined>;
  write(key: string, value: T): Promise<void>;
}

/**
 * Finished results as JSON files below `dir`, one a key. `settings` is all that a result depends on beside its key: a file that
 * was made with other settings, or that is damaged (its checksum tells) or not as `form` says, is not used.
 */
export function jsonCache<T>(dir: string, settings: readonly unknown[], form: z.ZodType<T>): ResultCache<T> {
  const fingerprint = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  const file = z.object({ fingerprint: z.literal(fingerprint), key: z.string(), value: form });
  const pathOf = (key: string) => join(dir, `${key.replace(/[^\w.@-]+/g, '_')}.json`);
  return {
    async read(key) {
      try {
        const path = pathOf(key);
        const found = file.parse(openSealedJson(await readFile(path, 'utf8'), path));
        return found.key === key ? found.value : undefined;
      } catch {
        return undefined;
      }
    },
    write: (key, value) => writeSealedJson(pathOf(key), { fingerprint, key, value }),
  };
}
