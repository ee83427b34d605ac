import { intAttribute, type Node, staticShape, type Value } from '../../onnx/index.ts';
import { integersOf, linearInFirst, type Rule, type TangentContext, type TransposeContext } from './rule.ts';

/** The axes of a reduction: its second input, all of them when it is left out or empty (unless the node says none). */
function axesOf(node: Node, rank: number, given: readonly number[] | undefined): number[] {
  if (given?.length) return given.map((a) => (a < 0 ? a + rank : a));
  if (intAttribute(node, 'noop_with_empty_axes', 0) === 1) return [];
  return Array.from({ length: rank }, (_, i) => i);
}

function reducedAxes(c: TangentContext): number[] {
  const axes = axesOf(c.node, c.x(0).shape.length, c.integers(1));
  for (const axis of axes) c.axis(axis);
  return axes;
}

/** The result with its reduced axes kept as 1, so that it broadcasts to the input. */
function kept(c: TangentContext, v: Value, axes: readonly number[]): Value {
  if (intAttribute(c.node, 'keepdims', 1) === 1) return v;
  return c.b.reshape(
    v,
    staticShape(c.x(0)).map((d, i) => (axes.includes(i) ? 1 : d)),
  );
}

function linear(scale: (size: number) => number): Rule {
  return {
    tangent: (c) => {
      reducedAxes(c);
      return linearInFirst(c);
    },
    transpose: (c: TransposeContext) => {
      const { b, node } = c;
      const shape = staticShape(c.inputs[0]!);
      const axes = axesOf(node, shape.length, integersOf(b, node, c.inputs[1] ?? null));
      const size = axes.reduce((n, i) => n * shape[i]!, 1);
      const wide = b.reshape(
        c.cotangents[0]!,
        shape.map((d, i) => (axes.includes(i) ? 1 : d)),
      );
      return [b.expand(b.scale(wide, scale(size)), shape), null];
    },
  };
}

/** dy = sum(weight dx) with a weight that is known at the operating point. */
function weighted(weight: (c: TangentContext, x: Value, y: Value, axes: readonly number[]) => Value): Rule {
  return {
    tangent: (c) => {
      const axes = reducedAxes(c);
      const factor = weight(c, c.x(0), kept(c, c.y, axes), axes);
      return c.b.reduceSum(c.b.mul(c.t(0)!, factor), axes, intAttribute(c.node, 'keepdims', 1) === 1);
    },
  };
}

/** Elements that attain the extremum share the derivative, as PyTorch's amax and amin do. */
const extremum = weighted(({ b }, x, y, axes) => {
  const hits = b.cast(b.op('Equal', [x, y]), x.dtype);
  return b.div(hits, b.reduceSum(hits, axes));
});

/** x / |x|, and 0 where the norm is 0. */
const l2 = weighted(({ b }, x, y) => {
  const zero = b.cast(b.op('Equal', [y, b.scalar(0, y.dtype)]), y.dtype);
  return b.div(x, b.add(y, zero));
});

/** The product of the other elements, also where some are 0. */
const product = weighted(({ b }, x, _, axes) => {
  const k = (value: number) => b.scalar(value, x.dtype);
  const isZero = b.op('Equal', [x, k(0)]);
  const others = b.where(isZero, k(1), x);
  const whole = b.op('ReduceProd', [others, b.integers(axes)]);
  const zeros = b.reduceSum(b.cast(isZero, x.dtype), axes);
  // Without x itself: zeros among the rest make the product 0.
  const rest = b.sub(zeros, b.cast(isZero, x.dtype));
  return b.where(b.op('Equal', [rest, k(0)]), b.div(whole, others), k(0));
});

export const reductionRules: Readonly<Record<string, Rule>> = {
  ReduceSum: linear(() => 1),
  ReduceMean: linear((size) => 1 / size),
  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceProd: product,
  ReduceSumSquare: weighted(({ b }, x) => b.scale(x, 2)),
  ReduceL1: weighted(({ b }, x) => b.op('Sign', [x])),
  ReduceL2: l2,
  ReduceLogSum: weighted(({ b }, _, y) => b.op('Exp', [b.neg(y)])),
  ReduceLogSumExp: weighted(({ b }, x, y) => b.op('Exp', [b.sub(x, y)])),
};
