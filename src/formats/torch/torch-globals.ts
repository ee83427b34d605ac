import type { Budget } from '../budget.ts';
import { elementBytes, type StoredDType } from '../tensor.ts';
import { isInert, isMentioned } from './inert-objects.ts';
import { InertGlobal, PickleGlobal, type PickleHost } from './pickle-values.ts';
import { StorageRef, TensorRef } from './torch-tensor.ts';

/** A storage class, e.g. `torch.FloatStorage`; without a type for `UntypedStorage`. */
class StorageClass extends PickleGlobal {
  readonly dtype: StoredDType | undefined;

  constructor(name: string, dtype: StoredDType | undefined) {
    super(name);
    this.dtype = dtype;
  }
}

/** An element type, e.g. `torch.float32`. */
class DTypeName extends PickleGlobal {
  readonly dtype: StoredDType;

  constructor(name: string, dtype: StoredDType) {
    super(name);
    this.dtype = dtype;
  }
}

const storageClasses: Readonly<Record<string, StoredDType>> = {
  FloatStorage: 'float32',
  DoubleStorage: 'float64',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
};

const isNatural = (n: unknown): n is number => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;

/** More dimensions than any tensor has. */
const maxRank = 64;

/** A copy of a list of natural numbers, for the pickle may go on to change the list; undefined for anything else. */
function naturals(list: unknown): number[] | undefined {
  if (!Array.isArray(list) || list.length > maxRank) return undefined;
  const copy: unknown[] = [...list];
  return copy.every(isNatural) ? copy : undefined;
}

/** Undefined, which the unpickler reports, when the arguments do not make a tensor. */
function rebuildTensor(dtype: StoredDType | undefined, args: readonly unknown[], budget: Budget) {
  const [storage, offset, sizes, steps] = args;
  budget.spend(256 + 2 * 8 * maxRank, 'a tensor of the pickle');
  const [shape, strides] = [naturals(sizes), naturals(steps)];
  if (!(storage instanceof StorageRef) || !isNatural(offset) || !shape || !strides) return undefined;
  const type = dtype ?? storage.dtype;
  if (!type || shape.length !== strides.length) return undefined;
  return new TensorRef(storage, type, offset, shape, strides);
}

/** A tensor of a class of its own, or with attributes: `(function, class, arguments, state)`. */
function rebuildFromType([make, , args]: readonly unknown[], budget: Budget): unknown {
  if (!(make instanceof PickleGlobal) || !Array.isArray(args) || make.call === rebuildFromType) return undefined;
  const made = make.call?.(args, budget);
  return made instanceof TensorRef ? made : undefined;
}

/** Pairs of an OrderedDict or items of a set come as a list; copying it is spent, for one list can be copied many times. */
function listArgument(args: readonly unknown[], budget: Budget): readonly unknown[] | undefined {
  const [list = [], ...more] = args;
  if (!Array.isArray(list) || more.length) return undefined;
  budget.spend(256 + 64 * list.length, 'a container of the pickle');
  return list;
}

function orderedDict(args: readonly unknown[], budget: Budget): Map<unknown, unknown> | undefined {
  const pairs = listArgument(args, budget);
  if (!pairs?.every((pair) => Array.isArray(pair) && pair.length === 2)) return undefined;
  return new Map(pairs as [unknown, unknown][]);
}

function set(args: readonly unknown[], budget: Budget): Set<unknown> | undefined {
  const items = listArgument(args, budget);
  return items && new Set(items);
}

/** A member of an enumeration, which Python 3.11 writes as an attribute of its class. It is passed over like other objects of the class. */
function member([owner, name]: readonly unknown[], budget: Budget): unknown {
  return owner instanceof InertGlobal && typeof name === 'string' ? owner.call?.([], budget) : undefined;
}

