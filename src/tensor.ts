/** Element types that Ballast reads, writes and computes with; the strings are those of ONNX Runtime. */
export type DType = 'float32' | 'float64' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool' | 'float16';

export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array;

/**
 * A dense tensor in row-major order; `data.length` is the product of `shape`.
 * Tensors read from a file may share memory with the file's bytes and with each other: do not write into `data`.
 */
export interface TensorData {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Number of elements of a shape; not a safe integer when a hostile file says so, which its reader checks. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, d) => product * d, 1);
}
