import { FileError } from '../errors.ts';
import { decodeNpz, looksLikeNpy } from './npy.ts';
import { readBytes } from './read-bytes.ts';
import { decodeSafetensors, looksLikeSafetensors } from './safetensors.ts';
import type { NamedTensors } from './tensor.ts';
import { decodeTorchCheckpoint } from './torch.ts';
import { looksLikePickle } from './torch-file.ts';
import { looksLikeZip, ZipArchive } from './zip.ts';

/** For messages. */
export const expectedWeights = 'a checkpoint: PyTorch (.pt, .pth, .th), safetensors or .npz';

export interface Weights {
  readonly tensors: NamedTensors;
  /** What the writer of a safetensors file put beside them; other formats have none. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Weights by name from the bytes of a checkpoint of any format that Ballast reads, told apart by content, not by the file's name.
 * float16 and bfloat16 are widened to float32; a `module.` prefix in PyTorch checkpoints is dropped.
 */
export function decodeWeights(bytes: Uint8Array, path: string): Weights {
  const plain = (tensors: NamedTensors): Weights => ({ tensors, metadata: {} });
  if (bytes.length === 0) throw new FileError(path, `is empty; expected ${expectedWeights}`);
  if (looksLikeZip(bytes)) {
    const archive = new ZipArchive(bytes, path);
    const arrays = archive.names.length > 0 && archive.names.every((name) => name.endsWith('.npy'));
    return plain(arrays ? decodeNpz(archive, path) : decodeTorchCheckpoint(bytes, path).tensors);
  }
  // Before pickles: the length that a safetensors file begins with may have the first byte of one.
  if (looksLikeSafetensors(bytes)) return decodeSafetensors(bytes, path);
  if (looksLikePickle(bytes)) return plain(decodeTorchCheckpoint(bytes, path).tensors);
  if (looksLikeNpy(bytes))
    throw new FileError(path, `is a single NumPy array without a name; expected ${expectedWeights}`);
  throw new FileError(path, `is of no known format; expected ${expectedWeights}`);
}

/** The tensors of a checkpoint file: see `decodeWeights`. */
export async function readWeights(path: string): Promise<NamedTensors> {
  return decodeWeights(await readBytes(path, expectedWeights), path).tensors;
}
