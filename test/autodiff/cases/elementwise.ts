import type { PlainAttributes } from '../../../src/onnx/index.ts';
import type { Case } from '../check.ts';

const shape = [2, 3, 4];

function unary(
  op: string,
  dtype: 'float32' | 'float64',
  options: Partial<Case> = {},
  attributes: PlainAttributes = {},
): Case {
  return {
    op,
    setting: JSON.stringify(attributes),
    dtype,
    inputs: { x: shape },
    build: (b, x) => b.op(op, [x!], attributes),
    // Differences in single precision are good to about 1e-5.
    ...(dtype === 'float32' ? { step: 1e-2, tolerance: 2e-4, draw: 'wide' } : {}),
    ...options,
  };
}

const clipped = (name: string, low: number | null, high: number | null): Case => ({
  op: 'Clip',
  setting: name,
  inputs: { x: shape },
  build: (b, x) => b.op('Clip', [x!, ...[low, high].map((v) => (v === null ? null : b.scalar(v, 'float64')))]),
});

export const elementwiseCases: readonly Case[] = [
  ...['Relu', 'Sigmoid', 'Tanh', 'Exp', 'Neg', 'Abs', 'Sin', 'Cos', 'Identity'].map((op) => unary(op, 'float64')),
  ...['Log', 'Sqrt', 'Reciprocal'].map((op) => unary(op, 'float64', { draw: 'positive' })),
  ...['Sign', 'Floor', 'Ceil', 'Round'].map((op) => unary(op, 'float64', { flat: true })),
  unary('Hardmax', 'float32', { flat: true }, { axis: 1 }),
  ...['Asinh', 'Atanh'].map((op) => unary(op, 'float32', { draw: 'spaced' })),
  {
    op: 'Acosh',
    setting: 'above 1',
    dtype: 'float32',
    draw: 'positive',
    step: 1e-2,
    tolerance: 2e-4,
    inputs: { x: shape },
    build: (b, x) => b.op('Acosh', [b.add(x!, b.scalar(1))]),
  },
  unary('Shrink', 'float32', {}, { lambd: 0.7, bias: 0.2 }),
  ...['Erf', 'Softplus', 'Softsign', 'Mish', 'HardSwish'].map((op) => unary(op, 'float32')),
  ...['Tan', 'Asin', 'Acos'].map((op) => unary(op, 'float32', { draw: 'spaced' })),
  ...['Atan', 'Sinh', 'Cosh'].map((op) => unary(op, 'float32')),
  unary('ThresholdedRelu', 'float32', {}, { alpha: 0.12 }),
  unary('LeakyRelu', 'float32'),
  unary('LeakyRelu', 'float32', {}, { alpha: 0.3 }),
  unary('Elu', 'float32', {}, { alpha: 0.7 }),
  unary('Selu', 'float32'),
  unary('Celu', 'float32', {}, { alpha: 0.6 }),
  unary('HardSigmoid', 'float32'),
  unary('HardSigmoid', 'float32', {}, { alpha: 2, beta: 0.5 }),
  unary('Gelu', 'float32'),
  unary('Gelu', 'float32', {}, { approximate: 'tanh' }),
  clipped('both bounds', -0.5, 0.7),
  clipped('lower bound', 0, null),
  clipped('upper bound', null, 0.2),
  {
    op: 'PRelu',
    setting: 'slope per channel',
    dtype: 'float32',
    draw: 'spaced',
    tolerance: 2e-4,
    inputs: { x: [2, 3, 4], slope: [3, 1] },
    build: (b, x, slope) => b.op('PRelu', [x!, slope!]),
  },
];
