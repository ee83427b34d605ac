import type { z } from 'zod';
import { version } from '../base/version.ts';
import { dataIdentity, type ImageDataset, type TextDataset } from '../data/index.ts';
import { jsonCache, type ResultCache } from '../formats/index.ts';
import { type Network, networkIdentity } from '../models/index.ts';
import { type RuntimeOptions, runtimeVersion } from '../runtime/index.ts';

/** All that a finished part of a measurement depends on beside its key. */
export interface PartOrigin {
  /** Which measurement, and the revision of what it computes: raised whenever its numbers change. */
  readonly measurement: string;
  readonly revision: number;
  readonly network: Network;
  /** Absent where no data is looked at. */
  readonly data?: ImageDataset | TextDataset;
  /** Of the request, what the part depends on. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly runtime?: RuntimeOptions | undefined;
}

/**
 * Finished parts below `dir`, one file a key, known by content: a part is served again only to the same bytes of data and network, the same
 * settings, the same version of Ballast, of ONNX Runtime and of the measurement, the same device and emission. The number of threads is left out: ONNX
 * Runtime divides its work among them by outputs, which changes no sum. `form`: of a part; one of another form is measured again.
 */
export function partCache<T>(dir: string, form: z.ZodType<T>, origin: PartOrigin): ResultCache<T> {
  const { measurement, revision, network, data, settings, runtime = {} } = origin;
  const { device = 'cpu', emission = 'auto' } = runtime;
  return jsonCache(
    dir,
    [
      { measurement, revision, ballast: version, onnxruntime: runtimeVersion(), device, emission },
      // The name is no part of the content, but is written into results.
      { network: networkIdentity(network), called: network.name, data: data === undefined ? null : dataIdentity(data) },
      settings,
    ],
    form,
  );
}
