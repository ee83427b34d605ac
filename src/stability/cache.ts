import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../formats/index.ts';
import type { BlockSpectrum } from './result.ts';
import type { SpectrumCache, SpectrumRequest } from './spectrum.ts';

/** What a spectrum depends on beside the block and the image. */
function fingerprint({ network, dataset, finalRelu, method, top, seed }: SpectrumRequest): string {
  const parts = [network.name, network.identity, dataset.name, dataset.count, finalRelu, method, top, seed ?? 0];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/**
 * Finished spectra as files below `dir`, one a block and image, so that an interrupted run goes on where it stopped. A file
 * that was made with other settings, or that is damaged, is not used.
 */
export function folderCache(dir: string, request: SpectrumRequest): SpectrumCache {
  const print = fingerprint(request);
  const pathOf = (key: string) => join(dir, `${key.replace(/[^\w.@-]+/g, '_')}.json`);
  return {
    async read(key) {
      try {
        const file = JSON.parse(await readFile(pathOf(key), 'utf8')) as {
          fingerprint: string;
          key: string;
          spectrum: BlockSpectrum;
        };
        return file.fingerprint === print && file.key === key ? file.spectrum : undefined;
      } catch {
        return undefined;
      }
    },
    write: (key, spectrum) => writeFileAtomic(pathOf(key), JSON.stringify({ fingerprint: print, key, spectrum })),
  };
}
