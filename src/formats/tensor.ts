import type { DType, TensorData } from '../tensor.ts';

/** Element types as files have them. Both 16-bit floats are widened to float32 on reading, without loss; float16 can be written. */
export type StoredDType = DType | 'bfloat16';

/** Tensors by name, in the order of the file. */
export type NamedTensors = ReadonlyMap<string, TensorData>;

/** Bytes of one element in a file. */
export const elementBytes: Readonly<Record<StoredDType, number>> = {
  float32: 4,
  float64: 8,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
  float16: 2,
  bfloat16: 2,
};

/**
 * Little-endian, row-major bytes as a tensor: a view of `bytes` where their alignment allows, otherwise a copy.
 * `bytes.length` must be the product of `shape` times the element's size.
 */
export function decodeTensor(stored: StoredDType, shape: readonly number[], bytes: Uint8Array): TensorData {
  const width = elementBytes[stored];
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  const at = [aligned.buffer, aligned.byteOffset, aligned.byteLength / width] as const;
  switch (stored) {
    case 'float32':
      return { dtype: stored, shape, data: new Float32Array(...at) };
    case 'float64':
      return { dtype: stored, shape, data: new Float64Array(...at) };
    case 'int64':
      return { dtype: stored, shape, data: new BigInt64Array(...at) };
    case 'int32':
      return { dtype: stored, shape, data: new Int32Array(...at) };
    case 'int16':
      return { dtype: stored, shape, data: new Int16Array(...at) };
    case 'int8':
      return { dtype: stored, shape, data: new Int8Array(...at) };
    case 'uint8':
    case 'bool':
      return { dtype: stored, shape, data: new Uint8Array(...at) };
    case 'float16':
      return { dtype: 'float32', shape, data: widenFloat16(new Uint16Array(...at)) };
    case 'bfloat16':
      return { dtype: 'float32', shape, data: widenBfloat16(new Uint16Array(...at)) };
  }
}

/** The bytes of a tensor's elements, little-endian (every platform Node runs on is), without a copy. */
export function tensorBytes({ data }: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** IEEE 754 binary16 to binary32; exact, subnormals included. */
function widenFloat16(halves: Uint16Array): Float32Array {
  const wide = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const h = halves[i]!;
    const [exponent, fraction] = [(h >>> 10) & 31, h & 1023];
    let size = (1024 + fraction) * 2 ** (exponent - 25);
    if (exponent === 0) size = fraction * 2 ** -24;
    else if (exponent === 31) size = fraction ? Number.NaN : Number.POSITIVE_INFINITY;
    wide[i] = h & 0x8000 ? -size : size;
  }
  return wide;
}

/** bfloat16 is the upper half of a binary32. */
function widenBfloat16(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i]! << 16;
  return new Float32Array(words.buffer);
}
