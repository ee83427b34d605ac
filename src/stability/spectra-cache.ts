import { jsonCache } from '../formats/index.ts';
import { networkIdentity } from '../models/index.ts';
import type { SpectrumCache, SpectrumRequest } from './spectrum.ts';

/** Finished spectra below `dir`, one file a block and image. */
export function folderCache(dir: string, request: SpectrumRequest): SpectrumCache {
  const { network, dataset, finalRelu, method, top, seed } = request;
  return jsonCache(dir, [
    network.name,
    networkIdentity(network),
    dataset.name,
    dataset.count,
    finalRelu,
    method,
    top,
    seed ?? 0,
  ]);
}
