import { FileError } from '../base/errors.ts';
import { sizeOf } from '../base/tensor.ts';
import { inflatedLimit, unpackZlib } from './archives/gzip.ts';
import { quote, quoteShape } from './quote.ts';

/** A numeric array of MATLAB. */
export interface MatArray {
  readonly shape: readonly number[];
  /** Column-major: the first index runs fastest. Of the type in which the file stores the numbers, which may be narrower than the array's own. */
  readonly data:
    | Uint8Array
    | Int8Array
    | Uint16Array
    | Int16Array
    | Uint32Array
    | Int32Array
    | Float32Array
    | Float64Array;
}

type Numbers =
  | Uint8ArrayConstructor
  | Int8ArrayConstructor
  | Uint16ArrayConstructor
  | Int16ArrayConstructor
  | Uint32ArrayConstructor
  | Int32ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor;

/** Numeric storage types (miINT8 ... miDOUBLE) by their number. */
const storage = new Map<number, Numbers>([
  [1, Int8Array],
  [2, Uint8Array],
  [3, Int16Array],
  [4, Uint16Array],
  [5, Int32Array],
  [6, Uint32Array],
  [7, Float32Array],
  [9, Float64Array],
]);

const [miInt8, miInt32, miUint32, miMatrix, miCompressed] = [1, 5, 6, 14, 15];

/** Array classes by their number; those from mxDOUBLE (6) to mxUINT32 (13) are plain numbers. */
const classNames = ['', 'cell', 'struct', 'object', 'char', 'sparse'];

interface Element {
  readonly type: number;
  readonly content: Uint8Array;
  /** Where the next element begins, before alignment. */
  readonly end: number;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The element at `at`: a tag of 8 bytes and its content, or for up to four bytes tag and content in 8 bytes. */
function elementAt(bytes: Uint8Array, at: number, path: string): Element {
  if (at + 8 > bytes.length)
    throw new FileError(path, `truncated: an element should begin at byte ${at} of ${bytes.length}`);
  const view = viewOf(bytes);
  const word = view.getUint32(at, true);
  const small = word >>> 16;
  if (small > 4)
    throw new FileError(path, `malformed: a small element of ${small} bytes at byte ${at}, expected at most 4`);
  if (small > 0) return { type: word & 0xffff, content: bytes.subarray(at + 4, at + 4 + small), end: at + 8 };
  const length = view.getUint32(at + 4, true);
  const end = at + 8 + length;
  if (end > bytes.length)
    throw new FileError(path, `truncated: an element should end at byte ${end} of ${bytes.length}`);
  return { type: word, content: bytes.subarray(at + 8, end), end };
}

/** The name of an array, and its numbers when they are asked for. */
function arrayOf(matrix: Uint8Array, path: string, wanted: (name: string) => boolean): [string, MatArray | undefined] {
  const fail = (problem: string): never => {
    throw new FileError(path, problem);
  };
  let at = 0;
  const next = (what: string, types: (type: number) => boolean): Element => {
    const element = elementAt(matrix, at, path);
    if (!types(element.type)) fail(`malformed: ${what} of an array has type ${element.type}`);
    at = Math.ceil(element.end / 8) * 8;
    return element;
  };
  const flags = next('the flags', (type) => type === miUint32).content;
  if (flags.length !== 8) fail(`malformed: the flags of an array have ${flags.length} bytes, expected 8`);
  const [kind, complex] = [flags[0]!, (flags[1]! & 8) !== 0];
  const dims = next('the shape', (type) => type === miInt32).content;
  const name = Buffer.from(next('the name', (type) => type === miInt8).content).toString('latin1');
  if (!wanted(name)) return [name, undefined];
  if (kind < 6 || kind > 13 || complex) {
    const found = complex ? 'complex' : (classNames[kind] ?? `class ${kind}`);
    fail(`${quote(name)} is an array of ${found}, expected real numbers up to 32-bit integers or doubles`);
  }
  if (dims.length % 4 !== 0 || dims.length < 8 || dims.length > 128) fail(`malformed: the shape of ${quote(name)}`);
  const shape = Array.from({ length: dims.length / 4 }, (_, i) => viewOf(dims).getInt32(4 * i, true));
  if (shape.some((size) => size < 0)) fail(`malformed: ${quote(name)} has the shape ${quoteShape(shape)}`);
  const { type, content } = next(`the numbers of ${quote(name)}`, (t) => storage.has(t));
  const Numbers = storage.get(type)!;
  if (content.length !== sizeOf(shape) * Numbers.BYTES_PER_ELEMENT) {
    const expected = sizeOf(shape) * Numbers.BYTES_PER_ELEMENT;
    fail(`${quote(name)} has ${content.length} bytes of numbers, but shape ${quoteShape(shape)} makes ${expected}`);
  }
  // Numbers wider than a byte must be aligned in memory: a copy (Buffer.slice makes none).
  const { buffer, byteOffset } = Numbers.BYTES_PER_ELEMENT === 1 ? content : new Uint8Array(content);
  return [name, { shape, data: new Numbers(buffer as ArrayBuffer, byteOffset, sizeOf(shape)) }];
}

export interface MatOptions {
  /** Names of the arrays to read; others are passed over. */
  readonly wanted: readonly string[];
  /** The most that one compressed array may unpack to. */
  readonly maxBytes: number;
}

/**
 * The wanted numeric arrays of a MATLAB level-5 file (versions 5 to 7, little-endian; see "MAT-File Format", The MathWorks), whose elements may
 * be zlib-compressed. Version 7.3 (HDF5), complex and sparse arrays, cells and structs are refused. `path` opens the messages.
 */
export function decodeMat(bytes: Uint8Array, path: string, { wanted, maxBytes }: MatOptions): Map<string, MatArray> {
  const fail = (problem: string): never => {
    throw new FileError(path, problem);
  };
  const head = Buffer.from(bytes.subarray(0, 6)).toString('latin1');
  if (bytes.length < 128 || head !== 'MATLAB')
    fail('expected a MATLAB level-5 file (its header has 128 bytes and begins with MATLAB)');
  const [version, order] = [
    viewOf(bytes).getUint16(124, true),
    Buffer.from(bytes.subarray(126, 128)).toString('latin1'),
  ];
  if (order !== 'IM' || version !== 0x0100) {
    fail(
      `has version ${quote(version.toString(16))} and byte order ${quote(order)}; expected a little-endian level-5 file (save -v7)`,
    );
  }
  const found = new Map<string, MatArray>();
  // All arrays together, those that are passed over as well, for they are unpacked to learn their names.
  let left = inflatedLimit(bytes.length);
  for (let at = 128; at < bytes.length && found.size < wanted.length; ) {
    const outer = elementAt(bytes, at, path);
    at = outer.end;
    let element = outer;
    if (outer.type === miCompressed) {
      const unpacked = unpackZlib(outer.content, path, Math.max(1, Math.min(maxBytes, left)));
      left -= unpacked.length;
      element = elementAt(unpacked, 0, path);
      if (element.end !== unpacked.length)
        fail(`malformed: a compressed element has ${unpacked.length} bytes, expected ${element.end}`);
    } else at = Math.ceil(at / 8) * 8;
    if (element.type !== miMatrix)
      fail(`malformed: an element has type ${element.type}, expected ${miMatrix} (an array)`);
    const [name, array] = arrayOf(element.content, path, (n) => wanted.includes(n) && !found.has(n));
    if (array) found.set(name, array);
  }
  const missing = wanted.filter((name) => !found.has(name));
  if (missing.length) fail(`truncated or another file: it has no array ${missing.join(', ')}`);
  return found;
}
