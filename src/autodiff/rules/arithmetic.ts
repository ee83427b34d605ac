import { intAttribute, staticShape, toNumbers, type Value } from '../../onnx/index.ts';
import { linearInFirst, type Rule, sum, type TangentContext, type TransposeContext, unbroadcast } from './rule.ts';

/** Operators with several operands that broadcast. */

function shapeOfInput(c: TransposeContext, i: number): readonly number[] {
  return staticShape(c.inputs[i]!);
}

/** y = sum of sign_i x_i. */
function signed(signs: (i: number) => 1 | -1): Rule {
  return {
    tangent: (c) => {
      const { b } = c;
      let total: Value | null = null;
      c.tangents.forEach((t, i) => {
        if (!t) return;
        if (!total) total = signs(i) < 0 ? b.neg(t) : t;
        else total = signs(i) < 0 ? b.sub(total, t) : b.add(total, t);
      });
      return c.fit(total!);
    },
    transpose: (c) => {
      const ct = c.cotangents[0]!;
      return c.linear.map((linear, i) => {
        if (!linear) return null;
        const summed = unbroadcast(c.b, ct, shapeOfInput(c, i));
        return signs(i) < 0 ? c.b.neg(summed) : summed;
      });
    },
  };
}

const mul: Rule = {
  tangent: (c) => {
    const { b } = c;
    const [dx, dw] = [c.t(0), c.t(1)];
    // One and the same operand; two different ones, such as y and y + c, may have the same tangent too.
    if (dx && c.x(0) === c.x(1)) return b.scale(b.mul(dx, c.x(0)), 2);
    return c.fit(sum(b, [dx && b.mul(dx, c.x(1)), dw && b.mul(c.x(0), dw)])!);
  },
  transpose: (c) =>
    [1, 0].map((other, i) =>
      c.linear[i] ? unbroadcast(c.b, c.b.mul(c.cotangents[0]!, c.inputs[other]!), shapeOfInput(c, i)) : null,
    ),
};

/** d(x / w) = dx / w - (y / w) dw; linear in the numerator only. */
const div: Rule = {
  tangent: (c) => {
    const { b } = c;
    const [dx, dw] = [c.t(0), c.t(1)];
    const fromX = dx && b.div(dx, c.x(1));
    const fromW = dw && b.mul(dw, b.neg(b.div(c.y, c.x(1))));
    return c.fit(sum(b, [fromX, fromW])!);
  },
  transpose: (c) => [unbroadcast(c.b, c.b.div(c.cotangents[0]!, c.inputs[1]!), shapeOfInput(c, 0)), null],
};

/** d(x^p) = p x^(p-1) dx + x^p log(x) dp; as in PyTorch the second term is 0 where x is 0. */
function pow(c: TangentContext): Value | null {
  const { b } = c;
  const [x, p, dx, dp] = [c.x(0), c.x(1), c.t(0), c.t(1)];
  const known = b.constantOf(p);
  const exponent = known && known.data.length === 1 ? toNumbers(known)[0]! : undefined;
  const terms: (Value | null)[] = [];
  if (dx && exponent === 2) terms.push(b.mul(dx, b.scale(x, 2)));
  else if (dx && exponent !== 0) {
    const power = exponent === undefined ? b.cast(p, x.dtype) : b.scalar(exponent, x.dtype);
    const lower = exponent === undefined ? b.sub(power, b.scalar(1, x.dtype)) : b.scalar(exponent - 1, x.dtype);
    const slope = b.mul(power, b.op('Pow', [x, lower]));
    // 0 times x^-1, which is no number at x = 0.
    const isConstant = () => b.op('Equal', [power, b.scalar(0, x.dtype)]);
    terms.push(b.mul(dx, exponent === undefined ? b.where(isConstant(), b.scalar(0, x.dtype), slope) : slope));
  }
  if (dp) {
    const zero = b.op('Equal', [x, b.scalar(0, x.dtype)]);
    const log = b.op('Log', [b.where(zero, b.scalar(1, x.dtype), x)]);
    terms.push(b.mul(b.cast(dp, x.dtype), b.mul(c.y, log)));
  }
  const total = sum(b, terms);
  return total && c.fit(total);
}

