import { describe, expect, it } from 'vitest';
import { GraphBuilder, type PlainAttributes } from '../../../src/onnx/builder.ts';
import { type DType, type TensorData, tensorOf } from '../../../src/onnx/tensor.ts';
import { writeModel } from '../../../src/onnx/write.ts';
import { randomTensor, runBytes } from '../../support/onnx-files.ts';

/** A graph input of this shape (float32 unless told), a constant, or an operand left out. */
type Operand = readonly number[] | { dtype: DType; shape: readonly number[] } | TensorData | null;

const i64 = (...values: number[]) => tensorOf('int64', [values.length], values);
const f32 = (...values: number[]) => tensorOf('float32', [values.length], values);
const index = (...shape: number[]) => ({ dtype: 'int64' as const, shape });
const flag = (...shape: number[]) => ({ dtype: 'bool' as const, shape });
const channels = (n: number) => randomTensor([n], 5);
const positive = (n: number) => f32(...Array<number>(n).fill(1));

interface Case {
  readonly op: string;
  readonly in: readonly Operand[];
  readonly with?: PlainAttributes;
  readonly outputs?: number;
  readonly domain?: string;
}

const image = [2, 4, 9, 8];
const windowCases: Case[] = [
  { op: 'Conv', in: [image, [6, 4, 3, 3]] },
  { op: 'Conv', in: [image, [6, 4, 3, 3], [6]], with: { pads: [1, 0, 2, 1], strides: [2, 3] } },
  { op: 'Conv', in: [image, [6, 2, 3, 2]], with: { group: 2, dilations: [2, 3] } },
  { op: 'Conv', in: [image, [4, 1, 3, 3]], with: { group: 4, kernel_shape: [3, 3] } },
  { op: 'Conv', in: [image, [6, 4, 3, 3]], with: { auto_pad: 'SAME_UPPER', strides: [2, 2] } },
  { op: 'Conv', in: [image, [6, 4, 4, 4]], with: { auto_pad: 'SAME_LOWER', strides: [2, 3] } },
  { op: 'Conv', in: [image, [6, 4, 4, 4]], with: { auto_pad: 'VALID', strides: [2, 3] } },
  {
    op: 'Conv',
    in: [
      [2, 4, 9],
      [6, 4, 3],
    ],
    with: { pads: [1, 1] },
  },
  {
    op: 'Conv',
    in: [
      [1, 2, 5, 6, 7],
      [3, 2, 2, 3, 2],
    ],
    with: { strides: [1, 2, 2] },
  },
  { op: 'ConvTranspose', in: [image, [4, 6, 3, 3]] },
  { op: 'ConvTranspose', in: [image, [4, 3, 3, 3], [6]], with: { group: 2, strides: [2, 3], pads: [1, 0, 0, 1] } },
  {
    op: 'ConvTranspose',
    in: [image, [4, 6, 3, 3]],
    with: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
  },
  { op: 'ConvTranspose', in: [image, [4, 6, 3, 3]], with: { dilations: [2, 1] } },
  { op: 'ConvTranspose', in: [image, [4, 6, 3, 3]], with: { strides: [2, 2], auto_pad: 'SAME_UPPER' } },
  { op: 'ConvTranspose', in: [image, [4, 6, 4, 3]], with: { strides: [2, 2], auto_pad: 'SAME_LOWER' } },
  { op: 'ConvTranspose', in: [image, [4, 6, 4, 3]], with: { strides: [2, 2], output_shape: [18, 16] } },
  { op: 'MaxPool', in: [image], with: { kernel_shape: [3, 3], strides: [2, 2] } },
  { op: 'MaxPool', in: [image], with: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 } },
  { op: 'MaxPool', in: [image], with: { kernel_shape: [2, 2], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 } },
  { op: 'MaxPool', in: [[1, 1, 4, 4]], with: { kernel_shape: [1, 1], strides: [2, 2], ceil_mode: 1 } },
  { op: 'MaxPool', in: [image], with: { kernel_shape: [3, 2], dilations: [2, 3] }, outputs: 2 },
  { op: 'MaxPool', in: [image], with: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' } },
  { op: 'AveragePool', in: [image], with: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
  {
    op: 'AveragePool',
    in: [image],
    with: { kernel_shape: [2, 3], strides: [2, 2], ceil_mode: 1, count_include_pad: 1 },
  },
  { op: 'LpPool', in: [image], with: { kernel_shape: [2, 3], strides: [2, 2] } },
  { op: 'GlobalAveragePool', in: [image] },
  { op: 'GlobalMaxPool', in: [[2, 3, 5]] },
  { op: 'Resize', in: [image, null, f32(1, 1, 2, 2.5)] },
  { op: 'Resize', in: [image, null, f32(1, 1, 0.4, 0.7)], with: { mode: 'linear' } },
  {
    op: 'Resize',
    in: [[1, 1, 3, 5], null, f32(1, 1, 4 / 3, 1.4)],
    with: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
  },
  { op: 'Resize', in: [image, null, null, i64(2, 4, 5, 16)] },
  { op: 'Resize', in: [image, null, null, i64(12, 4)], with: { axes: [2, -1] } },
  { op: 'DepthToSpace', in: [[2, 8, 3, 4]], with: { blocksize: 2 } },
  { op: 'SpaceToDepth', in: [[2, 3, 4, 6]], with: { blocksize: 2 } },
];

const normalizationCases: Case[] = [
  { op: 'BatchNormalization', in: [image, channels(4), channels(4), channels(4), positive(4)] },
  { op: 'InstanceNormalization', in: [image, channels(4), channels(4)] },
  { op: 'GroupNormalization', in: [image, channels(2), channels(2)], with: { num_groups: 2 } },
  { op: 'LayerNormalization', in: [[2, 5, 6], [6], [6]] },
  {
    op: 'LayerNormalization',
    in: [
      [2, 5, 6],
      [5, 6],
    ],
    with: { axis: -2 },
    outputs: 3,
  },
  { op: 'LRN', in: [image], with: { size: 3, alpha: 1e-4, beta: 0.75, bias: 1 } },
  { op: 'LpNormalization', in: [[2, 5]], with: { axis: -1, p: 2 } },
  { op: 'Softmax', in: [[2, 5]], with: { axis: 0 } },
  { op: 'LogSoftmax', in: [[2, 5, 3]] },
  { op: 'Hardmax', in: [[2, 5, 3]], with: { axis: -2 } },
  { op: 'Dropout', in: [[2, 5], tensorOf('float32', [], [0.5])], outputs: 2 },
];

const reductions =
  'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceSumSquare ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp';
const unary =
  'Relu LeakyRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Mish Tanh Gelu Erf Exp Log Sqrt Neg Abs Sign Reciprocal ' +
  'ThresholdedRelu Shrink Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Softplus Softsign Identity ' +
  'IsNaN IsInf Clip';

const elementCases: Case[] = [
  ...unary.split(' ').map((op) => ({ op, in: [[2, 3]] })),
  ...'Add Sub Mul Div Pow Min Max Sum Mean'.split(' ').map((op) => ({
    op,
    in: [
      [2, 1, 3],
      [4, 1],
    ],
  })),
  ...'Equal Less LessOrEqual Greater GreaterOrEqual'.split(' ').map((op) => ({ op, in: [[2, 3], [3]] })),
  ...'And Or Xor'.split(' ').map((op) => ({ op, in: [flag(2, 1), flag(1, 3)] })),
  { op: 'Mod', in: [[2, 3], [1]], with: { fmod: 1 } },
  { op: 'Pow', in: [[2, 3], index(3)] },
  { op: 'Not', in: [flag(2)] },
  { op: 'BitwiseNot', in: [index(2)] },
  { op: 'BitwiseAnd', in: [index(2, 1), index(3)] },
  {
    op: 'PRelu',
    in: [
      [2, 3, 4],
      [3, 1],
    ],
  },
  { op: 'Where', in: [flag(2, 1), [3], [4, 1, 1]] },
  { op: 'Cast', in: [[2, 3]], with: { to: 7 } },
  { op: 'Cast', in: [[2, 3]], with: { to: 11 } },
  { op: 'CastLike', in: [[2, 3], index(1)] },
  { op: 'CumSum', in: [[2, 3], tensorOf('int64', [], [-1])] },
  { op: 'Trilu', in: [[3, 4]], with: { upper: 0 } },
  { op: 'Gelu', in: [[2, 3]], domain: 'com.microsoft' },
  { op: 'QuickGelu', in: [[2, 3]], domain: 'com.microsoft', with: { alpha: 1.702 } },
  { op: 'BiasGelu', in: [[2, 3], [3]], domain: 'com.microsoft' },
];

const linearCases: Case[] = [
  {
    op: 'MatMul',
    in: [
      [2, 3],
      [3, 4],
    ],
  },
  {
    op: 'MatMul',
    in: [
      [5, 1, 2, 3],
      [7, 3, 4],
    ],
  },
  { op: 'MatMul', in: [[3], [2, 3, 4]] },
  { op: 'MatMul', in: [[2, 3], [3]] },
  { op: 'MatMul', in: [[3], [3]] },
  {
    op: 'FusedMatMul',
    in: [
      [2, 3, 5],
      [2, 4, 3],
    ],
    domain: 'com.microsoft',
    with: { transA: 1, transB: 1, alpha: 2 },
  },
  { op: 'Gemm', in: [[3, 2], [4, 3], [4]], with: { transA: 1, transB: 1 } },
  {
    op: 'Gemm',
    in: [
      [2, 3],
      [3, 4],
      [2, 1],
    ],
    with: { alpha: 0.5, beta: 2 },
  },
  {
    op: 'Gemm',
    in: [
      [2, 3],
      [3, 4],
    ],
  },
  {
    op: 'Einsum',
    in: [
      [2, 3, 4],
      [2, 5, 4],
    ],
    with: { equation: 'bik, bjk -> bij' },
  },
  {
    op: 'Einsum',
    in: [
      [2, 3],
      [3, 4],
    ],
    with: { equation: 'ij,jk' },
  },
];

const layoutCases: Case[] = [
  ...reductions.split(' ').map((op) => ({ op, in: [[2, 3, 4], i64(-1, 0)], with: { keepdims: 0 } })),
  { op: 'ReduceSum', in: [[2, 3, 4]] },
  { op: 'ReduceMean', in: [[2, 3, 4], i64(1)] },
  { op: 'ReduceSum', in: [[2, 3, 4], i64()], with: { noop_with_empty_axes: 1 } },
  { op: 'ArgMax', in: [[2, 3, 4]], with: { axis: -2 } },
  { op: 'ArgMin', in: [[2, 3, 4]], with: { axis: 2, keepdims: 0 } },
  { op: 'Reshape', in: [[2, 3, 4], i64(0, -1)] },
  { op: 'Reshape', in: [[2, 3, 4], i64(4, 3, 2)] },
  { op: 'Reshape', in: [[2, 0, 4], i64(4, 0)], with: { allowzero: 1 } },
  { op: 'Flatten', in: [[2, 3, 4]], with: { axis: -1 } },
  { op: 'Flatten', in: [[2, 3, 4]], with: { axis: 0 } },
  { op: 'Flatten', in: [[2, 3, 4]], with: { axis: 3 } },
  { op: 'Transpose', in: [[2, 3, 4]] },
  { op: 'Transpose', in: [[2, 3, 4]], with: { perm: [1, 2, 0] } },
  { op: 'Slice', in: [[6, 7, 8], i64(1, -3), i64(5, Number.MAX_SAFE_INTEGER), i64(0, -1), i64(2, 1)] },
  { op: 'Slice', in: [[6, 7], i64(-1, 100), i64(-100, 1), i64(0, 1), i64(-1, -2)] },
  { op: 'Slice', in: [[6, 7], i64(4), i64(2)] },
  {
    op: 'Concat',
    in: [
      [2, 3],
      [2, 1],
      [2, 5],
    ],
    with: { axis: -1 },
  },
  { op: 'Split', in: [[7, 2]], with: { num_outputs: 3 }, outputs: 3 },
  { op: 'Split', in: [[2, 7], i64(3, 4)], with: { axis: -1 }, outputs: 2 },
  { op: 'Pad', in: [[2, 3], i64(1, 0, 2, 3)] },
  { op: 'Pad', in: [[2, 3, 4], i64(-1, 2), null, i64(-1)], with: { mode: 'edge' } },
  { op: 'Expand', in: [[3, 1], i64(2, 1, 4)] },
  { op: 'Tile', in: [[2, 3], i64(2, 1)] },
  { op: 'Squeeze', in: [[1, 3, 1], i64(-1)] },
  { op: 'Squeeze', in: [[1, 3, 1]] },
  { op: 'Unsqueeze', in: [[2, 3], i64(0, -1)] },
  { op: 'Gather', in: [[2, 3, 4], index(5, 2)], with: { axis: -2 } },
  { op: 'GatherElements', in: [[2, 3], index(2, 2)], with: { axis: 1 } },
  { op: 'GatherND', in: [[2, 3, 4], index(5, 2)] },
  { op: 'GatherND', in: [[2, 3, 4], index(2, 1)], with: { batch_dims: 1 } },
  {
    op: 'ScatterElements',
    in: [[3, 3], i64(1, 0), [1, 2]].map((o, i) => (i === 1 ? tensorOf('int64', [1, 2], [1, 0]) : o)),
  },
  { op: 'ScatterND', in: [[4, 3], tensorOf('int64', [2, 1], [1, 3]), [2, 3]] },
  { op: 'TopK', in: [[2, 5], i64(3)], outputs: 2 },
  { op: 'OneHot', in: [index(2, 3), tensorOf('int64', [], [4]), f32(0, 1)], with: { axis: 1 } },
  { op: 'Shape', in: [[2, 3, 4]], with: { start: -2 } },
  { op: 'Shape', in: [[2, 3, 4]], with: { start: 1, end: -1 } },
  { op: 'Size', in: [[2, 3, 4]] },
  { op: 'ConstantOfShape', in: [i64(2, 3)], with: { value: i64(7) } },
  { op: 'ConstantOfShape', in: [i64()] },
  { op: 'Range', in: [9, 2, -2].map((v) => tensorOf('int64', [], [v])) },
  { op: 'NonZero', in: [tensorOf('float32', [2, 2], [1, 0, 2, 3])] },
];

async function compare({ op, in: operands, with: attributes, outputs = 1, domain = '' }: Case) {
  const b = new GraphBuilder('one node');
  const feeds: Record<string, TensorData> = {};
  const inputs = operands.map((o, i) => {
    if (o === null) return null;
    if ('data' in o) return b.constant(o);
    const { dtype, shape } = 'dtype' in o ? o : { dtype: 'float32' as const, shape: o };
    feeds[`x${i}`] = randomTensor(shape, i, dtype);
    return b.input(`x${i}`, dtype, shape);
  });
  const made = b.ops(op, inputs, attributes ?? {}, { outputs, domain });
  made.forEach((v, i) => {
    b.output(`y${i}`, v);
  });
  const results = await runBytes(writeModel(b.build()), feeds);
  const describe = ({ dtype, shape }: { dtype: string; shape: readonly unknown[] }) => `${dtype}[${shape}]`;
  expect(made.map(describe)).toEqual(made.map((_, i) => describe(results[`y${i}`]!)));
}

describe.each([
  ['windows', windowCases],
  ['normalization', normalizationCases],
  ['elements', elementCases],
  ['linear maps', linearCases],
  ['layout and indices', layoutCases],
])('types and shapes of %s are those that ONNX Runtime computes', (_, cases) => {
  for (const c of cases) {
    const shown = c.in.map((o) => (o === null ? '-' : 'data' in o ? `{${o.data}}` : `[${'dtype' in o ? o.shape : o}]`));
    const attributes = Object.entries(c.with ?? {}).map(
      ([name, v]) => `${name}=${typeof v === 'object' && 'data' in v ? 'tensor' : v}`,
    );
    it(`${c.op}(${shown.join(', ')}) ${attributes.join(' ')}`, () => compare(c));
  }
});

describe('a node that cannot be is refused when it is added, with the shapes', () => {
  const cases: [string, Case, RegExp][] = [
    [
      'channels that do not fit',
      {
        op: 'Conv',
        in: [
          [1, 3, 8, 8],
          [4, 2, 3, 3],
        ],
      },
      /Conv "Conv": weight has 2 x 1 input channels, the input has 3.*float32\[1, 3, 8, 8\]/,
    ],
    [
      'groups that do not divide the filters',
      {
        op: 'Conv',
        in: [
          [1, 4, 8, 8],
          [5, 2, 3, 3],
        ],
        with: { group: 2 },
      },
      /group 2 does not divide 5/,
    ],
    [
      "a kernel_shape that is not the weight's",
      {
        op: 'Conv',
        in: [
          [1, 4, 8, 8],
          [4, 4, 3, 3],
        ],
        with: { kernel_shape: [5, 5] },
      },
      /kernel_shape \[5,5\] is not the weight's \[3,3\]/,
    ],
    [
      'a kernel larger than the image',
      {
        op: 'Conv',
        in: [
          [1, 4, 2, 2],
          [4, 4, 3, 3],
        ],
      },
      /larger than the padded input/,
    ],
    [
      'a bias of another length',
      { op: 'Conv', in: [[1, 4, 8, 8], [5, 4, 3, 3], [4]] },
      /bias has shape \[4\] for 5 channels/,
    ],
    [
      'shapes that do not broadcast',
      {
        op: 'Add',
        in: [
          [2, 3],
          [2, 4],
        ],
      },
      /Add "Add": shapes \[2,3\] and \[2,4\] do not broadcast/,
    ],
    [
      'inner dimensions that differ',
      {
        op: 'MatMul',
        in: [
          [2, 3],
          [4, 2],
        ],
      },
      /inner dimensions 3 and 4 differ/,
    ],
    [
      'two element types',
      { op: 'Mul', in: [[2], index(2)] },
      /must have one element type \(inputs: float32\[2\], int64\[2\]\)/,
    ],
    ['an axis outside the shape', { op: 'Softmax', in: [[2, 3]], with: { axis: 2 } }, /axis 2 is outside \[-2, 1\]/],
    [
      'another number of elements',
      { op: 'Reshape', in: [[2, 3], i64(4, -1)] },
      /cannot reshape 6 elements to \[4,-1\]/,
    ],
    [
      'corners at a size that is no whole number, where ONNX and ONNX Runtime part',
      {
        op: 'Resize',
        in: [[1, 1, 2, 4], null, f32(1, 1, 0.6, 0.6)],
        with: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
      },
      /Resize "Resize": align_corners with a scale that leaves 1\.2 pixels is not supported; give sizes/,
    ],
    ['a target that is not known', { op: 'Reshape', in: [[2, 3], index(2)] }, /input 1 \(x1\) must be known/],
    [
      'an operator nobody knows',
      {
        op: 'Conv',
        in: [
          [1, 4, 8, 8],
          [4, 4, 3, 3],
        ],
        domain: 'my.domain',
      },
      /my\.domain\.Conv "Conv": operator is not supported/,
    ],
  ];
  it.each(cases)('%s', async (_, c, message) => {
    await expect(compare(c)).rejects.toThrow(message);
  });
});
