import { floatAttribute, type GraphBuilder, stringAttribute, type Value } from '../../onnx/index.ts';
import type { Lowering } from './lowering.ts';

const number = (b: GraphBuilder, v: number) => b.scalar(v, 'float64');

/** Clip: behind a Relu, ONNX Runtime would make one of both, and cannot in float64. */
function clipped(b: GraphBuilder, x: Value, least: Value | null | undefined, most: Value | null | undefined): Value {
  const above = least ? b.op('Max', [x, least]) : x;
  return most ? b.op('Min', [above, most]) : above;
}

/**
 * erf(x) = 2/sqrt(pi) x exp(-x²) (1 + 2x²/3 (1 + 2x²/5 (1 + ...))): all terms are positive, so nothing cancels and the
 * result is good to 1e-15. |x| is capped at 6, where 1 - erf < 3e-17; there the series needs some 110 terms.
 */
function erf(b: GraphBuilder, x: Value): Value {
  const capped = clipped(b, x, number(b, -6), number(b, 6));
  const square = b.mul(capped, capped);
  let series: Value = number(b, 1);
  for (let n = 120; n >= 1; n--) series = b.add(b.mul(series, b.mul(square, number(b, 2 / (2 * n + 1)))), number(b, 1));
  const front = b.mul(capped, b.op('Exp', [b.neg(square)]));
  return b.mul(b.mul(front, series), number(b, 2 / Math.sqrt(Math.PI)));
}

/** x Φ(x), or its tanh form. */
const gelu: Lowering = (node, [x], b) => {
  const half = b.mul(x!, number(b, 0.5));
  const inner =
    stringAttribute(node, 'approximate', 'none') === 'tanh'
      ? b.op('Tanh', [
          b.mul(b.add(x!, b.mul(b.mul(x!, b.mul(x!, x!)), number(b, 0.044715))), number(b, Math.sqrt(2 / Math.PI))),
        ])
      : erf(b, b.mul(x!, number(b, Math.SQRT1_2)));
  return b.mul(half, b.add(inner, number(b, 1)));
};

const isNegative = (b: GraphBuilder, x: Value) => b.op('Less', [x, number(b, 0)]);

function hardSigmoid(b: GraphBuilder, x: Value, alpha: number, beta: number): Value {
  return clipped(b, b.add(b.mul(x, number(b, alpha)), number(b, beta)), number(b, 0), number(b, 1));
}

function elu(b: GraphBuilder, x: Value, alpha: number): Value {
  const below = b.sub(b.op('Exp', [b.op('Min', [x, number(b, 0)])]), number(b, 1));
  return b.where(isNegative(b, x), b.mul(below, number(b, alpha)), x);
}

/** max(x, 0) + log(1 + exp(-|x|)): no overflow. */
function softplus(b: GraphBuilder, x: Value): Value {
  const tail = b.op('Log', [b.add(b.op('Exp', [b.neg(b.op('Abs', [x]))]), number(b, 1))]);
  return b.add(b.op('Max', [x, number(b, 0)]), tail);
}

/** log(x + sqrt(x² + 1)) of |x|, with the sign of x: nothing cancels. */
function asinh(b: GraphBuilder, x: Value): Value {
  const size = b.op('Abs', [x]);
  const square = b.mul(x, x);
  const root = b.op('Sqrt', [b.add(square, number(b, 1))]);
  const grown = b.add(size, b.div(square, b.add(root, number(b, 1))));
  return b.mul(b.op('Sign', [x]), log1p(b, grown));
}

/** log(1 + s), s > -1, exact for small s too: the rounding of 1 + s is taken back (Kahan). */
function log1p(b: GraphBuilder, s: Value): Value {
  const one = b.add(s, number(b, 1));
  const difference = b.sub(one, number(b, 1));
  const isZero = b.op('Equal', [difference, number(b, 0)]);
  const quotient = b.div(s, b.where(isZero, number(b, 1), difference));
  return b.where(isZero, s, b.mul(b.op('Log', [one]), quotient));
}

/** (log1p(x) - log1p(-x)) / 2. */
function atanh(b: GraphBuilder, x: Value): Value {
  return b.scale(b.sub(log1p(b, x), log1p(b, b.neg(x))), 0.5);
}

const halves = 4;

/**
 * atan by halving the angle four times, tan(t/2) = tan t / (1 + sqrt(1 + tan² t)), and the series for what is left, |t| < 0.1.
 * Good to some units of 1e-16.
 */
function atan(b: GraphBuilder, x: Value): Value {
  let t = x;
  for (let i = 0; i < halves; i++) {
    const size = b.op('Abs', [t]);
    const large = b.op('Greater', [size, number(b, 1e8)]);
    const root = b.op('Sqrt', [b.add(b.mul(t, b.where(large, number(b, 0), t)), number(b, 1))]);
    // Of a very large tangent the half angle's is 1 - 1/x.
    const half = b.div(b.where(large, number(b, 1), t), b.add(root, number(b, 1)));
    const beyond = b.mul(
      b.op('Sign', [t]),
      b.sub(number(b, 1), b.op('Reciprocal', [b.where(large, size, number(b, 1))])),
    );
    t = b.where(large, beyond, half);
  }
  const square = b.mul(t, t);
  let series: Value = number(b, 0);
  for (let n = 12; n >= 1; n--) {
    series = b.mul(square, b.add(series, number(b, (n % 2 ? -1 : 1) / (2 * n + 1))));
  }
  return b.scale(b.add(t, b.mul(t, series)), 2 ** halves);
}