/** Minimum and maximum of any number of operands: equal ones share the derivative, as in PyTorch. */
function extremum(c: TangentContext): Value {
  const { b, y } = c;
  const hits = c.inputs.map((x) => b.cast(b.op('Equal', [x!, y]), y.dtype));
  const count = sum(b, hits)!;
  return c.fit(
    sum(
      b,
      c.tangents.map((t, i) => t && b.mul(t, b.div(hits[i]!, count))),
    )!,
  );
}

/** The remainder x - n w, with n = trunc(x / w); as in PyTorch n counts as constant. */
function mod(c: TangentContext): Value {
  const { b } = c;
  const [dx, dw] = [c.t(0), c.t(1)];
  const quotient = () => b.op('Round', [b.div(b.sub(c.x(0), c.y), c.x(1))]);
  return c.fit(sum(b, [dx, dw && b.mul(dw, b.neg(quotient()))])!);
}

/** Mean of several operands. */
function mean(c: TangentContext): Value {
  return c.fit(c.b.scale(sum(c.b, c.tangents)!, 1 / c.inputs.length));
}

const where: Rule = {
  tangent: (c) => {
    const zero = () => c.b.scalar(0, c.y.dtype);
    return c.fit(c.b.where(c.x(0), c.t(1) ?? zero(), c.t(2) ?? zero()));
  },
  transpose: (c) => {
    const { b } = c;
    const [condition, ct] = [c.inputs[0]!, c.cotangents[0]!];
    const zero = b.scalar(0, ct.dtype);
    return [
      null,
      c.linear[1] ? unbroadcast(b, b.where(condition, ct, zero), shapeOfInput(c, 1)) : null,
      c.linear[2] ? unbroadcast(b, b.where(condition, zero, ct), shapeOfInput(c, 2)) : null,
    ];
  },
};

const cast: Rule = {
  tangent: linearInFirst,
  transpose: (c) => [c.b.cast(c.cotangents[0]!, c.inputs[0]!.dtype)],
};

const identity: Rule = { tangent: (c) => c.t(0), transpose: (c) => [c.cotangents[0]!] };

/** Evaluation mode only, where it is the identity. Its training mode draws numbers inside the node. */
function dropout(c: TangentContext): Value | null {
  const mode = c.inputs[2];
  const training = mode ? c.b.constantOf(mode) : undefined;
  if (mode && (!training || toNumbers(training)[0] !== 0)) c.fail('only evaluation mode has a derivative');
  return c.t(0);
}

const cumSum: Rule = {
  tangent: (c) => {
    const axis = c.integers(1);
    c.axis(axis![0]!);
    return linearInFirst(c);
  },
  transpose: (c) => {
    const exclusive = intAttribute(c.node, 'exclusive', 0);
    const reverse = 1 - intAttribute(c.node, 'reverse', 0);
    return [c.b.op('CumSum', [c.cotangents[0]!, c.inputs[1]!], { exclusive, reverse }), null];
  },
};

export const arithmeticRules: Readonly<Record<string, Rule>> = {
  Add: signed(() => 1),
  Sum: signed(() => 1),
  Sub: signed((i) => (i === 0 ? 1 : -1)),
  Neg: signed(() => -1),
  Mul: mul,
  Div: div,
  Pow: { tangent: pow },
  Mod: { tangent: mod },
  Min: { tangent: extremum },
  Max: { tangent: extremum },
  Mean: { tangent: mean },
  Where: where,
  Cast: cast,
  CastLike: { tangent: (c) => c.b.cast(c.t(0)!, c.y.dtype) },
  Identity: identity,
  Dropout: { tangent: dropout },
  CumSum: cumSum,
};
