import { einsumOf, type GraphBuilder, staticShape, type Value } from '../../onnx/index.ts';
import { type Rule, sum, type TangentContext, type TransposeContext, unbroadcast } from './rule.ts';

/** Einsum is linear in each operand: its tangent is the sum over the operands, each with its tangent in its place. */

function write(b: GraphBuilder, operands: readonly Value[], terms: readonly string[], result: string): Value {
  return b.op('Einsum', operands, { equation: `${terms.join(',')}->${result}` });
}

/** With many tangent vectors their axis must be the first one of the result; the other operands have size 1 there, and lose it. */
function tangentOf(c: TangentContext, i: number): Value {
  const { b, node } = c;
  const { terms, result } = einsumOf(node);
  const batch = c.batched ? terms[i]![0] : undefined;
  if (c.batched && (batch === undefined || result[0] !== batch || terms[i]!.lastIndexOf(batch) > 0)) {
    c.fail('works along the batch axis, which holds the tangent vectors');
  }
  const without = terms.map((term, j) => (j === i || !batch ? term : term.replaceAll(batch, '')));
  const operands = terms.map((term, j) => {
    if (j === i) return c.t(i)!;
    const shape = staticShape(c.x(j)).filter((_, axis) => term[axis] !== batch);
    return shape.length === term.length ? c.x(j) : b.reshape(c.x(j), shape);
  });
  return write(b, operands, without, result);
}

/** The cotangent of operand `i`: the other operands and that of the result, summed over what the operand does not have. */
function cotangentOf(c: TransposeContext, i: number): Value {
  const { b, node } = c;
  const { terms, result, sizes } = einsumOf(node);
  const term = terms[i]!;
  const full = (letters: string) => [...letters].map((l) => sizes.get(l) as number);
  const others = terms.flatMap((t, j) => (j === i ? [] : [{ term: t, value: c.inputs[j]! }]));
  const factors = [{ term: result, value: c.cotangents[0]! }, ...others];
  // A letter of this operand alone was summed over: its cotangent is the same all along it.
  const known = [...term].filter((l) => factors.some((f) => f.term.includes(l))).join('');
  const product = write(
    b,
    factors.map((f) => (f.term === result ? f.value : expanded(b, f.value, full(f.term)))),
    factors.map((f) => f.term),
    known,
  );
  const shape = [...term].map((l) => (known.includes(l) ? (sizes.get(l) as number) : 1));
  return unbroadcast(b, b.expand(b.reshape(product, shape), full(term)), staticShape(c.inputs[i]!));
}

function expanded(b: GraphBuilder, v: Value, shape: readonly number[]): Value {
  return staticShape(v).every((d, axis) => d === shape[axis]) ? v : b.expand(v, shape);
}

const einsum: Rule = {
  tangent: (c) => {
    const { terms } = einsumOf(c.node);
    for (const term of terms) {
      if (new Set(term).size !== term.length) c.fail(`a diagonal ("${term}") has no derivative rule`);
    }
    return c.fit(
      sum(
        c.b,
        c.tangents.map((t, i) => t && tangentOf(c, i)),
      )!,
    );
  },
  transpose: (c) => c.linear.map((linear, i) => (linear ? cotangentOf(c, i) : null)),
};

export const einsumRules: Readonly<Record<string, Rule>> = { Einsum: einsum };
