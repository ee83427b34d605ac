/**
 * Protocol buffers, as far as ONNX files need them: messages described by tables, read with exact bounds.
 * Reading allocates no more than a fixed multiple of the bytes that are there: no count in a file is believed, nesting and the
 * number of messages are limited, and byte strings are views. Fields that a table does not name are skipped.
 */

/** A singular number, text or byte string; lists of them; a message or a list of messages. */
type Kind =
  | 'float'
  | 'int'
  | 'string'
  | 'bytes'
  | 'floats'
  | 'doubles'
  | 'ints'
  | 'int32s'
  | 'int64s'
  | 'strings'
  | 'byteStrings';

type FieldOf<V> =
  V extends ReadonlyArray<infer M extends object>
    ? readonly [id: number, kind: 'messages', of: () => Schema<M>] | readonly [id: number, kind: Kind]
    :
        | readonly [id: number, kind: Kind]
        | readonly [id: number, kind: 'message', of: () => Schema<NonNullable<V> & object>];

/** Where each field of a message stands: its number, its kind and, for messages, their table. */
export type Schema<T> = { readonly [K in keyof T]-?: FieldOf<NonNullable<T[K]>> };

type AnyField = readonly [id: number, kind: Kind | 'message' | 'messages', of?: () => AnySchema];
type AnySchema = Readonly<Record<string, AnyField>>;

/** The bytes are not what the tables say; the reader of files says where they come from. */
export class ProtobufError extends Error {}

const deepest = 64;
const mostMessages = 2_000_000;
const utf8Decoder = new TextDecoder();
const utf8Encoder = new TextEncoder();
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Numbers of one list, in a typed array that grows with what is really there. */
class NumberList {
  #data: Float32Array | Float64Array | Int32Array | BigInt64Array;
  #length = 0;

  constructor(kind: Kind) {
    if (kind === 'floats') this.#data = new Float32Array(4);
    else if (kind === 'int32s') this.#data = new Int32Array(4);
    else if (kind === 'int64s') this.#data = new BigInt64Array(4);
    else this.#data = new Float64Array(4);
  }

  push(v: number | bigint): void {
    if (this.#length === this.#data.length) {
      const wider = new (this.#data.constructor as Float64ArrayConstructor)(2 * this.#length);
      wider.set(this.#data as Float64Array);
      this.#data = wider;
    }
    this.#data[this.#length++] = v as never;
  }

  get values() {
    return this.#data.subarray(0, this.#length);
  }
}

class ByteReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #low = 0;
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads a varint of at most 64 bits into two halves of 32. */
  #varint(end: number): void {
    let [low, high] = [0, 0];
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw new ProtobufError('a number is cut off');
      const byte = this.#bytes[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high | 0;
        return;
      }
    }
    throw new ProtobufError('a number has more than ten bytes');
  }

  /** A signed 64-bit number; beyond 2^53 the nearest one. */
  int(end: number): number {
    this.#varint(end);
    return this.#high * 2 ** 32 + this.#low;
  }

  int32(end: number): number {
    this.#varint(end);
    return this.#low | 0;
  }

  bigint(end: number): bigint {
    this.#varint(end);
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  float(end: number): number {
    this.#skip(4, end);
    return this.#view.getFloat32(this.at - 4, true);
  }

  double(end: number): number {
    this.#skip(8, end);
    return this.#view.getFloat64(this.at - 8, true);
  }

  /** The end of a byte string whose length comes first. */
  endOf(end: number): number {
    const length = this.int(end);
    if (length < 0 || length > end - this.at) throw new ProtobufError('a field is longer than what holds it');
    return this.at + length;
  }

  bytes(end: number): Uint8Array {
    const stop = this.endOf(end);
    const found = this.#bytes.subarray(this.at, stop);
    this.at = stop;
    return found;
  }

  #skip(count: number, end: number): void {
    if (count > end - this.at) throw new ProtobufError('a field is cut off');
    this.at += count;
  }

  skipField(type: number, end: number): void {
    if (type === wire.varint) this.#varint(end);
    else if (type === wire.fixed64) this.#skip(8, end);
    else if (type === wire.bytes) this.at = this.endOf(end);
    else if (type === wire.fixed32) this.#skip(4, end);
    else throw new ProtobufError(`wire type ${type} is not supported`);
  }
}

const wireTypes: Readonly<Record<Kind | 'message' | 'messages', number>> = {
  float: wire.fixed32,
  floats: wire.fixed32,
  doubles: wire.fixed64,
  int: wire.varint,
  ints: wire.varint,
  int32s: wire.varint,
  int64s: wire.varint,
  string: wire.bytes,
  strings: wire.bytes,
  bytes: wire.bytes,
  byteStrings: wire.bytes,
  message: wire.bytes,
  messages: wire.bytes,
};

const numbersOf: Partial<Record<Kind, (r: ByteReader, end: number) => number | bigint>> = {
  floats: (r, end) => r.float(end),
  doubles: (r, end) => r.double(end),
  ints: (r, end) => r.int(end),
  int32s: (r, end) => r.int32(end),
  int64s: (r, end) => r.bigint(end),
};

function append(found: Record<string, unknown>, name: string, value: unknown): void {
  const list = found[name];
  if (list) (list as unknown[]).push(value);
  else found[name] = [value];
}

