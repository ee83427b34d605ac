import { UsageError } from '../../base/errors.ts';
import { cut } from '../../base/printable.ts';
import { quote } from '../quote.ts';
import { TensorRef } from './torch-tensor.ts';

/** A dict of a pickle. */
export type Dict = ReadonlyMap<unknown, unknown>;

/** Tensors by name that a checkpoint holds under a key, perhaps beside other sets of them. */
export interface WeightSet {
  /** The keys that lead to it, joined by dots; empty where the file itself is the set. */
  readonly key: string;
  /** The dict that holds it, last, and those around it. */
  readonly dicts: readonly Dict[];
}

/** Keys under which training scripts keep the weights that they train, most specific first. */
const trained = ['state_dict', 'model_state_dict', 'model', 'net', 'network', 'model_state', 'weights', 'params'];

/** Keys of what lies beside weights and holds tensors that are none: moments of an optimizer, states of random numbers. */
const beside = /optim|sched|scaler|rng|callback|loops/i;

/** Deeper than any script nests its state dict. */
const maxDepth = 4;

/** Far more than a file has; it bounds the search in one made to be long. */
const maxSets = 64;

export const isDict = (value: unknown): value is Dict => value instanceof Map;

function hasTensors(dict: Dict): boolean {
  for (const value of dict.values()) if (value instanceof TensorRef) return true;
  return false;
}

/** Every set of tensors in a checkpoint, the nearest to the top first. A dict inside a set belongs to it. */
function setsIn(root: Dict): WeightSet[] {
  const found: WeightSet[] = [];
  let level: WeightSet[] = [{ key: '', dicts: [root] }];
  // The same dict may be reached in many ways; it is looked at once.
  const seen = new Set<Dict>([root]);
  for (let depth = 0; depth < maxDepth && level.length && found.length < maxSets; depth++) {
    const deeper: WeightSet[] = [];
    for (const { key: outer, dicts } of level) {
      const dict = dicts.at(-1)!;
      if (hasTensors(dict)) found.push({ key: outer, dicts });
      for (const [key, value] of dict) {
        if (typeof key !== 'string' || !isDict(value) || seen.has(value) || beside.test(cut(key, 200))) continue;
        seen.add(value);
        if (deeper.length < maxSets)
          deeper.push({ key: outer === '' ? key : `${outer}.${key}`, dicts: [...dicts, value] });
      }
    }
    level = deeper;
  }
  return found;
}

/** Follows the usual keys of trained weights down from the top, as far as they go. */
function usualKey(root: Dict): string {
  const keys: string[] = [];
  let at: Dict = root;
  while (keys.length < maxDepth) {
    const dict = at;
    const key = trained.find((k) => isDict(dict.get(k)));
    if (key === undefined) break;
    keys.push(key);
    at = dict.get(key) as Dict;
  }
  return keys.join('.');
}

export interface ChosenSet {
  /** Undefined where the checkpoint holds none. */
  readonly chosen: WeightSet | undefined;
  /** Keys of the other sets; tensors around the chosen one (the state of random numbers) or inside it make none. */
  readonly otherKeys: readonly string[];
}

/**
 * The set of weights to read: the one that `wanted` names, else the one under the usual keys (`state_dict`, `model_state_dict`,
 * `model`, `net`, ..., and one of them in another), else the only one. `chosen` is undefined where there is none at all.
 * Throws UsageError where nothing says which of several is meant.
 */
export function chooseSet(root: Dict, path: string, wanted: string | undefined): ChosenSet {
  const sets = setsIn(root);
  const under = (key: string | undefined) => sets.find((s) => s.key === key);
  const chosen = under(wanted) ?? under(usualKey(root)) ?? under('') ?? (sets.length === 1 ? sets[0] : undefined);
  if (!chosen && sets.length)
    throw new UsageError(
      `${path}: holds several sets of weights (${keysText(sets.map((s) => s.key))}); choose one by its key (weightsKey)`,
    );
  const apart = ({ dicts }: WeightSet) =>
    !dicts.includes(chosen!.dicts.at(-1)!) && !chosen!.dicts.includes(dicts.at(-1)!);
  return { chosen, otherKeys: chosen ? sets.filter(apart).map((s) => s.key) : [] };
}

/** Keys for a message: a few, and whether there are more. */
export function keysText(keys: readonly string[]): string {
  const shown = keys.slice(0, 8).map((key) => (key === '' ? 'the top' : quote(key)));
  return shown.join(', ') + (keys.length > 8 ? ', ...' : '');
}
