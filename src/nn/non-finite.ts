import type { TensorData } from '../onnx/index.ts';

/** The numbers of a tensor that are NaN or infinite. */
export interface NonFinite {
  readonly count: number;
  /** Index of the first in every dimension. */
  readonly at: readonly number[];
  /** The first: `NaN`, `Infinity` or `-Infinity`. */
  readonly value: number;
  /** Whether there is a NaN, and whether there is a positive infinity. */
  readonly nan: boolean;
  readonly positive: boolean;
}

/** Binary16 is not a number or infinite where all five bits of its exponent are set. */
function halfValue(bits: number): number {
  if ((bits & 0x7c00) !== 0x7c00) return 0;
  if (bits & 0x3ff) return Number.NaN;
  return bits & 0x8000 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** What of a tensor is not finite; undefined where all of it is, as whole numbers always are. */
export function nonFiniteIn({ dtype, shape, data }: TensorData): NonFinite | undefined {
  if (dtype !== 'float32' && dtype !== 'float64' && dtype !== 'float16') return undefined;
  const numbers = data as Float32Array | Float64Array | Uint16Array;
  const valueAt = (i: number) => (dtype === 'float16' ? halfValue(numbers[i]!) : numbers[i]!);
  let [count, first, nan, positive] = [0, -1, false, false];
  for (let i = 0; i < numbers.length; i++) {
    const value = valueAt(i);
    if (Number.isFinite(value)) continue;
    if (count++ === 0) first = i;
    nan ||= Number.isNaN(value);
    positive ||= value > 0;
  }
  if (count === 0) return undefined;
  const at: number[] = [];
  for (let d = shape.length - 1, rest = first; d >= 0; d--) {
    at.unshift(rest % shape[d]!);
    rest = Math.floor(rest / shape[d]!);
  }
  return { count, at, value: valueAt(first), nan, positive };
}

/** For a message: `3 of 432 values are not finite, the first NaN at [0, 2, 1, 1]`. */
export function describeNonFinite({ count, at, value }: NonFinite, size: number): string {
  const where = at.length ? ` at [${at.join(', ')}]` : '';
  return `${count} of ${size} values ${count === 1 ? 'is' : 'are'} not finite, the first ${value}${where}`;
}
