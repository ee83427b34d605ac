import { floatAttribute, intAttribute, sizeOf, staticShape, type Value } from '../../onnx/index.ts';
import { type Rule, sum, type TransposeContext, unbroadcast } from './rule.ts';

function swapLast(c: TransposeContext, v: Value): Value {
  const n = v.shape.length;
  return c.b.transpose(
    v,
    v.shape.map((_, i) => (i === n - 2 ? n - 1 : i === n - 1 ? n - 2 : i)),
  );
}

/** Numpy's product: a vector on the left is a row, one on the right a column, and leading axes broadcast. */
const matMul: Rule = {
  tangent: (c) => {
    const { b } = c;
    const [dx, dw] = [c.t(0), c.t(1)];
    if (dx && c.batched && dx.shape.length < 2) c.fail('contracts the batch axis');
    if (dw && c.batched && dw.shape.length < 3) c.fail('contracts the batch axis');
    return sum(b, [dx && b.matMul(dx, c.x(1)), dw && b.matMul(c.x(0), dw)]);
  },
  transpose: (c) => {
    const { b } = c;
    const [a, w] = [c.inputs[0]!, c.inputs[1]!];
    const [as, ws] = [staticShape(a), staticShape(w)];
    // Vectors as matrices.
    const left = as.length === 1 ? b.reshape(a, [1, as[0]!]) : a;
    const right = ws.length === 1 ? b.reshape(w, [ws[0]!, 1]) : w;
    const [ls, rs] = [staticShape(left), staticShape(right)];
    const leading = staticShape(c.cotangents[0]!).slice(0, Math.max(ls.length, rs.length) - 2);
    const [m, k, n] = [ls.at(-2)!, ls.at(-1)!, rs.at(-1)!];
    const ct = b.reshape(c.cotangents[0]!, [...leading, m, n]);
    const forLeft = () => b.reshape(unbroadcast(b, b.matMul(ct, swapLast(c, right)), ls), as);
    const forRight = () => {
      if (rs.length > 2) return b.reshape(unbroadcast(b, b.matMul(swapLast(c, left), ct), rs), ws);
      // One matrix for all leading axes: a single tall product instead of many small ones and a sum.
      const rows = sizeOf(leading) * m;
      const tall = b.reshape(left, [rows, k]);
      return b.reshape(b.matMul(b.transpose(tall, [1, 0]), b.reshape(ct, [rows, n])), ws);
    };
    return [c.linear[0] ? forLeft() : null, c.linear[1] ? forRight() : null];
  },
};

/** alpha A' B' + beta C. */
const gemm: Rule = {
  tangent: (c) => {
    const { b, node } = c;
    const [da, dw, dc] = [c.t(0), c.t(1), c.t(2)];
    const alpha = floatAttribute(node, 'alpha', 1);
    const [transA, transB] = [intAttribute(node, 'transA', 0), intAttribute(node, 'transB', 0)];
    if (c.batched && (dw || (da && transA))) c.fail('contracts the batch axis');
    const product = (p: Value, q: Value) => b.op('Gemm', [p, q], { alpha, transA, transB });
    const fromC = dc && b.scale(dc, floatAttribute(node, 'beta', 1));
    const products = sum(b, [da && product(da, c.x(1)), dw && product(c.x(0), dw)]);
    return c.fit(sum(b, [products, fromC])!);
  },
  transpose: (c) => {
    const { b, node } = c;
    const ct = c.cotangents[0]!;
    const [a, w] = [c.inputs[0]!, c.inputs[1]!];
    const alpha = floatAttribute(node, 'alpha', 1);
    const [ta, tb] = [intAttribute(node, 'transA', 0), intAttribute(node, 'transB', 0)];
    const gemmOf = (p: Value, transA: number, q: Value, transB: number) =>
      b.op('Gemm', [p, q], { alpha, transA, transB });
    return [
      c.linear[0] ? (ta ? gemmOf(w, tb, ct, 1) : gemmOf(ct, 0, w, 1 - tb)) : null,
      c.linear[1] ? (tb ? gemmOf(ct, 1, a, ta) : gemmOf(a, 1 - ta, ct, 0)) : null,
      null,
    ];
  },
};

export const linearRules: Readonly<Record<string, Rule>> = { MatMul: matMul, Gemm: gemm };