class MessageReader {
  readonly #reader: ByteReader;
  #messages = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  read(schema: AnySchema, end: number, depth: number): Record<string, unknown> {
    if (depth > deepest) throw new ProtobufError(`messages are nested more than ${deepest} deep`);
    if (++this.#messages > mostMessages) throw new ProtobufError(`more than ${mostMessages} messages`);
    const r = this.#reader;
    const fields = fieldsOf(schema);
    const found: Record<string, unknown> = {};
    while (r.at < end) {
      const key = r.int(end);
      const field = fields.get(Math.floor(key / 8));
      const type = key & 7;
      if (!field) {
        r.skipField(type, end);
        continue;
      }
      const { name, kind, of } = field;
      const number = numbersOf[kind as Kind];
      if (number) {
        found[name] ??= new NumberList(kind as Kind);
        const list = found[name] as NumberList;
        if (type === wireTypes[kind]) list.push(number(r, end));
        else if (type === wire.bytes) for (const stop = r.endOf(end); r.at < stop; ) list.push(number(r, stop));
        else throw new ProtobufError(`field ${name} has wire type ${type}`);
        continue;
      }
      if (type !== wireTypes[kind]) throw new ProtobufError(`field ${name} has wire type ${type}`);
      if (kind === 'message' || kind === 'messages') {
        const stop = r.endOf(end);
        const inner = this.read(of!(), stop, depth + 1);
        if (kind === 'message') found[name] = inner;
        else append(found, name, inner);
      } else if (kind === 'float') found[name] = r.float(end);
      else if (kind === 'int') found[name] = r.int(end);
      else {
        const bytes = r.bytes(end);
        const value = kind === 'string' || kind === 'strings' ? utf8Decoder.decode(bytes) : bytes;
        if (kind === 'string' || kind === 'bytes') found[name] = value;
        else append(found, name, value);
        if (kind === 'strings' && ++this.#messages > mostMessages)
          throw new ProtobufError(`more than ${mostMessages} messages`);
      }
    }
    for (const [name, value] of Object.entries(found)) if (value instanceof NumberList) found[name] = value.values;
    return found;
  }
}

const tables = new WeakMap<AnySchema, Map<number, { name: string; kind: AnyField[1]; of: AnyField[2] }>>();

function fieldsOf(schema: AnySchema) {
  let fields = tables.get(schema);
  if (!fields) {
    fields = new Map(Object.entries(schema).map(([name, [id, kind, of]]) => [id, { name, kind, of }]));
    tables.set(schema, fields);
  }
  return fields;
}

/** The message that the bytes hold. Byte strings are views of `bytes`. Throws ProtobufError. */
export function decodeMessage<T>(schema: Schema<T>, bytes: Uint8Array): T {
  const reader = new MessageReader(new ByteReader(bytes));
  return reader.read(schema as unknown as AnySchema, bytes.length, 0) as T;
}

function varint(out: number[], value: number | bigint): void {
  // Beyond 53 bits, and below zero, arithmetic on numbers is not exact.
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
}

function header(id: number, type: number, length?: number): Uint8Array {
  const out: number[] = [];
  varint(out, id * 8 + type);
  if (length !== undefined) varint(out, length);
  return Uint8Array.from(out);
}

function packed(kind: Kind, values: ArrayLike<number | bigint>): Uint8Array {
  const numbers = () => Array.from(values, Number);
  if (kind === 'floats') return new Uint8Array(Float32Array.from(numbers()).buffer);
  if (kind === 'doubles') return new Uint8Array(Float64Array.from(numbers()).buffer);
  const out: number[] = [];
  for (const v of Array.from(values)) varint(out, v);
  return Uint8Array.from(out);
}

const lengthOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, p) => sum + p.length, 0);

function encodeField([id, kind, of]: AnyField, value: unknown): Uint8Array[] {
  const delimited = (parts: Uint8Array[]) => [header(id, wire.bytes, lengthOf(parts)), ...parts];
  switch (kind) {
    case 'message':
      return delimited(encodeParts(of!(), value as Record<string, unknown>));
    case 'messages':
      return (value as Record<string, unknown>[]).flatMap((m) => delimited(encodeParts(of!(), m)));
    case 'int': {
      const out: number[] = [];
      varint(out, value as number);
      return [header(id, wire.varint), Uint8Array.from(out)];
    }
    case 'float':
      return [header(id, wire.fixed32), packed('floats', [value as number])];
    case 'string':
      return delimited([utf8Encoder.encode(value as string)]);
    case 'strings':
      return (value as string[]).flatMap((s) => delimited([utf8Encoder.encode(s)]));
    case 'bytes':
      return delimited([value as Uint8Array]);
    case 'byteStrings':
      return (value as Uint8Array[]).flatMap((s) => delimited([s]));
    default:
      return delimited([packed(kind, value as ArrayLike<number>)]);
  }
}

function encodeParts(schema: AnySchema, message: Readonly<Record<string, unknown>>): Uint8Array[] {
  return Object.entries(schema).flatMap(([name, field]) => {
    const value = message[name];
    return value === undefined || value === null ? [] : encodeField(field, value);
  });
}

/** The bytes of a message. Fields that it does not have are left out; lists of numbers are packed. */
export function encodeMessage<T>(schema: Schema<T>, message: T): Uint8Array {
  const parts = encodeParts(schema as unknown as AnySchema, message as Readonly<Record<string, unknown>>);
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
