import { FileError } from '../../base/errors.ts';
import type { TensorData } from '../../base/tensor.ts';
import { readBytes } from '../files/read-bytes.ts';
import { quote, quoteValue } from '../quote.ts';
import { PassedOver } from './pickle-values.ts';
import { openTorchFile } from './torch-file.ts';
import { TensorRef } from './torch-tensor.ts';
import { chooseSet, isDict } from './weight-sets.ts';

/** A number, text or truth value that lay beside the tensors, such as an epoch or an accuracy. */
export type Extra = string | number | bigint | boolean | null;

export interface TorchCheckpoint {
  /** The state dict, in the order of the file, without the `module.` of DataParallel. float16 and bfloat16 are widened to float32. */
  readonly tensors: ReadonlyMap<string, TensorData>;
  /** Plain scalars beside the state dict and in it. */
  readonly extras: ReadonlyMap<string, Extra>;
  /** The keys that lead to the state dict, joined by dots; empty where the file is one itself. */
  readonly key: string;
  /** Keys of other sets of tensors in the file, such as the moving averages of the weights. */
  readonly otherKeys: readonly string[];
  /** Objects beside the tensors that were not built: how many of which class. */
  readonly passedOver: ReadonlyMap<string, number>;
}

export interface WeightsOptions {
  /** Which set of weights to take from a file that holds several: the keys that lead to it, joined by dots (`model_ema`, `ema.state_dict`). */
  readonly weightsKey?: string | undefined;
}

const isExtra = (value: unknown): value is Extra =>
  value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);

function describe(value: unknown): string {
  if (value instanceof TensorRef) return 'a single tensor';
  if (value instanceof PassedOver)
    return `an object of ${quote(value.name)}, which is not built; save its state_dict() instead`;
  if (!isDict(value)) return Array.isArray(value) ? 'a list' : 'a plain value';
  const keys: string[] = [];
  for (const key of value.keys()) if (keys.push(quoteValue(key)) === 8) break;
  return keys.length ? `a dict with keys ${keys.join(', ')}${value.size > 8 ? ', ...' : ''}` : 'an empty dict';
}

/** The state dict in the bytes of a PyTorch file; see `readTorchCheckpoint`. */
export function decodeTorchCheckpoint(
  bytes: Uint8Array,
  path: string,
  { weightsKey }: WeightsOptions = {},
): TorchCheckpoint {
  const file = openTorchFile(bytes, path);
  const { chosen, otherKeys } = isDict(file.value)
    ? chooseSet(file.value, path, weightsKey)
    : { chosen: undefined, otherKeys: [] };
  if (!chosen) throw new FileError(path, `expected a state dict (names to tensors), found ${describe(file.value)}`);
  const tensors = new Map<string, TensorData>();
  const extras = new Map<string, Extra>();
  for (const dict of chosen.dicts) {
    for (const [key, value] of dict) if (typeof key === 'string' && isExtra(value)) extras.set(key, value);
  }
  for (const [key, value] of chosen.dicts.at(-1)!) {
    if (!(value instanceof TensorRef)) continue;
    if (typeof key !== 'string') throw new FileError(path, 'state dict names a tensor by something that is not text');
    const name = key.startsWith('module.') ? key.slice('module.'.length) : key;
    if (tensors.has(name)) throw new FileError(path, `state dict has ${quote(name)} with and without "module."`);
    tensors.set(name, value.materialize(file.storage(value.storage), quote(key), path, file.budget));
  }
  return { tensors, extras, key: chosen.key, otherKeys, passedOver: file.passedOver };
}

/**
 * Reads the state dict of a PyTorch checkpoint (`.pt`, `.pth`, `.th`, `.ckpt`), in the zip format or the legacy one, without running any of it:
 * a pickle that asks for a function is refused by name, and objects beside the tensors are passed over. The state dict is the saved
 * value itself, or lies in it under `state_dict`, `model_state_dict`, `model`, `net` or the like, or under `weightsKey`.
 *
 * @throws FileError naming what was expected, for every file that is not whole and well formed; UsageError where several sets of
 * tensors lie under keys of which none is usual.
 */
export async function readTorchCheckpoint(path: string, options: WeightsOptions = {}): Promise<TorchCheckpoint> {
  return decodeTorchCheckpoint(await readBytes(path, 'a PyTorch checkpoint'), path, options);
}
