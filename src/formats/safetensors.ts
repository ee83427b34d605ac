import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BallastError, FileError } from '../base/errors.ts';
import { type DType, sizeOf, type TensorData } from '../base/tensor.ts';
import { writeFileAtomic } from './files/atomic.ts';
import { readBytes } from './files/read-bytes.ts';
import { quote, quoteShape } from './quote.ts';
import { decodeTensor, elementBytes, type NamedTensors, type StoredDType, tensorBytes } from './tensor.ts';

/** Limit of the reference implementation; a header of real weights has some kilobytes. */
const maxHeader = 100_000_000;

const stored: Readonly<Record<string, StoredDType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};

const codes = new Map(Object.entries(stored).map(([code, dtype]) => [dtype, code]));

/** Where in the metadata of a file that we wrote its checksum is: SHA-256 of the header without this entry, and of the data. */
const sealKey = 'ballast.sha256';

/** The checksum that belongs to a header, as an object that holds the metadata without the seal, and the data after it. */
function sealOf(header: object, data: Iterable<Uint8Array>): string {
  const hash = createHash('sha256').update(JSON.stringify(header));
  for (const piece of data) hash.update(piece);
  return hash.digest('hex');
}

/** More dimensions than any tensor has. */
const maxRank = 64;

const natural = z.number().int().nonnegative();
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(natural).max(maxRank),
  data_offsets: z.tuple([natural, natural]),
});
const metadataSchema = z.record(z.string(), z.string());

export interface Safetensors {
  /** float16 and bfloat16 are widened to float32. */
  readonly tensors: NamedTensors;
  /** Free text that the writer put beside the tensors; the checksum of our own files has been verified and is left out. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** True when the bytes begin like a safetensors file: a 64-bit length and a JSON object. */
export function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes[8] === 0x7b && bytes[4] === 0 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0;
}

/**
 * Tensors from the bytes of a safetensors file. As the format demands, the tensors must cover the data without gap or
 * overlap, and each must have the length that its type and shape say. A file that Ballast wrote carries a checksum, which must be that
 * of its content.
 */
export function decodeSafetensors(bytes: Uint8Array, path: string): Safetensors {
  const fail = (problem: string): never => {
    throw new FileError(path, problem);
  };
  if (bytes.length < 8)
    fail(`has ${bytes.length} bytes; a safetensors file begins with the 8-byte length of its header`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > maxHeader) fail(`safetensors header of ${length} bytes is beyond the limit of ${maxHeader}`);
  if (8 + length > bytes.length)
    fail(`truncated: safetensors header should end at byte ${8 + length}, the file has ${bytes.length}`);
  const { json, metadata: all, entries } = parseHeader(bytes.subarray(8, 8 + length), fail);
  const content = bytes.subarray(8 + length);
  const { [sealKey]: seal, ...metadata } = all;
  if (seal !== undefined && seal !== sealOf({ ...json, __metadata__: metadata }, [content]))
    fail('is damaged: its content does not match its checksum');

  let covered = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered)
      fail(`tensor ${quote(name)} begins at ${begin} of the data, expected ${covered} (no gap, no overlap)`);
    covered = end;
  }
  if (covered !== content.length) fail(`holds ${content.length} bytes of tensor data, its header describes ${covered}`);
  const tensors = new Map<string, TensorData>();
  for (const { name, dtype, shape, begin, end } of entries) {
    tensors.set(name, decodeTensor(dtype, shape, content.subarray(begin, end)));
  }
  return { tensors, metadata };
}

interface HeaderEntry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(
  bytes: Uint8Array,
  fail: (problem: string) => never,
): { json: object; metadata: Record<string, string>; entries: HeaderEntry[] } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail('safetensors header is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return fail('safetensors header is not a JSON object');
  if (Object.keys(json).length !== countKeys(text)) return fail('safetensors header names something twice');
  let metadata: Record<string, string> = {};
  const entries: HeaderEntry[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') {
      const parsed = metadataSchema.safeParse(value);
      if (!parsed.success) return fail('safetensors __metadata__ is not a map of text to text');
      metadata = parsed.data;
      continue;
    }
    const parsed = entrySchema.safeParse(value);
    if (!parsed.success) return fail(`safetensors entry ${quote(name)} lacks a valid dtype, shape and data_offsets`);
    const {
      dtype: code,
      shape,
      data_offsets: [begin, end],
    } = parsed.data;
    const dtype = Object.hasOwn(stored, code) ? stored[code] : undefined;
    if (!dtype)
      return fail(
        `tensor ${quote(name)} has element type ${quote(code)}; expected one of ${Object.keys(stored).join(' ')}`,
      );
    const expected = sizeOf(shape) * elementBytes[dtype];
    if (end - begin !== expected) {
      return fail(
        `tensor ${quote(name)} has ${end - begin} bytes, but shape ${quoteShape(shape)} of ${code} makes ${expected}`,
      );
    }
    entries.push({ name, dtype, shape, begin, end });
  }
  return { json, metadata, entries };
}

/** How many keys the outermost object of a valid JSON text has, a repeated one counted each time (`JSON.parse` keeps the last). */
function countKeys(json: string): number {
  let [depth, keys] = [0, 0];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    // A colon outside of text belongs to a key.
    else if (character === ':' && depth === 1) keys++;
    else if (character === '"') {
      for (at++; json[at] !== '"'; at++) if (json[at] === '\\') at++;
    }
  }
  return keys;
}

/** Reads a safetensors file; see `decodeSafetensors`. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  return decodeSafetensors(await readBytes(path, 'a safetensors file'), path);
}

/**
 * The pieces of a safetensors file: header, then each tensor without a copy; wider elements first, so that all are aligned.
 * A checksum lies in the metadata, which `decodeSafetensors` verifies and other readers take for one more text.
 */
export function* encodeSafetensors(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const ordered = [...tensors].sort(([, a], [, b]) => elementBytes[b.dtype] - elementBytes[a.dtype]);
  const header: [string, unknown][] = [['__metadata__', metadata]];
  let at = 0;
  for (const [name, t] of ordered) {
    if (name === '__metadata__') throw new BallastError('a tensor cannot be named __metadata__ in a safetensors file');
    const end = at + t.data.byteLength;
    header.push([name, { dtype: codes.get(t.dtype satisfies DType), shape: t.shape, data_offsets: [at, end] }]);
    at = end;
  }
  const unsealed = Object.fromEntries(header);
  const seal = sealOf(
    unsealed,
    ordered.map(([, t]) => tensorBytes(t)),
  );
  const json = Buffer.from(JSON.stringify({ ...unsealed, __metadata__: { ...metadata, [sealKey]: seal } }));
  const padded = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + padded).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(json, 8);
  yield head;
  for (const [, t] of ordered) yield tensorBytes(t);
}

/** Writes tensors by name, whole or not at all. */
export async function writeSafetensors(
  path: string,
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}
