import fc from 'fast-check';
import type { DType, TensorData } from '../../src/base/tensor.ts';

const makers: Readonly<Record<Exclude<DType, 'float16'>, (bytes: Uint8Array<ArrayBuffer>) => TensorData['data']>> = {
  float32: (bytes) => new Float32Array(bytes.buffer),
  float64: (bytes) => new Float64Array(bytes.buffer),
  int64: (bytes) => new BigInt64Array(bytes.buffer),
  int32: (bytes) => new Int32Array(bytes.buffer),
  int16: (bytes) => new Int16Array(bytes.buffer),
  int8: (bytes) => new Int8Array(bytes.buffer),
  uint8: (bytes) => bytes,
  bool: (bytes) => bytes.map((b) => b & 1),
};

/** Small tensors of every type and rank, empty ones and arbitrary bits (NaN payloads included) among them. */
export const anyTensor: fc.Arbitrary<TensorData> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(makers) as (keyof typeof makers)[])),
    fc.array(fc.nat(4), { maxLength: 3 }),
    fc.uint8Array({ minLength: 512, maxLength: 512 }),
  )
  .map(([dtype, shape, bytes]) => {
    const count = shape.reduce((n, d) => n * d, 1);
    const width = makers[dtype](new Uint8Array(8)).BYTES_PER_ELEMENT;
    return { dtype, shape, data: makers[dtype](Uint8Array.from(bytes.subarray(0, count * width))) };
  });

/** Tensors under names that files have to keep as they are. */
export const namedTensors = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), anyTensor), {
    selector: ([name]) => name,
    maxLength: 5,
  })
  .map((entries) => new Map(entries.filter(([name]) => name !== '__metadata__')));
