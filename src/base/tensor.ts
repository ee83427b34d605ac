/** Element types that Ballast reads, writes and computes with; the strings are those of ONNX Runtime. */
export type DType = 'float32' | 'float64' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool' | 'float16';

/** The arrays that hold the elements of tensors. */
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

/** IEEE 754 binary16 to binary32; exact, subnormals included. */
export function widenFloat16(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (h) => {
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >>> 10) & 31;
    const fraction = h & 1023;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  });
}

/** bfloat16 is the upper half of a binary32. */
export function widenBfloat16(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (h) => h << 16).buffer);
}
