import { staticShape, type Value } from '../../src/onnx/index.ts';
import type { Operator, Operators, Soil } from './grow.ts';

/** One operand, of any size or made to lie where the operator is defined. */
const unary =
  (
    op: string,
    size: (operand: number) => number = () => 1,
    prepare: (s: Soil, v: Value) => Value = (_, v) => v,
    attributes: Readonly<Record<string, number | string>> = {},
  ): Operator =>
  (s) => {
    const v = s.pick();
    return v && { value: s.b.op(op, [prepare(s, v)], attributes), size: size(s.sizeOf(v)) };
  };

const same = (size: number) => size;
const bounded = (s: Soil, v: Value) => s.bounded(v);
const positive = (s: Soil, v: Value) => s.positive(v);

/** Two operands that broadcast; every third time one and the same. */
function operands(s: Soil): [Value, Value] | undefined {
  const x = s.pick();
  const w = s.choose(3) === 0 ? x : s.pick();
  return x && w && [x, w];
}

const binary =
  (op: string, size: (x: number, w: number) => number): Operator =>
  (s) => {
    const pair = operands(s);
    return pair && { value: s.b.op(op, pair), size: size(s.sizeOf(pair[0]), s.sizeOf(pair[1])) };
  };

const several =
  (op: string, size: (sizes: readonly number[]) => number): Operator =>
  (s) => {
    const all = Array.from({ length: 1 + s.choose(3) }, () => s.pick());
    if (!all.every((v) => v !== undefined)) return undefined;
    return { value: s.b.op(op, all), size: size(all.map((v) => s.sizeOf(v))) };
  };

const total = (sizes: readonly number[]) => sizes.reduce((sum, v) => sum + v, 0);
const most = (sizes: readonly number[]) => Math.max(...sizes);

export const smoothOperators: Operators = {
  Tanh: unary('Tanh'),
  Sin: unary('Sin'),
  Cos: unary('Cos'),
  Sigmoid: unary('Sigmoid'),
  Erf: unary('Erf'),
  Atan: unary('Atan', () => 2),
  Gelu: unary('Gelu', same),
  'Gelu by tanh': unary('Gelu', same, undefined, { approximate: 'tanh' }),
  Mish: unary('Mish', same),
  Softplus: unary('Softplus', (v) => v + 1),
  Neg: unary('Neg', same),
  Identity: unary('Identity', same),
  Exp: unary('Exp', () => 3, bounded),
  Sinh: unary('Sinh', () => 2, bounded),
  Cosh: unary('Cosh', () => 2, bounded),
  Tan: unary('Tan', () => 2, bounded),
  Asin: unary('Asin', () => 2, bounded),
  Acos: unary('Acos', () => 3, bounded),
  Asinh: unary('Asinh', () => 3),
  Acosh: unary(
    'Acosh',
    () => 3,
    (s, v) => s.b.add(s.positive(v), s.number(1)),
  ),
  Atanh: unary('Atanh', () => 2, bounded),
  Log: unary('Log', () => 4, positive),
  Sqrt: unary('Sqrt', (v) => v + 1, positive),
  Reciprocal: unary('Reciprocal', () => 4, positive),
  Add: binary('Add', (x, w) => x + w),
  'Add a number': (s) => {
    const v = s.pick();
    return v && { value: s.b.add(v, s.number(0.25 * (1 + s.choose(4)))), size: s.sizeOf(v) + 1 };
  },
  Sub: binary('Sub', (x, w) => x + w),
  Mul: binary('Mul', (x, w) => x * w),
  'Mul of relatives': (s) => {
    const v = s.pick();
    return v && { value: s.b.mul(v, s.b.add(v, s.number(0.5 + s.choose(3)))), size: s.sizeOf(v) * (s.sizeOf(v) + 3) };
  },
  Div: (s) => {
    const pair = operands(s);
    return pair && { value: s.b.div(pair[0], s.positive(pair[1])), size: 4 * s.sizeOf(pair[0]) };
  },
  Pow: (s) => {
    const pair = operands(s);
    return pair && { value: s.b.op('Pow', [s.positive(pair[0]), s.bounded(pair[1])]), size: 10 };
  },
  'Pow of a number': (s) => {
    const v = s.pick();
    const exponent = s.oneOf(0, 1, 2, 3);
    return v && { value: s.b.op('Pow', [v, s.number(exponent)]), size: s.sizeOf(v) ** exponent };
  },
  Sum: several('Sum', total),
  Mean: several('Mean', most),
};

/** Continuous, with kinks. */
export const kinkedOperators: Operators = {
  Relu: unary('Relu', same),
  LeakyRelu: unary('LeakyRelu', same, undefined, { alpha: 0.1 }),
  ThresholdedRelu: unary('ThresholdedRelu', same, undefined, { alpha: 0.2 }),
  Elu: unary('Elu', same, undefined, { alpha: 0.7 }),
  Selu: unary('Selu', (v) => 2 * v),
  Celu: unary('Celu', same, undefined, { alpha: 0.8 }),
  Softsign: unary('Softsign'),
  HardSigmoid: unary('HardSigmoid'),
  HardSwish: unary('HardSwish', same),
  Shrink: unary('Shrink', same, undefined, { lambd: 0.3, bias: 0.1 }),
  Abs: unary('Abs', same),
  Clip: (s) => {
    const v = s.pick();
    return v && s.b.op('Clip', [v, s.choose(4) ? s.number(-0.4) : null, s.choose(4) ? s.number(0.5) : null]);
  },
  PRelu: (s) => {
    const v = s.pick();
    const slope = v && s.pick((w) => w.shape.length <= v.shape.length);
    return v && slope && { value: s.b.op('PRelu', [v, slope]), size: s.sizeOf(v) * (1 + s.sizeOf(slope)) };
  },
  Min: several('Min', most),
  Max: several('Max', most),
  Where: (s) => {
    const pair = operands(s);
    const other = s.pick();
    if (!pair || !other) return undefined;
    const condition = s.b.op(s.oneOf('Greater', 'LessOrEqual'), [other, s.number(0.1)]);
    return { value: s.b.where(condition, ...pair), size: most(pair.map((v) => s.sizeOf(v))) };
  },
};

/** Piecewise constant: with jumps, so only where numbers are not compared between two roundings. */
export const steppedOperators: Operators = {
  Floor: unary('Floor', (v) => v + 1),
  Ceil: unary('Ceil', (v) => v + 1),
  Round: unary('Round', (v) => v + 1),
  Sign: unary('Sign'),
  Mod: (s) => {
    const pair = operands(s);
    return pair && { value: s.b.op('Mod', [pair[0], s.positive(pair[1])], { fmod: 1 }), size: s.sizeOf(pair[0]) };
  },
  CumSum: (s) => {
    const v = s.pick((x) => x.shape.length > 0);
    if (!v) return undefined;
    const axis = s.choose(v.shape.length);
    const attributes = { exclusive: s.choose(2), reverse: s.choose(2) };
    const size = s.sizeOf(v) * staticShape(v)[axis]!;
    return { value: s.b.op('CumSum', [v, s.b.scalar(axis, 'int64')], attributes), size };
  },
};
