import { partCache } from '../../instrument/part-cache.ts';
import { partForms } from '../../schema/index.ts';
import type { SpectrumCache, SpectrumRequest } from './spectrum.ts';

/** Raised whenever the numbers of a spectrum change. */
export const spectrumRevision = 3;

/** Finished spectra below `dir`, one file a block and image. */
export function folderCache(dir: string, request: SpectrumRequest): SpectrumCache {
  const { network, dataset, finalRelu, method, top, seed = 0, runtime } = request;
  const settings = { finalRelu, method, top, seed };
  return partCache(dir, partForms.spectrum, {
    measurement: 'spectrum',
    revision: spectrumRevision,
    network,
    data: dataset,
    settings,
    runtime,
  });
}
