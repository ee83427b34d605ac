import { FileError } from '../../base/errors.ts';
import { sizeOf } from '../../base/tensor.ts';
import { readPickle, valueBudget } from './pickle.ts';
import { PickleGlobal, type PickleHost } from './pickle-values.ts';
import { encode } from './torch-globals.ts';

/** An array of unsigned bytes that a pickle brought along, row-major. */
export class PickledBytes {
  shape: readonly number[] = [];
  data: Uint8Array = new Uint8Array(0);
}

/** `numpy.dtype('u1')`, the only one that is read; what is set on it afterwards (byte order, alignment) says nothing of bytes. */
class ByteType {}

const isShape = (value: unknown): value is number[] =>
  Array.isArray(value) &&
  value.length <= 8 &&
  value.every((n) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0);

const text = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value);

/** False where the parts do not make an array of bytes in row-major order. */
function fill(array: PickledBytes, shape: unknown, type: unknown, data: unknown): boolean {
  if (!isShape(shape) || !(type instanceof ByteType) || !(data instanceof Uint8Array) || data.length !== sizeOf(shape))
    return false;
  array.shape = [...shape];
  array.data = data;
  return true;
}

function fromBuffer([data, type, shape, order]: readonly unknown[]): PickledBytes | undefined {
  const array = new PickledBytes();
  return text(order) === 'C' && fill(array, shape, type, data) ? array : undefined;
}

const globals = new Map<string, PickleGlobal>();
const define = (name: string, call?: PickleGlobal['call']) => globals.set(name, new PickleGlobal(name, call));
for (const core of ['numpy.core', 'numpy._core']) {
  define(`${core}.multiarray._reconstruct`, () => new PickledBytes());
  define(`${core}.numeric._frombuffer`, fromBuffer);
}
define('numpy.ndarray');
define('numpy.dtype', ([code]) => (['u1', '|u1', 'B'].includes(String(text(code))) ? new ByteType() : undefined));
define('_codecs.encode', encode);

const host: PickleHost = {
  global: (name) => globals.get(name),
  persistent: () => undefined,
  oldText: (bytes) => bytes,
  build: (target, state) => {
    if (target instanceof ByteType) return true;
    if (!(target instanceof PickledBytes) || !Array.isArray(state)) return false;
    const [, shape, type, columnMajor, data] = state as unknown[];
    return columnMajor === false && fill(target, shape, type, data);
  },
};

/**
 * The entries of a pickled dict of plain values and NumPy arrays of bytes, as Python 2 or 3 wrote it (protocols 2 to 5), by their keys as text.
 * Text of Python 2 is bytes here.
 *
 * @throws FileError for anything else; nothing that a pickle asks for is run.
 */
export function decodePickledDict(bytes: Uint8Array, path: string): Map<string, unknown> {
  const { value } = readPickle({ bytes, path, host, budget: valueBudget(bytes, path) });
  if (!(value instanceof Map)) throw new FileError(path, 'expected a pickled dict');
  return new Map(
    [...value].flatMap(([key, entry]) => {
      const name = text(key);
      return typeof name === 'string' ? [[name, entry] as const] : [];
    }),
  );
}
