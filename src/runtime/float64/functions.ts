import { floatAttribute, type GraphBuilder, stringAttribute, type Value } from '../../onnx/index.ts';
import type { Lowering } from './lowering.ts';

const number = (b: GraphBuilder, v: number) => b.scalar(v, 'float64');

/**
 * erf(x) = 2/sqrt(pi) x exp(-x²) (1 + 2x²/3 (1 + 2x²/5 (1 + ...))): all terms are positive, so nothing cancels and the
 * result is good to 1e-15. |x| is capped at 6, where 1 - erf < 3e-17; there the series needs some 110 terms.
 */
function erf(b: GraphBuilder, x: Value): Value {
  const capped = b.op('Clip', [x, number(b, -6), number(b, 6)]);
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
  return b.op('Clip', [b.add(b.mul(x, number(b, alpha)), number(b, beta)), number(b, 0), number(b, 1)]);
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

export const functionLowerings: Readonly<Record<string, Lowering>> = {
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
  Mean: (_, inputs, b) => b.mul(b.op('Sum', inputs), number(b, 1 / inputs.length)),
};
