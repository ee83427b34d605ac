import { intAttribute, sizeOf, staticShape, type Value, windowOf } from '../../onnx/index.ts';
import { alongAxis, bandMatrix, transposedMatrix } from '../separable.ts';
import { linearInFirst, type Rule, type TangentContext } from './rule.ts';

function sizesOf(v: Value): readonly number[] {
  return staticShape(v).slice(2);
}

/** Picks, for each window, the tangent of the element that is its maximum. `indices` count through the whole of x. */
function pick(c: TangentContext, indices: Value): Value {
  const { b } = c;
  const [n, ...rest] = staticShape(c.x(0)) as [number, ...number[]];
  if (!c.batched) return b.op('Gather', [b.reshape(c.t(0)!, [n * sizeOf(rest)]), indices], { axis: 0 });
  // One image and many vectors: the indices serve every vector.
  const [, ...shape] = staticShape(indices);
  const vectors = c.shapeOf(c.x(0))[0]!;
  return b.op('Gather', [b.reshape(c.t(0)!, [vectors, sizeOf(rest)]), b.reshape(indices, shape)], { axis: 1 });
}

/** The first of equal maxima has the derivative, as in PyTorch: the operator's second output tells which. */
const maxPool: Rule = {
  outputs: 2,
  tangent: (c) => {
    if (intAttribute(c.node, 'storage_order', 0) !== 0) c.fail('column-major indices are not supported');
    return pick(c, c.outputs[1]!);
  },
};

/** Max pooling with one window. */
const globalMaxPool: Rule = {
  tangent: (c) => {
    const kernel_shape = sizesOf(c.x(0));
    return pick(c, c.b.ops('MaxPool', [c.x(0)], { kernel_shape }, { outputs: 2 })[1]!);
  },
};

/** Linear and separable: the number of elements of a window, too, is a product over the axes. */
const averagePool: Rule = {
  tangent: linearInFirst,
  transpose: (c) => {
    const { b, node } = c;
    const sizes = sizesOf(c.inputs[0]!);
    const rank = sizes.length;
    const w = windowOf(node, sizes);
    const counts = sizesOf(node.outputs[0]!);
    const padded = intAttribute(node, 'count_include_pad', 0) === 1;
    const out = sizes.reduce((ct, n, axis) => {
      const [k, d, s, begin, end] = [
        w.kernel[axis]!,
        w.dilations[axis]!,
        w.strides[axis]!,
        w.pads[axis]!,
        w.pads[rank + axis]!,
      ];
      const average = bandMatrix(ct.dtype, counts[axis]!, n, (i) => {
        const positions = Array.from({ length: k }, (_, j) => i * s - begin + j * d);
        const inside = positions.filter((p) => p >= 0 && p < n);
        // With ceil_mode the last window may reach beyond the end padding; that part never counts.
        const size = padded ? positions.filter((p) => p < n + end).length : inside.length;
        return inside.map((p) => [p, 1 / size] as const);
      });
      return alongAxis(b, ct, axis + 2, transposedMatrix(average));
    }, c.cotangents[0]!);
    return [out];
  },
};

const globalAveragePool: Rule = {
  tangent: linearInFirst,
  transpose: (c) => {
    const { b } = c;
    const shape = staticShape(c.inputs[0]!);
    return [b.expand(b.scale(c.cotangents[0]!, 1 / sizeOf(shape.slice(2))), shape)];
  },
};

/** y = (sum |x|^p)^(1/p): dy = y^(1-p) sum(|x|^(p-1) sign(x) dx), and 0 where y is. */
function lpPool(c: TangentContext, sum: (v: Value) => Value): Value {
  const { b, y } = c;
  const x = c.x(0);
  const p = intAttribute(c.node, 'p', 2);
  const k = (value: number) => b.scalar(value, x.dtype);
  const weight = p === 1 ? b.op('Sign', [x]) : b.mul(b.op('Sign', [x]), b.op('Pow', [b.op('Abs', [x]), k(p - 1)]));
  const total = sum(b.mul(c.t(0)!, weight));
  if (p === 1) return total;
  const isZero = b.op('Equal', [y, k(0)]);
  return b.mul(total, b.where(isZero, k(0), b.op('Pow', [b.where(isZero, k(1), y), k(1 - p)])));
}

/** Sums over windows, one axis after another. */
function windowSums(c: TangentContext, v: Value): Value {
  const sizes = sizesOf(c.x(0));
  const w = windowOf(c.node, sizes);
  const counts = sizesOf(c.y);
  return sizes.reduce((sum, n, axis) => {
    const window = bandMatrix(v.dtype, counts[axis]!, n, (i) =>
      Array.from(
        { length: w.kernel[axis]! },
        (_, j) => [i * w.strides[axis]! - w.pads[axis]! + j * w.dilations[axis]!, 1] as const,
      ).filter(([p]) => p >= 0 && p < n),
    );
    return alongAxis(c.b, sum, axis + 2, window);
  }, v);
}

export const poolingRules: Readonly<Record<string, Rule>> = {
  MaxPool: maxPool,
  GlobalMaxPool: globalMaxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  LpPool: { tangent: (c) => lpPool(c, (v) => windowSums(c, v)) },
  GlobalLpPool: {
    tangent: (c) =>
      lpPool(c, (v) =>
        c.b.reduceSum(
          v,
          sizesOf(v).map((_, i) => i + 2),
        ),
      ),
  },
};
