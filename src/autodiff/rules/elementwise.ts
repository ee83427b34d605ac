import { floatAttribute, type GraphBuilder, type Node, stringAttribute, type Value } from '../../onnx/index.ts';
import type { Rule, TangentContext } from './rule.ts';

/**
 * Operators y = f(x) that work on each element alone. One entry is f'(x), computed from x and y in the primal graph.
 * At kinks the value is PyTorch's: 0 for Relu and Abs at 0, 1 for Clip on its bounds.
 */
interface Point {
  readonly b: GraphBuilder;
  readonly node: Node;
  readonly x: Value;
  readonly y: Value;
  /** A number in x's element type. */
  readonly k: (value: number) => Value;
  readonly f: (op: string, ...inputs: Value[]) => Value;
  /** 1 where the comparison with a number holds, else 0. */
  readonly is: (comparison: string, bound: number) => Value;
}

type Derivative = (p: Point) => Value;

function diagonal(derivative: Derivative): Rule {
  return {
    tangent: (c) => {
      const { b, node, y } = c;
      const x = c.x(0);
      const k = (value: number) => b.scalar(value, x.dtype);
      const f = (op: string, ...inputs: Value[]) => b.op(op, inputs);
      const is = (comparison: string, bound: number) => b.cast(b.op(comparison, [x, k(bound)]), x.dtype);
      return b.mul(c.t(0)!, derivative({ b, node, x, y, k, f, is }));
    },
  };
}

/** f' = 1 right of 0 and `left` (a function of x) elsewhere. */
function hinge(p: Point, left: Value): Value {
  const right = p.is('Greater', 0);
  return p.b.add(right, p.b.mul(p.b.sub(p.k(1), right), left));
}

const sigmoid = ({ b, y, k }: Point) => b.mul(y, b.sub(k(1), y));
const tanh = ({ b, y, k }: Point) => b.sub(k(1), b.mul(y, y));

const hardSigmoid: Derivative = ({ b, node, f, is, k }) => {
  const alpha = floatAttribute(node, 'alpha', 0.2);
  const beta = floatAttribute(node, 'beta', 0.5);
  // 0 < alpha x + beta < 1, written as bounds on x.
  const bounds = [-beta / alpha, (1 - beta) / alpha].sort((p, q) => p - q);
  return b.mul(f('Mul', is('Greater', bounds[0]!), is('Less', bounds[1]!)), k(alpha));
};

/** y = x clip(x / 6 + 1/2, 0, 1). */
const hardSwish: Derivative = ({ b, x, is, k }) => {
  const inside = b.mul(is('GreaterOrEqual', -3), is('LessOrEqual', 3));
  const slope = b.add(b.scale(x, 1 / 3), k(0.5));
  return b.add(b.mul(inside, slope), is('Greater', 3));
};

