import { BallastError } from '../base/errors.ts';
import { type DType, sizeOf, type TensorData, type TypedArray } from '../base/tensor.ts';
import { decodeFloat16, encodeFloat16 } from './float16.ts';

export { type DType, sizeOf, type TensorData, type TypedArray };

interface DTypeFacts {
  /** Value of `TensorProto.DataType`. */
  readonly code: number;
  readonly bytes: number;
  readonly array: new (length: number) => TypedArray;
}

/** One row per element type: its ONNX code, its size and the typed array that holds it. */
export const dtypes: Readonly<Record<DType, DTypeFacts>> = {
  float32: { code: 1, bytes: 4, array: Float32Array },
  uint8: { code: 2, bytes: 1, array: Uint8Array },
  int8: { code: 3, bytes: 1, array: Int8Array },
  int16: { code: 5, bytes: 2, array: Int16Array },
  int32: { code: 6, bytes: 4, array: Int32Array },
  int64: { code: 7, bytes: 8, array: BigInt64Array },
  bool: { code: 9, bytes: 1, array: Uint8Array },
  float16: { code: 10, bytes: 2, array: Uint16Array },
  float64: { code: 11, bytes: 8, array: Float64Array },
};

/** Whether elements of this type are floating-point numbers, which derivatives exist of. */
export function isFloat(dtype: DType): dtype is 'float32' | 'float64' | 'float16' {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16';
}

/** Builds a tensor, checking that the data has as many elements as the shape says. */
export function tensor(dtype: DType, shape: readonly number[], data: TypedArray): TensorData {
  if (data.length !== sizeOf(shape)) {
    throw new BallastError(`tensor of shape [${shape}] needs ${sizeOf(shape)} elements, got ${data.length}`);
  }
  return { dtype, shape, data };
}

/** A tensor from plain numbers, each rounded to the nearest one of the element type (int64: whole numbers only). */
export function tensorOf(dtype: DType, shape: readonly number[], values: readonly number[]): TensorData {
  if (dtype === 'int64') {
    return tensor(
      dtype,
      shape,
      BigInt64Array.from(values, (v) => BigInt(v)),
    );
  }
  const data = new dtypes[dtype].array(values.length) as Exclude<TypedArray, BigInt64Array>;
  data.set(dtype === 'float16' ? values.map(encodeFloat16) : values);
  return tensor(dtype, shape, data);
}

/** The elements as plain numbers; int64 values must be safe integers. */
export function toNumbers(t: TensorData): number[] {
  if (t.dtype === 'float16') return Array.from(t.data as Uint16Array, decodeFloat16);
  return Array.from(t.data as ArrayLike<number | bigint>, Number);
}