/** Protocol 2 has no opcode for bytes: they come as Latin-1 text with a call that encodes it. */
export function encode([text, encoding]: readonly unknown[], budget: Budget): Uint8Array | undefined {
  if (typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1')) return undefined;
  budget.spend(128 + text.length, 'a bytes value of the pickle');
  return Buffer.from(text, 'latin1');
}

/** Every name that a pickle may ask for. Not one of them runs code: each is a constructor of plain values written here. */
const globals = new Map<string, PickleGlobal>();

function define(name: string, call?: PickleGlobal['call']): void {
  globals.set(name, new PickleGlobal(name, call));
}

define('collections.OrderedDict', orderedDict);
// Its first argument makes values for missing keys, which are never asked for.
define('collections.defaultdict', ([, pairs], budget) => orderedDict(pairs === undefined ? [] : [pairs], budget));
define('torch._utils._rebuild_tensor', (args, budget) => rebuildTensor(undefined, args, budget));
define('torch._utils._rebuild_tensor_v2', (args, budget) => rebuildTensor(undefined, args, budget));
define('torch._utils._rebuild_tensor_v3', (args, budget) =>
  args[6] instanceof DTypeName ? rebuildTensor(args[6].dtype, args, budget) : undefined,
);
define('torch._utils._rebuild_parameter', ([data]) => (data instanceof TensorRef ? data : undefined));
define('torch._utils._rebuild_parameter_with_state', ([data]) => (data instanceof TensorRef ? data : undefined));
define('torch._tensor._rebuild_from_type_v2', rebuildFromType);
define('torch.Size', ([dims], budget) => {
  budget.spend(64 + 8 * maxRank, 'a shape of the pickle');
  return naturals(dims);
});
define('_codecs.encode', encode);
for (const module of ['builtins', '__builtin__']) {
  define(`${module}.getattr`, member);
  define(`${module}.set`, set);
  define(`${module}.frozenset`, set);
  define(`${module}.bytes`, (args) => (args.length === 0 ? new Uint8Array(0) : undefined));
}
for (const [name, dtype] of Object.entries(storageClasses)) {
  for (const full of [`torch.${name}`, `torch.cuda.${name}`]) globals.set(full, new StorageClass(full, dtype));
}
for (const full of ['torch.UntypedStorage', 'torch.storage.UntypedStorage']) {
  globals.set(full, new StorageClass(full, undefined));
}
for (const dtype of Object.keys(elementBytes) as StoredDType[]) {
  globals.set(`torch.${dtype}`, new DTypeName(`torch.${dtype}`, dtype));
}

/**
 * `("storage", class, key, location, count)`, in legacy files followed by None or `(key, first element, count)` of a view.
 * Where the tensor lived (`cuda:0`) is ignored.
 */
function storageOf(id: unknown): StorageRef | undefined {
  if (!Array.isArray(id)) return undefined;
  const [tag, type, key, , count, view]: readonly unknown[] = id;
  if (tag !== 'storage' || !(type instanceof StorageClass) || typeof key !== 'string' || !isNatural(count))
    return undefined;
  if (view === undefined || view === null) return new StorageRef(key, type.dtype, count, 0);
  const start = Array.isArray(view) ? view[1] : undefined;
  return isNatural(start) ? new StorageRef(key, type.dtype, count, start) : undefined;
}

export interface TorchHostOptions {
  /** Hears of every storage that the pickle mentions. */
  onStorage(storage: StorageRef): void;
  /** Hears the class of every object that is passed over; not of the element types that NumPy's objects carry. */
  onPassedOver(name: string): void;
}

/** What a pickle of PyTorch may ask for. */
export function torchHost({ onStorage, onPassedOver }: TorchHostOptions): PickleHost {
  const inert = new Map<string, PickleGlobal>();
  return {
    global(name) {
      const known = globals.get(name) ?? inert.get(name);
      if (known || !(isInert(name) || isMentioned(name))) return known;
      const made = isInert(name)
        ? new InertGlobal(name, name === 'numpy.dtype' ? () => undefined : onPassedOver)
        : new PickleGlobal(name);
      inert.set(name, made);
      return made;
    },
    persistent(id) {
      // Before PyTorch 1.6 the source of every class of a whole model is kept beside it: ("module", class, file, source).
      if (Array.isArray(id) && id[0] === 'module' && id[1] instanceof PickleGlobal) return id[1];
      const storage = storageOf(id);
      if (storage) onStorage(storage);
      return storage;
    },
  };
}