const gelu: Derivative = ({ b, node, x, f, k }) => {
  const half = k(0.5);
  if (stringAttribute(node, 'approximate', 'none') === 'tanh') {
    // y = x (1 + tanh u) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3).
    const c = Math.sqrt(2 / Math.PI);
    const square = b.mul(x, x);
    const th = f('Tanh', b.mul(x, b.add(b.scale(square, c * 0.044715), k(c))));
    const slope = b.add(b.scale(square, 3 * c * 0.044715), k(c));
    const inner = b.mul(b.mul(x, slope), b.sub(k(1), b.mul(th, th)));
    return b.mul(half, b.add(b.add(th, k(1)), inner));
  }
  const cdf = b.mul(half, b.add(k(1), f('Erf', b.scale(x, Math.SQRT1_2))));
  const pdf = b.scale(f('Exp', b.scale(b.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return b.add(cdf, b.mul(x, pdf));
};

const selu: Derivative = (p) => {
  const alpha = floatAttribute(p.node, 'alpha', 1.6732631921768188);
  const gamma = floatAttribute(p.node, 'gamma', 1.0507010221481323);
  const right = p.is('Greater', 0);
  const left = p.b.mul(p.b.sub(p.k(1), right), p.b.add(p.y, p.k(gamma * alpha)));
  return p.b.add(p.b.scale(right, gamma), left);
};

const mish: Derivative = ({ b, x, f, k }) => {
  const th = f('Tanh', f('Softplus', x));
  return b.add(th, b.mul(b.mul(x, f('Sigmoid', x)), b.sub(k(1), b.mul(th, th))));
};

const softsign: Derivative = ({ b, x, f, k }) => {
  const root = b.add(f('Abs', x), k(1));
  return f('Reciprocal', b.mul(root, root));
};

const derivatives: Readonly<Record<string, Derivative>> = {
  // y > 0 where x > 0, and y is what is kept in memory anyway.
  Relu: ({ b, y, k }) => b.cast(b.op('Greater', [y, k(0)]), y.dtype),
  LeakyRelu: (p) => hinge(p, p.k(floatAttribute(p.node, 'alpha', 0.01))),
  Elu: (p) => hinge(p, p.b.add(p.y, p.k(floatAttribute(p.node, 'alpha', 1)))),
  Celu: (p) => hinge(p, p.b.add(p.b.scale(p.y, 1 / floatAttribute(p.node, 'alpha', 1)), p.k(1))),
  Selu: selu,
  Sigmoid: sigmoid,
  Tanh: tanh,
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  Gelu: gelu,
  Mish: mish,
  Softsign: softsign,
  Softplus: ({ x, f }) => f('Sigmoid', x),
  Erf: ({ b, x, f }) => b.scale(f('Exp', b.neg(b.mul(x, x))), 2 / Math.sqrt(Math.PI)),
  Exp: ({ y }) => y,
  Log: ({ x, f }) => f('Reciprocal', x),
  Sqrt: ({ b, y, f }) => b.scale(f('Reciprocal', y), 0.5),
  Reciprocal: ({ b, y }) => b.neg(b.mul(y, y)),
  Abs: ({ x, f }) => f('Sign', x),
  Sin: ({ x, f }) => f('Cos', x),
  Cos: ({ b, x, f }) => b.neg(f('Sin', x)),
  Tan: ({ b, y, k }) => b.add(k(1), b.mul(y, y)),
  Asin: ({ b, x, f, k }) => f('Reciprocal', f('Sqrt', b.sub(k(1), b.mul(x, x)))),
  Acos: ({ b, x, f, k }) => b.neg(f('Reciprocal', f('Sqrt', b.sub(k(1), b.mul(x, x))))),
  Atan: ({ b, x, f, k }) => f('Reciprocal', b.add(k(1), b.mul(x, x))),
  Asinh: ({ b, x, f, k }) => f('Reciprocal', f('Sqrt', b.add(b.mul(x, x), k(1)))),
  Acosh: ({ b, x, f, k }) => f('Reciprocal', f('Sqrt', b.sub(b.mul(x, x), k(1)))),
  Atanh: ({ b, x, f, k }) => f('Reciprocal', b.sub(k(1), b.mul(x, x))),
  Sinh: ({ x, f }) => f('Cosh', x),
  Cosh: ({ x, f }) => f('Sinh', x),
  ThresholdedRelu: ({ node, is }) => is('Greater', floatAttribute(node, 'alpha', 1)),
  Shrink: ({ b, node, is }) => {
    const lambd = floatAttribute(node, 'lambd', 0.5);
    return b.add(is('Greater', lambd), is('Less', -lambd));
  },
};

/** Bounds take part: 1 on them, as in PyTorch. */
function clip(c: TangentContext): Value | null {
  const { b } = c;
  if (c.t(1) || c.t(2)) c.fail('the bounds depend on an active value; only the clipped value may');
  const x = c.x(0);
  const [low, high] = [c.inputs[1] ?? null, c.inputs[2] ?? null];
  const inside = [
    ...(low ? [b.cast(b.op('GreaterOrEqual', [x, low]), x.dtype)] : []),
    ...(high ? [b.cast(b.op('LessOrEqual', [x, high]), x.dtype)] : []),
  ];
  return inside.reduce((t, m) => b.mul(t, m), c.t(0)!);
}

/** The slope left of 0 is a second input, broadcast to x. */
function pRelu(c: TangentContext): Value {
  const { b } = c;
  const [x, slope, dx, dslope] = [c.x(0), c.x(1), c.t(0), c.t(1)];
  const right = b.cast(b.op('Greater', [x, b.scalar(0, x.dtype)]), x.dtype);
  const left = b.sub(b.scalar(1, x.dtype), right);
  const fromX = dx && b.mul(dx, b.add(right, b.mul(left, slope)));
  const fromSlope = dslope && b.mul(dslope, b.mul(left, x));
  return c.fit(fromX && fromSlope ? b.add(fromX, fromSlope) : (fromX ?? fromSlope)!);
}

const flat: Rule = { tangent: () => null };

export const elementwiseRules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.entries(derivatives).map(([op, derivative]) => [op, diagonal(derivative)])),
  Clip: { tangent: clip },
  PRelu: { tangent: pRelu },
  // Piecewise constant: the derivative is 0 almost everywhere.
  Sign: flat,
  Floor: flat,
  Ceil: flat,
  Round: flat,
  Hardmax: flat,
};
