import {
  type DType,
  type GraphBuilder,
  sizeOf,
  staticShape,
  type TensorData,
  tensorOf,
  type Value,
} from '../onnx/index.ts';
import { rearranged } from './rearrange.ts';

/** A matrix whose row i has the given (column, entry) pairs and zeros elsewhere; entries of one column add up. */
export function bandMatrix(
  dtype: DType,
  rows: number,
  columns: number,
  row: (i: number) => readonly (readonly [column: number, entry: number])[],
): TensorData {
  const values = Array<number>(rows * columns).fill(0);
  for (let i = 0; i < rows; i++) for (const [j, entry] of row(i)) values[i * columns + j]! += entry;
  return tensorOf(dtype, [rows, columns], values);
}

export function transposedMatrix(m: TensorData): TensorData {
  return rearranged(m, [], [1, 0]);
}

/**
 * A matrix applied along one axis: y[..., i, ...] = sum_j m[i, j] x[..., j, ...].
 * Pooling, resizing and padding by reflection are such products axis by axis, and so are their transposes.
 */
export function alongAxis(b: GraphBuilder, x: Value, axis: number, m: TensorData): Value {
  const shape = staticShape(x);
  const [rows, columns] = m.shape as [number, number];
  const [before, after] = [shape.slice(0, axis), shape.slice(axis + 1)];
  const result = [...before, rows, ...after];
  const trail = sizeOf(after);
  if (trail === 1) {
    const product = b.matMul(b.reshape(x, [sizeOf(before), columns]), b.constant(transposedMatrix(m)));
    return b.reshape(product, result);
  }
  return b.reshape(b.matMul(b.constant(m), b.reshape(x, [sizeOf(before), columns, trail])), result);
}
