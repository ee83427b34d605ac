/** Logs in binary formats as their own programs write them, made here after the public descriptions of the formats. */
import { crc32 } from 'node:zlib';

/** A field of a protobuf message, written out. */
export type Field = Buffer;

function varint(value: number | bigint): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export const int = (field: number, value: number | bigint): Field => Buffer.concat([varint(field << 3), varint(value)]);
export const bytes = (field: number, ...content: readonly (Uint8Array | string)[]): Field => {
  const all = Buffer.concat(content.map((c) => Buffer.from(c)));
  return Buffer.concat([varint((field << 3) | 2), varint(all.length), all]);
};
export function double(field: number, value: number): Field {
  const all = Buffer.alloc(8);
  all.writeDoubleLE(value);
  return Buffer.concat([varint((field << 3) | 1), all]);
}
export function float(field: number, value: number): Field {
  const all = Buffer.alloc(4);
  all.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), all]);
}

/** CRC-32C bit by bit, as RFC 3720 defines it: slow, and another way than the reader's. */
function crc32c(data: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of data) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  return Number(crc ^ 0xffffffffn);
}

function masked(data: Uint8Array): Buffer {
  const crc = BigInt(crc32c(data));
  const all = Buffer.alloc(4);
  all.writeUInt32LE(Number(((((crc >> 15n) | (crc << 17n)) & 0xffffffffn) + 0xa282ead8n) & 0xffffffffn));
  return all;
}

/** A TFRecord frame. */
export function frame(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, masked(length), data, masked(data)]);
}

/** The event that opens a file. */
export const versionEvent = (time: number): Buffer =>
  frame(Buffer.concat([double(1, time), bytes(3, 'brain.Event:2')]));

/** An event with one summary value, given by its fields but the tag. */
export const summaryEvent = (time: number, step: number, tag: string, ...fields: Field[]): Buffer =>
  frame(Buffer.concat([double(1, time), int(2, step), bytes(5, bytes(1, bytes(1, tag), ...fields))]));

export const scalarEvent = (time: number, step: number, tag: string, value: number): Buffer =>
  summaryEvent(time, step, tag, float(2, value));

/** A tensor of float32 in `float_val`, as newer writers log scalars. */
export const tensorField = (values: readonly number[], shape: readonly number[]): Field => {
  const packed = Buffer.alloc(4 * values.length);
  for (const [i, v] of values.entries()) packed.writeFloatLE(v, 4 * i);
  return bytes(8, int(1, 1), bytes(2, ...shape.map((n) => bytes(2, int(1, n)))), bytes(5, packed));
};

/** A run of Weights & Biases: header, then records in blocks of 32 KiB. */
export function wandbFile(records: readonly Uint8Array[]): Buffer {
  const pieces: Buffer[] = [Buffer.from([0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0])];
  let at = 7;
  const put = (type: number, data: Uint8Array) => {
    const head = Buffer.alloc(7);
    head.writeUInt32LE(crc32(Buffer.concat([Buffer.from([type]), data])));
    head.writeUInt16LE(data.length, 4);
    head[6] = type;
    pieces.push(head, Buffer.from(data));
    at += 7 + data.length;
  };
  for (const record of records) {
    let left = 32768 - (at % 32768);
    if (left < 7) {
      pieces.push(Buffer.alloc(left));
      at += left;
      left = 32768;
    }
    if (record.length + 7 <= left) {
      put(1, record);
      continue;
    }
    let from = left - 7;
    put(2, record.subarray(0, from));
    for (; record.length - from > 32761; from += 32761) put(3, record.subarray(from, from + 32761));
    put(4, record.subarray(from));
  }
  return Buffer.concat(pieces);
}

const item = (name: string, json: string, field: number) => bytes(field, bytes(1, name), bytes(16, json));

/** A Record with a line of the history. */
export const historyRecord = (num: number, step: number, values: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat([
    int(1, num),
    bytes(2, ...Object.entries(values).map(([k, v]) => item(k, v, 1)), bytes(2, int(1, step))),
  ]);

/** A Record that opens a run, with its configuration. */
export const runRecord = (num: number, name: string, config: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat([
    int(1, num),
    bytes(17, bytes(1, 'abc123'), bytes(4, ...Object.entries(config).map(([k, v]) => item(k, v, 1))), bytes(8, name)),
  ]);

/** The tables of MLflow's store that are read. */
export const mlflowTables = `CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), lifecycle_stage VARCHAR(20));
  CREATE TABLE params (key VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32), PRIMARY KEY (key, run_uuid));
  CREATE TABLE metrics (key VARCHAR(250), value DOUBLE, timestamp BIGINT, run_uuid VARCHAR(32), step BIGINT DEFAULT 0, is_nan BOOLEAN DEFAULT 0, PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));`;
