import { TextDecoder } from 'node:util';

/**
 * Protocol Buffers' wire format, as far as logs need it: fields one after another. Unlike a generated decoder it takes no schema and passes over what it does not know.
 */

/** A field: `bytes` for messages, texts and packed lists; `bits` for the little-endian ones of 32 and 64 bits; `varint` as an unsigned number. */
export type WireField = { readonly field: number } & (
  | { readonly kind: 'varint'; readonly value: bigint }
  | { readonly kind: 'bits'; readonly value: DataView }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
);

/** Thrown for bytes that are no message. */
export class WireError extends Error {}

/** The fields of a message. Throws WireError for bytes that are none. */
export function* wireFields(message: Uint8Array): Generator<WireField> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= message.length) throw new WireError('ends within a number');
      const byte = message[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new WireError('has a number of more than ten bytes');
  };
  const take = (length: number): number => {
    const from = at;
    if (length > message.length - at) throw new WireError('ends within a field');
    at += length;
    return from;
  };
  while (at < message.length) {
    const key = Number(varint());
    const [field, type] = [Math.floor(key / 8), key % 8];
    if (type === 0) yield { field, kind: 'varint', value: varint() };
    else if (type === 1 || type === 5) {
      const length = type === 1 ? 8 : 4;
      yield { field, kind: 'bits', value: new DataView(message.buffer, view.byteOffset + take(length), length) };
    } else if (type === 2) {
      const length = Number(varint());
      const from = take(length);
      yield { field, kind: 'bytes', value: message.subarray(from, from + length) };
    } else throw new WireError(`has a field of the unknown type ${type}`);
  }
}

const utf8 = new TextDecoder();

export const textOf = (bytes: Uint8Array): string => utf8.decode(bytes);

/** Signed 64-bit numbers as they stand in varints; exact to 2^53, as steps are. */
export const signed = (value: bigint): number => Number(BigInt.asIntN(64, value));
