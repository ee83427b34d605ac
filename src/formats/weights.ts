import { FileError, UsageError } from '../base/errors.ts';
import { cut } from '../base/printable.ts';
import { looksLikeZip, ZipArchive } from './archives/zip.ts';
import { readBytes } from './files/read-bytes.ts';
import { decodeNpz, looksLikeNpy } from './npy.ts';
import { quote } from './quote.ts';
import { decodeSafetensors, looksLikeSafetensors } from './safetensors.ts';
import type { NamedTensors } from './tensor.ts';
import { decodeTorchCheckpoint, type WeightsOptions } from './torch/torch.ts';
import { looksLikePickle } from './torch/torch-file.ts';
import { keysText } from './torch/weight-sets.ts';

/** For messages. */
export const expectedWeights = 'a checkpoint: PyTorch (.pt, .pth, .th), safetensors or .npz';

export interface Weights {
  readonly tensors: NamedTensors;
  /** What the writer of a safetensors file put beside them; other formats have none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What a user should know of how they were read, a sentence each: which of several sets was taken, what was passed over. */
  readonly notes: readonly string[];
}

/** The tensors whose names begin with `key` and a dot, without it. Throws UsageError where there are none. */
function namesUnder(tensors: NamedTensors, key: string, path: string, sets: readonly string[]): NamedTensors {
  const start = `${key}.`;
  const found = [...tensors].filter(([name]) => name.startsWith(start));
  if (found.length) return new Map(found.map(([name, t]) => [name.slice(start.length), t]));
  const parts = new Set([...tensors.keys()].flatMap((name) => (name.includes('.') ? name.split('.', 1) : [])));
  throw new UsageError(
    `${path}: has no weights under ${quote(key)}; expected ${keysText([...new Set([...sets, ...parts])].filter(Boolean)) || 'no key: it holds one set'}`,
  );
}

function torchWeights(bytes: Uint8Array, path: string, options: WeightsOptions): Weights {
  const { tensors, key, otherKeys, passedOver } = decodeTorchCheckpoint(bytes, path, options);
  const { weightsKey } = options;
  const whole = weightsKey === undefined || weightsKey === key;
  const taken = key === '' ? 'those at the top' : `those under ${quote(key)}`;
  const others = otherKeys.length === 1 ? `another set, ${keysText(otherKeys)}` : `other sets, ${keysText(otherKeys)}`;
  const names = [...passedOver.keys()];
  return {
    tensors: whole ? tensors : namesUnder(tensors, weightsKey, path, [key, ...otherKeys]),
    metadata: {},
    notes: [
      ...(otherKeys.length && weightsKey === undefined
        ? [`${path}: the weights taken are ${taken}; it holds ${others}, too, which can be chosen by key`]
        : []),
      ...(names.length ? [`${path}: passed over what is no tensor and was not built: ${passedOverText(names)}`] : []),
    ],
  };
}

function passedOverText(names: readonly string[]): string {
  const shown = names.slice(0, 6).map((name) => cut(name, 80));
  return `${shown.join(', ')}${names.length > 6 ? ` and ${names.length - 6} other classes` : ''}`;
}

/**
 * Weights by name from the bytes of a checkpoint of any format that Ballast reads, told apart by content, not by the file's name.
 * float16 and bfloat16 are widened to float32; a `module.` prefix in PyTorch checkpoints is dropped. With `weightsKey`, where no set of tensors
 * lies under it, the tensors whose names begin with it and a dot are taken, of whatever format.
 */
export function decodeWeights(bytes: Uint8Array, path: string, options: WeightsOptions = {}): Weights {
  const { weightsKey } = options;
  const plain = (tensors: NamedTensors, metadata: Weights['metadata'] = {}): Weights => ({
    tensors: weightsKey === undefined ? tensors : namesUnder(tensors, weightsKey, path, []),
    metadata,
    notes: [],
  });
  if (bytes.length === 0) throw new FileError(path, `is empty; expected ${expectedWeights}`);
  if (looksLikeZip(bytes)) {
    const archive = new ZipArchive(bytes, path);
    const arrays = archive.names.length > 0 && archive.names.every((name) => name.endsWith('.npy'));
    return arrays ? plain(decodeNpz(archive, path)) : torchWeights(bytes, path, options);
  }
  // Before pickles: the length that a safetensors file begins with may have the first byte of one.
  if (looksLikeSafetensors(bytes)) {
    const { tensors, metadata } = decodeSafetensors(bytes, path);
    return plain(tensors, metadata);
  }
  if (looksLikePickle(bytes)) return torchWeights(bytes, path, options);
  if (looksLikeNpy(bytes))
    throw new FileError(path, `is a single NumPy array without a name; expected ${expectedWeights}`);
  throw new FileError(path, `is of no known format; expected ${expectedWeights}`);
}

/** The tensors of a checkpoint file: see `decodeWeights`. */
export async function readWeights(path: string, options: WeightsOptions = {}): Promise<NamedTensors> {
  return decodeWeights(await readBytes(path, expectedWeights), path, options).tensors;
}
