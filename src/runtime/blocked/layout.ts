import { sizeOf, type TensorData, tensor } from '../../onnx/index.ts';

/**
 * Memory orders of the blocked domain. A block is `b` channels (16 with AVX-512, 8 otherwise) kept side by side:
 *
 *   activation          [N, C, H, W]     -> [N, C/b, H, W, b]
 *   dense filter        [Co, Ci, kh, kw] -> [Co/b, Ci/b, kh, kw, b (in), b (out)]
 *   filter of one input block or depthwise [Co, Ci, kh, kw] -> [Co/b, Ci, kh, kw, b]
 *
 * ONNX shapes stay those on the left; only the order of the numbers in memory differs.
 */
export type FilterOrder = 'dense' | 'outer';

/** How an array of shape `split` is permuted to reach a blocked order. */
export interface Reordering {
  readonly split: readonly number[];
  readonly perm: readonly number[];
}

export function activationOrder([n, c, h, w]: readonly number[], block: number): Reordering {
  return { split: [n!, c! / block, block, h!, w!], perm: [0, 1, 3, 4, 2] };
}

export function filterOrder([co, ci, kh, kw]: readonly number[], block: number, order: FilterOrder): Reordering {
  return order === 'dense'
    ? { split: [co! / block, block, ci! / block, block, kh!, kw!], perm: [0, 2, 4, 5, 3, 1] }
    : { split: [co! / block, block, ci!, kh!, kw!], perm: [0, 2, 3, 4, 1] };
}

/** `t` with its numbers in blocked order, under its old shape. */
export function reorder(t: TensorData, { split, perm }: Reordering): TensorData {
  const source = t.data as Float32Array;
  const result = new Float32Array(source.length);
  const strides = split.map((_, axis) => sizeOf(split.slice(axis + 1)));
  const sizes = perm.map((axis) => split[axis]!);
  const steps = perm.map((axis) => strides[axis]!);
  const index = new Array<number>(perm.length).fill(0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = source[from]!;
    for (let axis = perm.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      index[axis]! += 1;
      if (index[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return tensor('float32', t.shape, result);
}
