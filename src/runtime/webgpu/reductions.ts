import { type GraphBuilder, intAttribute, type Rewrite, toNumbers, type Value } from '../../onnx/index.ts';

type Reduction = 'ReduceSum' | 'ReduceMean';

/** The last ones of some axes, and the others; what there are none of is left out. */
function inTwo(rank: number, axes: readonly number[]): readonly (readonly number[])[] {
  let first = rank;
  while (axes.includes(first - 1)) first--;
  return [axes.filter((a) => a >= first), axes.filter((a) => a < first)].filter((some) => some.length > 0);
}

/**
 * A sum or mean over some axes, the last ones first and then the others. Sums over images and positions at once leave one output a channel,
 * too few for a GPU; those over the positions alone leave one for each image and channel. Reduced axes stay, with size 1.
 */
export function reduceInTwo(b: GraphBuilder, op: Reduction, x: Value, axes: readonly number[]): Value {
  return inTwo(x.shape.length, axes).reduce((y, some) => b.op(op, [y, b.integers(some)], { keepdims: 1 }), x);
}

export const reduction: Rewrite = (node, [x, axes], b) => {
  const given = axes ? b.constantOf(axes) : undefined;
  if (!x || !given) return undefined;
  const rank = x.shape.length;
  const reduced = toNumbers(given).map((a) => (a + rank) % rank);
  if (inTwo(rank, reduced).length < 2) return undefined;
  const kept = reduceInTwo(b, node.opType as Reduction, x, reduced);
  if (intAttribute(node, 'keepdims', 1) === 1) return [kept];
  const { shape } = node.outputs[0]!;
  return shape.every((d) => typeof d === 'number') ? [b.reshape(kept, shape)] : undefined;
};
