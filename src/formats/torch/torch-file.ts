import { FileError } from '../../base/errors.ts';
import { looksLikeZip, ZipArchive } from '../archives/zip.ts';
import { Budget } from '../budget.ts';
import { quote, quoteValue } from '../quote.ts';
import { readPickle, valueBudget } from './pickle.ts';
import type { PickleHost } from './pickle-values.ts';
import { torchHost } from './torch-globals.ts';
import type { StorageRef } from './torch-tensor.ts';

/** What `torch.save` wrote: the pickled value, in which tensors are `TensorRef`s, and the bytes of their storages. */
export interface TorchFile {
  readonly value: unknown;
  /** The bytes of one storage, of the length that the pickle says. */
  storage(ref: StorageRef): Uint8Array;
  readonly budget: Budget;
  /** How many objects of which class were passed over. */
  readonly passedOver: ReadonlyMap<string, number>;
}

const legacyMagic = 0x1950a86a20f9469cfc6cn;

/** True when the bytes begin with a pickle of protocol 2 to 5, as legacy PyTorch files (and arbitrary pickles) do. */
export function looksLikePickle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5;
}

/** Opens the bytes of a PyTorch file of either format. `path` opens the messages. */
export function openTorchFile(bytes: Uint8Array, path: string): TorchFile {
  // Views of storages cost nothing; widening to float32 and copying views into order costs at most a small multiple of the file.
  const budget = new Budget(path, 8 * bytes.length + 2 ** 26);
  const values = valueBudget(bytes, path);
  if (looksLikeZip(bytes)) return openZip(new ZipArchive(bytes, path), path, budget, values);
  if (looksLikePickle(bytes)) return openLegacy(bytes, path, budget, values);
  throw new FileError(path, 'expected a PyTorch checkpoint (a zip archive or, before PyTorch 1.6, pickles)');
}

interface Collected {
  readonly host: PickleHost;
  readonly storages: ReadonlyMap<string, StorageRef>;
  readonly passedOver: ReadonlyMap<string, number>;
}

/** Notes what is passed over and the storages that a pickle mentions, and insists that it always says the same about one. */
function collect(path: string): Collected {
  const storages = new Map<string, StorageRef>();
  const passedOver = new Map<string, number>();
  const host = torchHost({
    onStorage(storage) {
      const known = storages.get(storage.key);
      if (known && (known.dtype !== storage.dtype || known.count !== storage.count)) {
        throw new FileError(path, `storage ${quote(storage.key)} is described twice, differently`);
      }
      storages.set(storage.key, storage);
    },
    onPassedOver: (name) => passedOver.set(name, (passedOver.get(name) ?? 0) + 1),
  });
  return { host, storages, passedOver };
}

/** Elements of 8 bytes can be viewed: a copy where the file has them at another place. */
const aligned = (bytes: Uint8Array) => (bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes));

/** PyTorch 1.6 and later: `NAME/data.pkl` and one stored entry `NAME/data/KEY` for each storage. */
function openZip(archive: ZipArchive, path: string, budget: Budget, values: Budget): TorchFile {
  const pickle = archive.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new FileError(path, 'is a zip archive without data.pkl; expected one that torch.save wrote');
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (archive.has(`${folder}constants.pkl`)) {
    throw new FileError(
      path,
      'is a TorchScript program; expected weights, written by torch.save(model.state_dict(), ...)',
    );
  }
  if (archive.has(`${folder}byteorder`)) {
    const order = Buffer.from(archive.read(`${folder}byteorder`)).toString('latin1');
    if (order !== 'little') throw new FileError(path, `has byte order ${quote(order)}; little is read`);
  }
  const { host, passedOver } = collect(path);
  const { value } = readPickle({ bytes: archive.read(pickle), path, host, budget: values });
  const known = new Map<string, Uint8Array>();
  const storage = (ref: StorageRef): Uint8Array => {
    const bytes = known.get(ref.key) ?? aligned(archive.read(`${folder}data/${ref.key}`));
    known.set(ref.key, bytes);
    if (bytes.length !== ref.byteLength) {
      throw new FileError(path, `storage ${quote(ref.key)} has ${bytes.length} bytes, expected ${ref.byteLength}`);
    }
    return bytes;
  };
  return { value, storage, budget, passedOver };
}

/**
 * Before PyTorch 1.6: five pickles (magic number; protocol 1001; facts about the system; the value; the list of storage keys), then
 * for each key an int64 number of elements and the elements.
 */
function openLegacy(bytes: Uint8Array, path: string, budget: Budget, values: Budget): TorchFile {
  const fail = (problem: string): never => {
    throw new FileError(path, problem);
  };
  const { storages, host, passedOver } = collect(path);
  let at = 0;
  const next = (): unknown => {
    const { value, end } = readPickle({ bytes, start: at, path, host, budget: values });
    at = end;
    return value;
  };
  if (next() !== legacyMagic) fail('is a pickle, but not one of PyTorch; expected a checkpoint written by torch.save');
  if (next() !== 1001) fail('is no PyTorch checkpoint of protocol 1001');
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    fail('was not written on a little-endian machine');
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) return fail('has no list of storages after the value');

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const contents = new Map<string, Uint8Array>();
  for (const key of keys as readonly unknown[]) {
    const ref = typeof key === 'string' ? storages.get(key) : undefined;
    if (!ref || contents.has(ref.key)) return fail(`lists storage ${quoteValue(key)}, which no tensor uses, or twice`);
    const end = at + 8 + ref.byteLength;
    if (!(end <= bytes.length)) {
      return fail(`truncated: storage ${quote(ref.key)} should end at byte ${end}, the file has ${bytes.length}`);
    }
    const count = view.getBigInt64(at, true);
    if (count !== BigInt(ref.count)) fail(`storage ${quote(ref.key)} has ${count} elements, expected ${ref.count}`);
    contents.set(ref.key, bytes.subarray(at + 8, end));
    at = end;
  }
  if (at !== bytes.length) fail(`has ${bytes.length - at} bytes after its last storage, expected none`);
  const storage = (ref: StorageRef): Uint8Array => {
    const content = aligned(contents.get(ref.key) ?? fail(`storage ${quote(ref.key)} is missing`));
    contents.set(ref.key, content);
    return content;
  };
  return { value, storage, budget, passedOver };
}
