import { FileError } from '../errors.ts';
import type { TensorData } from '../tensor.ts';
import { quote } from './quote.ts';
import { readBytes } from './read-bytes.ts';
import { openTorchFile } from './torch-file.ts';
import { TensorRef } from './torch-tensor.ts';

/** A number, text or truth value that lay beside the tensors, such as an epoch or an accuracy. */
export type Extra = string | number | bigint | boolean | null;

export interface TorchCheckpoint {
  /** The state dict, in the order of the file, without the `module.` of DataParallel. float16 and bfloat16 are widened to float32. */
  readonly tensors: ReadonlyMap<string, TensorData>;
  /** Plain scalars beside the state dict and in it. */
  readonly extras: ReadonlyMap<string, Extra>;
}

/** Keys under which training scripts keep the state dict beside other things, most specific first. */
const wrappers = ['state_dict', 'model_state_dict', 'model', 'net'];

type Dict = ReadonlyMap<unknown, unknown>;

const isDict = (value: unknown): value is Dict => value instanceof Map;
const hasTensors = (value: unknown): value is Dict =>
  isDict(value) && [...value.values()].some((v) => v instanceof TensorRef);

const isExtra = (value: unknown): value is Extra =>
  value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);

/** Follows the wrappers down to the state dict; the dicts on the way are returned outermost first. */
function unwrap(value: unknown): Dict[] {
  const path: Dict[] = [];
  let at = value;
  while (isDict(at) && path.length < 4) {
    path.push(at);
    const dict = at;
    const key = wrappers.find((k) => isDict(dict.get(k)));
    if (key === undefined) break;
    at = at.get(key);
  }
  return path;
}

function describe(value: unknown): string {
  if (value instanceof TensorRef) return 'a single tensor';
  if (!isDict(value)) return Array.isArray(value) ? 'a list' : 'a plain value';
  const keys = [...value.keys()].slice(0, 8).map((k) => quote(String(k)));
  return keys.length ? `a dict with keys ${keys.join(', ')}${value.size > 8 ? ', ...' : ''}` : 'an empty dict';
}

/** The state dict in the bytes of a PyTorch file; see `readTorchCheckpoint`. */
export function decodeTorchCheckpoint(bytes: Uint8Array, path: string): TorchCheckpoint {
  const file = openTorchFile(bytes, path);
  const dicts = unwrap(file.value);
  const state = dicts.at(-1);
  if (!hasTensors(state)) {
    throw new FileError(path, `expected a state dict (names to tensors), found ${describe(state ?? file.value)}`);
  }
  const tensors = new Map<string, TensorData>();
  const extras = new Map<string, Extra>();
  for (const dict of dicts) {
    for (const [key, value] of dict) if (typeof key === 'string' && isExtra(value)) extras.set(key, value);
  }
  for (const [key, value] of state) {
    if (!(value instanceof TensorRef)) continue;
    if (typeof key !== 'string') throw new FileError(path, 'state dict names a tensor by something that is not text');
    const name = key.startsWith('module.') ? key.slice('module.'.length) : key;
    if (tensors.has(name)) throw new FileError(path, `state dict has ${quote(name)} with and without "module."`);
    tensors.set(name, value.materialize(file.storage(value.storage), quote(key), path, file.budget));
  }
  return { tensors, extras };
}

/**
 * Reads the state dict of a PyTorch checkpoint (`.pt`, `.pth`, `.th`), in the zip format or the legacy one, without running any of it:
 * a pickle that asks for anything but tensors and plain containers is refused by name. The state dict is the saved value itself, or
 * lies in it under `state_dict`, `model_state_dict`, `model` or `net`.
 *
 * @throws FileError naming what was expected, for every file that is not whole and well formed.
 */
export async function readTorchCheckpoint(path: string): Promise<TorchCheckpoint> {
  return decodeTorchCheckpoint(await readBytes(path, 'a PyTorch checkpoint'), path);
}
