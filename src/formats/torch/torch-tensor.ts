import { FileError } from '../../base/errors.ts';
import { sizeOf, type TensorData } from '../../base/tensor.ts';
import type { Budget } from '../budget.ts';
import { quoteShape } from '../quote.ts';
import { decodeTensor, elementBytes, type StoredDType } from '../tensor.ts';
import { extentOf, gatherBytes, isContiguous } from './strided.ts';

/** A block of elements of one type, which tensors view; its bytes lie elsewhere in the file. */
export class StorageRef {
  readonly key: string;
  /** Undefined: plain bytes, whose type the tensor says. */
  readonly dtype: StoredDType | undefined;
  /** Number of elements of the whole storage. */
  readonly count: number;
  /** First element of this view of the storage. */
  readonly start: number;

  constructor(key: string, dtype: StoredDType | undefined, count: number, start: number) {
    this.key = key;
    this.dtype = dtype;
    this.count = count;
    this.start = start;
  }

  get byteLength(): number {
    return this.count * (this.dtype ? elementBytes[this.dtype] : 1);
  }
}

/** A tensor as the pickle describes it: a strided view of a storage, in elements. */
export class TensorRef {
  readonly storage: StorageRef;
  readonly dtype: StoredDType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(
    storage: StorageRef,
    dtype: StoredDType,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage;
    this.dtype = dtype;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /**
   * The tensor in row-major order, a view of `bytes` (its whole storage, aligned for elements of 8 bytes) where that is possible.
   * Throws FileError when it reaches beyond the storage. `name` is for the message.
   */
  materialize(bytes: Uint8Array, name: string, path: string, budget: Budget): TensorData {
    const { dtype, shape, strides } = this;
    const width = elementBytes[dtype];
    const offset = this.offset + this.storage.start;
    const extent = extentOf(offset, shape, strides);
    const available = Math.floor(bytes.length / width);
    if (!(extent <= available)) {
      throw new FileError(path, `tensor ${name} reaches element ${extent} of a storage of ${available}`);
    }
    const count = shape.includes(0) ? 0 : sizeOf(shape);
    if (isContiguous(shape, strides) || count === 0) {
      const start = count === 0 ? 0 : offset * width;
      if (width === 2 && dtype !== 'int16') budget.spend(4 * count, `tensor ${name}`);
      return decodeTensor(dtype, shape, bytes.subarray(start, start + count * width));
    }
    budget.spend(4 * Math.max(width, 4) * count, `tensor ${name} of shape ${quoteShape(shape)}`);
    return decodeTensor(dtype, shape, gatherBytes(bytes, width, offset, shape, strides));
  }
}
