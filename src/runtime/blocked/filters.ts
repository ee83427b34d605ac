import type { GraphBuilder, Value } from '../../onnx/index.ts';
import type { FilterOrder } from './layout.ts';

/**
 * Filters brought into blocked order and back by nodes of the graph, for those that change from run to run.
 *
 * ONNX Runtime's Transpose is fast where one axis moves past others (0.5 ms for 2.4 MB), and several times slower for permutations in
 * general, so each order is reached by a few such moves; what permutes or reverses whole 16 x 16 blocks is a Gather of rows.
 */

type FilterShape = readonly [number, number, number, number];

const shapeOf = (v: Value) => v.shape as readonly number[] as FilterShape;

/** A filter [Co, Ci, kh, kw] in blocked order, under the same shape; see `layout.ts`. */
export function blockedFilter(b: GraphBuilder, filter: Value, block: number, order: FilterOrder): Value {
  const [co, ci, kh, kw] = shapeOf(filter);
  const outLast = b.transpose(b.reshape(filter, [co / block, block, ci * kh * kw]), [0, 2, 1]);
  const single = kh * kw === 1 || order === 'outer';
  const blocks = single
    ? outLast
    : b.transpose(b.reshape(outLast, [(co * ci) / block ** 2, block, kh * kw, block]), [0, 2, 1, 3]);
  return b.reshape(blocks, [co, ci, kh, kw]);
}

/**
 * The filter [Ci, Co, kh, kw] with which cotangents go back through a convolution with `filter` [Co, Ci, kh, kw], channels swapped and taps
 * reversed, in dense blocked order.
 */
export function blockedBackwardFilter(b: GraphBuilder, filter: Value, block: number): Value {
  const [co, ci, kh, kw] = shapeOf(filter);
  const [outs, ins, taps] = [co / block, ci / block, kh * kw];
  const shape = [ci, co, kh, kw];
  if (taps === 1) {
    const insFirst = b.transpose(b.reshape(filter, [co, ins, block]), [1, 0, 2]);
    return b.reshape(insFirst, shape);
  }
  const turned = b.transpose(b.reshape(filter, [co, ci * taps]), [1, 0]);
  const inLast = b.transpose(b.reshape(turned, [ins, block, taps * co]), [0, 2, 1]);
  // Rows (in block, tap, out block) become (in block, out block, reversed tap).
  const rows: number[] = [];
  for (let i = 0; i < ins; i++)
    for (let o = 0; o < outs; o++) for (let t = taps - 1; t >= 0; t--) rows.push((i * taps + t) * outs + o);
  const blocks = b.op('Gather', [b.reshape(inLast, [ins * taps * outs, block ** 2]), b.integers(rows)], { axis: 0 });
  return b.reshape(blocks, shape);
}

/** Where the taps of a filter lie among rows of one block by another: [in blocks, out blocks, rows, columns, in a block, out a block]. */
export interface TapRows {
  readonly outs: number;
  readonly ins: number;
  /** Positions that the rows have, in each direction, and which of them are taps. */
  readonly positions: readonly [number, number];
  readonly taps: readonly [readonly number[], readonly number[]];
}

/** The filter [Co, Ci, kh, kw] in plain order. */
export function plainFilter(
  b: GraphBuilder,
  rows: Value,
  { outs, ins, positions, taps }: TapRows,
  block: number,
): Value {
  const [high, wide] = positions;
  const [rowTaps, columnTaps] = taps;
  const order: number[] = [];
  for (let o = 0; o < outs; o++)
    for (let i = 0; i < ins; i++)
      for (const r of rowTaps) for (const c of columnTaps) order.push(((i * outs + o) * high + r) * wide + c);
  const flat = b.reshape(rows, [ins * outs * high * wide, block ** 2]);
  const inOrder = order.every((from, to) => from === to) && order.length === ins * outs * high * wide;
  const blocks = inOrder ? flat : b.op('Gather', [flat, b.integers(order)], { axis: 0 });
  const count = rowTaps.length * columnTaps.length;
  const outLast =
    count === 1 ? blocks : b.transpose(b.reshape(blocks, [outs * ins, count, block, block]), [0, 2, 1, 3]);
  const plain = b.transpose(b.reshape(outLast, [outs, ins * block * count, block]), [0, 2, 1]);
  return b.reshape(plain, [outs * block, ins * block, rowTaps.length, columnTaps.length]);
}
