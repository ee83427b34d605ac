import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../formats/index.ts';
import type { SpectrumCache, SpectrumRequest } from './spectrum.ts';

/** Finished pieces of a measurement by name, so that an interrupted one goes on where it stopped. */
export interface ResultCache<T> {
  read(key: string): Promise<T | undefined>;
  write(key: string, value: T): Promise<void>;
}

/**
 * Finished pieces as files below `dir`. `settings` is what they depend on beside their name: a file that was made with other ones, or that is
 * damaged, is not used. Numbers that JSON does not know (NaN, Infinity) come back as null.
 */
export function resultCache<T>(dir: string, settings: readonly unknown[]): ResultCache<T> {
  const print = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  const pathOf = (key: string) => join(dir, `${key.replace(/[^\w.@-]+/g, '_')}.json`);
  return {
    async read(key) {
      try {
        const file = JSON.parse(await readFile(pathOf(key), 'utf8')) as {
          fingerprint: string;
          key: string;
          spectrum: T;
        };
        return file.fingerprint === print && file.key === key ? file.spectrum : undefined;
      } catch {
        return undefined;
      }
    },
    write: (key, spectrum) => writeFileAtomic(pathOf(key), JSON.stringify({ fingerprint: print, key, spectrum })),
  };
}

/** Finished spectra, one file a block and image. */
export function folderCache(
  dir: string,
  { network, dataset, finalRelu, method, top, seed }: SpectrumRequest,
): SpectrumCache {
  return resultCache(dir, [
    network.name,
    network.identity,
    dataset.name,
    dataset.count,
    finalRelu,
    method,
    top,
    seed ?? 0,
  ]);
}
