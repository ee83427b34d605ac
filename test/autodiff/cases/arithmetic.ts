import type { GraphBuilder, Value } from '../../../src/onnx/index.ts';
import { tensorOf } from '../../../src/onnx/index.ts';
import type { Case } from '../check.ts';

/** Shapes that broadcast in every way: not at all, either side, both sides, more axes on one side, a scalar. */
const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [[4], [2, 3, 4]],
  [[2, 3], []],
];

function binary(op: string, options: Partial<Case> = {}): Case[] {
  return pairs.map(([x, w]) => ({
    op,
    setting: `[${x}] and [${w}]`,
    inputs: { x, w },
    build: (b, p, q) => b.op(op, [p!, q!]),
    ...options,
  }));
}

function case64(
  op: string,
  setting: string,
  inputs: Case['inputs'],
  build: Case['build'],
  more: Partial<Case> = {},
): Case {
  return { op, setting, inputs, build, ...more };
}

const twice = (b: GraphBuilder, x: Value) => b.mul(x, x);

export const arithmeticCases: readonly Case[] = [
  ...binary('Add'),
  ...binary('Sub'),
  ...binary('Mul'),
  ...binary('Div', { draw: 'positive' }),
  ...binary('Pow', { draw: 'positive' }),
  ...binary('Min'),
  ...binary('Max'),
  ...binary('Mod', {
    draw: { x: 'wide', w: 'positive' },
    build: (b, p, q) => b.op('Mod', [p!, q!], { fmod: 1 }),
    step: 1e-5,
    tolerance: 1e-7,
  }),
  case64('Mul', 'a value and itself with something added', { x: [3, 2] }, (b, x) =>
    b.mul(x!, b.add(x!, b.scalar(2, 'float64'))),
  ),
  case64(
    'Pow',
    'exponents 0 and 1 at 0',
    { x: [3], w: [3] },
    (b, x, w) => b.op('Pow', [b.mul(x!, w!), b.constant(tensorOf('float64', [3], [0, 1, 2]))]),
    { draw: { x: 'normal', w: 'integers' } },
  ),
  case64('Mul', 'a value by itself', { x: [3, 2] }, (b, x) => twice(b, x!)),
  case64('Pow', 'exponent 2, any sign', { x: [5] }, (b, x) => b.op('Pow', [x!, b.scalar(2, 'float64')])),
  case64('Pow', 'exponent 3, any sign', { x: [5] }, (b, x) => b.op('Pow', [x!, b.scalar(3, 'float64')])),
  case64('Pow', 'exponent -0.5', { x: [5] }, (b, x) => b.op('Pow', [x!, b.scalar(-0.5, 'float64')]), {
    draw: 'positive',
  }),
  case64('Pow', 'exponent in another type', { x: [2, 2] }, (b, x) =>
    b.op('Pow', [x!, b.constant(tensorOf('float32', [2], [3, 2]))]),
  ),
  case64('Sum', 'three operands', { x: [2, 3], w: [3], v: [2, 1] }, (b, x, w, v) => b.op('Sum', [x!, w!, v!])),
  case64('Max', 'three operands', { x: [2, 3], w: [3], v: [2, 1] }, (b, x, w, v) => b.op('Max', [x!, w!, v!])),
  case64('Mean', 'three operands', { x: [2, 3], w: [3], v: [2, 1] }, (b, x, w, v) => b.op('Mean', [x!, w!, v!]), {
    dtype: 'float32',
    step: 0.25,
    tolerance: 1e-5,
  }),
  case64('Where', 'both branches', { x: [2, 3], w: [2, 3] }, (b, x, w) =>
    b.where(b.constant(tensorOf('bool', [2, 3], [1, 0, 1, 1, 0, 0])), x!, w!),
  ),
  case64('Where', 'branches and condition that broadcast', { x: [3], w: [2, 1] }, (b, x, w) =>
    b.where(b.constant(tensorOf('bool', [4, 1, 1], [1, 0, 1, 0])), x!, w!),
  ),
  case64(
    'Where',
    'one branch',
    { x: [2, 3], w: [] },
    (b, x, w) => b.where(b.op('Greater', [x!, w!]), x!, b.scalar(2, 'float64')),
    {
      fixed: ['w'],
    },
  ),
  case64('Cast', 'to float32 and back', { x: [2, 3] }, (b, x) => b.cast(b.cast(x!, 'float32'), 'float64'), {
    draw: 'integers',
    step: 1,
  }),
  case64(
    'CastLike',
    'to float32',
    { x: [2, 3] },
    (b, x) => b.op('CastLike', [b.op('CastLike', [x!, b.scalar(0)]), x!]),
    {
      draw: 'integers',
      step: 1,
    },
  ),
  case64('Dropout', 'evaluation', { x: [2, 3] }, (b, x) => b.op('Dropout', [x!])),
  case64('Dropout', 'evaluation, said explicitly', { x: [2, 3] }, (b, x) =>
    b.op('Dropout', [x!, b.scalar(0.5), b.constant(tensorOf('bool', [], [0]))]),
  ),
  ...[0, 1].flatMap((exclusive) =>
    [0, 1].map((reverse) =>
      case64('CumSum', `exclusive ${exclusive}, reverse ${reverse}`, { x: [2, 4] }, (b, x) =>
        b.op('CumSum', [x!, b.constant(tensorOf('int64', [], [-1]))], { exclusive, reverse }),
      ),
    ),
  ),
];
