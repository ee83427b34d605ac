import { type DType, type TensorData, widenBfloat16, widenFloat16 } from '../base/tensor.ts';

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
