import { FileError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { type DType, sizeOf, type TensorData } from '../base/tensor.ts';
import { ZipArchive } from './archives/zip.ts';
import { zipStored } from './archives/zip-write.ts';
import { writeFileAtomic } from './files/atomic.ts';
import { readBytes } from './files/read-bytes.ts';
import { quote, quoteShape } from './quote.ts';
import { decodeTensor, elementBytes, tensorBytes } from './tensor.ts';
import { gatherBytes } from './torch/strided.ts';

const descriptors: Readonly<Record<DType, string>> = {
  float32: '<f4',
  float64: '<f8',
  int64: '<i8',
  int32: '<i4',
  int16: '<i2',
  int8: '|i1',
  uint8: '|u1',
  bool: '|b1',
  float16: '<f2',
};

const stored = new Map(Object.entries(descriptors).map(([dtype, descr]) => [descr, dtype as DType]));

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** True when the bytes begin like a NumPy array file. */
export function looksLikeNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** NumPy itself reads no longer header unless told to trust the file. */
const maxHeader = 10_000;

/** NumPy's own limit is 64. */
const maxRank = 64;

interface NpyHeader {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** One entry of the header, which is a dict of Python, and the comma after it. */
const headerEntry = /'(\w{1,20})'\s*:\s*(?:'([^']{0,20})'|(True|False)|\(([\d,\s]*)\))\s*(,|(?=\}))\s*/y;

/** Undefined unless the text is a dict with exactly `descr`, `fortran_order` and `shape`, each of its kind. */
function parseHeader(text: string): NpyHeader | undefined {
  const dict = text.trim();
  const found: { descr?: string; fortran_order?: string; shape?: string } = {};
  const start = /^\{\s*/.exec(dict);
  if (!start) return undefined;
  let at = start[0].length;
  for (;;) {
    headerEntry.lastIndex = at;
    const entry = headerEntry.exec(dict);
    if (!entry) break;
    const [, key, descr, fortran_order, shape] = entry;
    const [kind, value] = Object.entries({ descr, fortran_order, shape }).find(([, v]) => v !== undefined)!;
    if (key !== kind || kind in found) return undefined;
    Object.assign(found, { [kind]: value });
    at = headerEntry.lastIndex;
  }
  const { descr, fortran_order: order, shape: dims } = found;
  if (dict.slice(at) !== '}' || descr === undefined || order === undefined || dims === undefined) return undefined;
  const shape = dims
    .split(',')
    .map((d) => d.trim())
    .filter(Boolean)
    .map(Number);
  if (shape.length > maxRank || shape.some((d) => !Number.isSafeInteger(d))) return undefined;
  return { descr, fortran: order === 'True', shape };
}

/**
 * A NumPy array from the bytes of a `.npy` file (versions 1 to 3, little-endian numbers and booleans, C or Fortran order).
 * float16 becomes float32. `path` opens the messages.
 */
export function decodeNpy(bytes: Uint8Array, path: string): TensorData {
  const fail = (problem: string): never => {
    throw new FileError(path, problem);
  };
  if (bytes.length < 12 || !looksLikeNpy(bytes)) fail('expected a NumPy .npy file (it begins with \\x93NUMPY)');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! > 1;
  const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (start > bytes.length)
    fail(`truncated: the .npy header should end at byte ${start}, the file has ${bytes.length}`);
  const length = start - (wide ? 12 : 10);
  if (length > maxHeader) fail(`.npy header of ${length} bytes is beyond the limit of ${maxHeader}`);
  const text = Buffer.from(bytes.subarray(wide ? 12 : 10, start)).toString('utf8');
  const header = parseHeader(text);
  if (!header) return fail(`.npy header is malformed: ${quote(text.trim())}`);
  const { descr, fortran, shape } = header;
  const dtype = stored.get(descr);
  if (!dtype) return fail(`element type ${quote(descr)} is not read; expected one of ${[...stored.keys()].join(' ')}`);
  const expected = start + sizeOf(shape) * elementBytes[dtype];
  if (bytes.length !== expected) {
    fail(`has ${bytes.length} bytes, but shape ${quoteShape(shape)} of ${dtype} makes ${expected}`);
  }
  const content = bytes.subarray(start);
  if (!fortran) return decodeTensor(dtype, shape, content);
  const strides = shape.map((_, i) => sizeOf(shape.slice(0, i)));
  return decodeTensor(dtype, shape, gatherBytes(content, elementBytes[dtype], 0, shape, strides));
}

/** Reads a `.npy` file; see `decodeNpy`. */
export async function readNpy(path: string): Promise<TensorData> {
  return decodeNpy(await readBytes(path, 'a NumPy .npy file'), path);
}

/** The bytes of a `.npy` file (version 1). */
export function encodeNpy(t: TensorData): Uint8Array {
  const shape = t.shape.length === 1 ? `${t.shape[0]},` : t.shape.join(', ');
  const text = `{'descr': '${descriptors[t.dtype]}', 'fortran_order': False, 'shape': (${shape}), }`;
  // NumPy maps files into memory: the data must begin at a multiple of 64.
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + t.data.byteLength);
  bytes.set([...magic, 1, 0, header.length & 255, header.length >>> 8]);
  bytes.set(Buffer.from(header, 'latin1'), 10);
  bytes.set(tensorBytes(t), 10 + header.length);
  return bytes;
}

/** Writes one array, whole or not at all. */
export async function writeNpy(path: string, t: TensorData): Promise<void> {
  await writeFileAtomic(path, encodeNpy(t));
}

/** Writes arrays by name as NumPy's uncompressed `.npz`, whole or not at all; `numpy.load` gives them back under the same names. */
export async function writeNpz(path: string, tensors: ReadonlyMap<string, TensorData>): Promise<void> {
  const files = function* () {
    for (const [name, t] of tensors) yield { name: `${name}.npy`, bytes: encodeNpy(t) };
  };
  await writeFileAtomic(path, zipStored(files()));
}

/** The arrays of a `.npz` archive that is already in memory. */
export function decodeNpz(archive: ZipArchive, path: string): Map<string, TensorData> {
  const arrays = new Map<string, TensorData>();
  for (const entry of archive.names) {
    const name = entry.replace(/\.npy$/, '');
    if (arrays.has(name)) throw new FileError(path, `holds the array ${quote(name)} twice`);
    arrays.set(name, decodeNpy(archive.read(entry), `${path}(${printable(entry, 80)})`));
  }
  return arrays;
}

/** Reads `.npz`, compressed or not. */
export async function readNpz(path: string): Promise<Map<string, TensorData>> {
  return decodeNpz(new ZipArchive(await readBytes(path, 'a NumPy .npz file'), path), path);
}