/** asin(x) = 2 atan(x / (1 + sqrt((1 - x)(1 + x)))). */
function asin(b: GraphBuilder, x: Value): Value {
  const root = b.op('Sqrt', [b.mul(b.sub(number(b, 1), x), b.add(number(b, 1), x))]);
  return b.scale(atan(b, b.div(x, b.add(root, number(b, 1)))), 2);
}

/** (e^x - e^-x) / 2; below 1 by its series, since the difference would cancel. */
function sinh(b: GraphBuilder, x: Value): Value {
  const grown = b.scale(b.sub(b.op('Exp', [x]), b.op('Exp', [b.neg(x)])), 0.5);
  const small = b.op('Clip', [x, number(b, -1), number(b, 1)]);
  const square = b.mul(small, small);
  let series: Value = number(b, 1);
  for (let n = 9; n >= 1; n--) series = b.add(b.mul(b.scale(square, 1 / (2 * n * (2 * n + 1))), series), number(b, 1));
  return b.where(b.op('Less', [b.op('Abs', [x]), number(b, 1)]), b.mul(small, series), grown);
}

/** x within |x| <= lambd becomes 0, the rest moves towards 0 by `bias`. */
const shrink: Lowering = (node, [x], b) => {
  const [lambd, bias] = [floatAttribute(node, 'lambd', 0.5), floatAttribute(node, 'bias', 0)];
  const above = b.where(b.op('Greater', [x!, number(b, lambd)]), b.sub(x!, number(b, bias)), number(b, 0));
  return b.where(b.op('Less', [x!, number(b, -lambd)]), b.add(x!, number(b, bias)), above);
};

export const functionLowerings: Readonly<Record<string, Lowering>> = {
  Clip: (_, [x, least, most], b) => clipped(b, x!, least, most),
  Erf: (_, [x], b) => erf(b, x!),
  Gelu: gelu,
  LeakyRelu: (node, [x], b) =>
    b.where(isNegative(b, x!), b.mul(x!, number(b, floatAttribute(node, 'alpha', 0.01))), x!),
  HardSigmoid: (node, [x], b) =>
    hardSigmoid(b, x!, floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)),
  Elu: (node, [x], b) => elu(b, x!, floatAttribute(node, 'alpha', 1)),
  PRelu: (_, [x, slope], b) => b.where(isNegative(b, x!), b.mul(x!, slope!), x!),
  Selu: (node, [x], b) => {
    const alpha = floatAttribute(node, 'alpha', 1.6732632423543772);
    return b.mul(elu(b, x!, alpha), number(b, floatAttribute(node, 'gamma', 1.0507009873554805)));
  },
  Softplus: (_, [x], b) => softplus(b, x!),
  Softsign: (_, [x], b) => b.div(x!, b.add(b.op('Abs', [x!]), number(b, 1))),
  Mish: (_, [x], b) => b.mul(x!, b.op('Tanh', [softplus(b, x!)])),
  HardSwish: (_, [x], b) => b.mul(x!, hardSigmoid(b, x!, 1 / 6, 0.5)),
  Celu: (node, [x], b) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    return b.where(isNegative(b, x!), b.scale(elu(b, b.scale(x!, 1 / alpha), 1), alpha), x!);
  },
  ThresholdedRelu: (node, [x], b) =>
    b.where(b.op('Greater', [x!, number(b, floatAttribute(node, 'alpha', 1))]), x!, number(b, 0)),
  Shrink: shrink,
  Tan: (_, [x], b) => b.div(b.op('Sin', [x!]), b.op('Cos', [x!])),
  Asin: (_, [x], b) => asin(b, x!),
  Acos: (_, [x], b) => b.sub(number(b, Math.PI / 2), asin(b, x!)),
  Atan: (_, [x], b) => atan(b, x!),
  Sinh: (_, [x], b) => sinh(b, x!),
  Cosh: (_, [x], b) => b.scale(b.add(b.op('Exp', [x!]), b.op('Exp', [b.neg(x!)])), 0.5),
  Asinh: (_, [x], b) => asinh(b, x!),
  Acosh: (_, [x], b) => {
    // log(x + sqrt(x² - 1)) with x = 1 + t.
    const t = b.sub(x!, number(b, 1));
    return log1p(b, b.add(t, b.op('Sqrt', [b.mul(t, b.add(x!, number(b, 1)))])));
  },
  Atanh: (_, [x], b) => atanh(b, x!),
  Mean: (_, inputs, b) => b.mul(b.op('Sum', inputs), number(b, 1 / inputs.length)),
};
