import { FileError } from '../errors.ts';
import { decodeNpz, looksLikeNpy } from './npy.ts';
import { readBytes } from './read-bytes.ts';
import { decodeSafetensors, looksLikeSafetensors } from './safetensors.ts';
import type { NamedTensors } from './tensor.ts';
import { decodeTorchCheckpoint } from './torch.ts';
import { looksLikePickle } from './torch-file.ts';
import { looksLikeZip, ZipArchive } from './zip.ts';

const expected = 'a checkpoint: PyTorch (.pt, .pth, .th), safetensors or .npz';

/**
 * Weights by name from a checkpoint of any format that Ballast reads, told apart by content, not by the file's name.
 * float16 and bfloat16 are widened to float32; a `module.` prefix in PyTorch checkpoints is dropped.
 */
export async function readWeights(path: string): Promise<NamedTensors> {
  const bytes = await readBytes(path, expected);
  if (bytes.length === 0) throw new FileError(path, `is empty; expected ${expected}`);
  if (looksLikeZip(bytes)) {
    const archive = new ZipArchive(bytes, path);
    const arrays = archive.names.length > 0 && archive.names.every((name) => name.endsWith('.npy'));
    return arrays ? decodeNpz(archive, path) : decodeTorchCheckpoint(bytes, path).tensors;
  }
  if (looksLikePickle(bytes)) return decodeTorchCheckpoint(bytes, path).tensors;
  if (looksLikeSafetensors(bytes)) return decodeSafetensors(bytes, path).tensors;
  if (looksLikeNpy(bytes)) throw new FileError(path, `is a single NumPy array without a name; expected ${expected}`);
  throw new FileError(path, `is of no known format; expected ${expected}`);
}
