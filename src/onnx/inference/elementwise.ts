import { intAttribute } from '../graph.ts';
import { type DType, dtypes, toNumbers } from '../tensor.ts';
import { broadcastShapes, fail, type InferenceRule, inputAt, normalizeAxis } from './rule.ts';

/** One tensor in, the same type and shape out. */
const same: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  return [{ dtype: x.dtype, shape: x.shape }];
};

/** Keeps its shape, but needs an axis. */
const softmax: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  normalizeAxis(node, intAttribute(node, 'axis', -1), x.shape.length);
  return [{ dtype: x.dtype, shape: x.shape }];
};

/** Two or more tensors of one type, broadcast. */
const broadcast: InferenceRule = ({ node }) => {
  const first = inputAt(node, 0);
  let shape = first.shape;
  for (let i = 1; i < node.inputs.length; i++) {
    const next = inputAt(node, i);
    if (next.dtype !== first.dtype && node.opType !== 'Pow') fail(node, 'inputs must have one element type');
    shape = broadcastShapes(node, shape, next.shape);
  }
  return [{ dtype: first.dtype, shape }];
};

const comparison: InferenceRule = (context) => [{ dtype: 'bool', shape: broadcast(context)[0]!.shape }];

const where: InferenceRule = ({ node }) => {
  const [condition, a, b] = [inputAt(node, 0), inputAt(node, 1), inputAt(node, 2)];
  if (condition.dtype !== 'bool') fail(node, 'the condition must be bool');
  if (a.dtype !== b.dtype) fail(node, 'both branches must have one element type');
  return [{ dtype: a.dtype, shape: broadcastShapes(node, condition.shape, broadcastShapes(node, a.shape, b.shape)) }];
};

const cast: InferenceRule = ({ node }) => {
  const code = intAttribute(node, 'to', 0);
  const dtype = (Object.keys(dtypes) as DType[]).find((d) => dtypes[d].code === code);
  if (!dtype) fail(node, `cannot cast to element type ${code}`);
  return [{ dtype, shape: inputAt(node, 0).shape }];
};

/** Dropout in evaluation mode is the identity; its optional mask is all true. */
const dropout: InferenceRule = ({ node, outputCount }) => {
  const x = inputAt(node, 0);
  const out = [{ dtype: x.dtype, shape: x.shape }];
  return outputCount > 1 ? [...out, { dtype: 'bool' as const, shape: x.shape }] : out;
};

/** Sums along an axis that is its second input. */
const cumSum: InferenceRule = (context) => {
  const { node } = context;
  const x = inputAt(node, 0);
  if (x.shape.length === 0) fail(node, 'a scalar has no axis to sum along');
  const axis = node.inputs[1] && context.constant(node.inputs[1]);
  if (axis) for (const a of toNumbers(axis)) normalizeAxis(node, a, x.shape.length);
  return [{ dtype: x.dtype, shape: x.shape }];
};

/** ONNX Runtime takes an odd number of neighbouring channels only. */
const localResponse: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  const size = intAttribute(node, 'size', 0);
  if (x.shape.length !== 4) fail(node, 'the input must have four dimensions');
  if (size < 1 || size % 2 === 0) fail(node, `size ${size} is not supported; expected an odd number`);
  return [{ dtype: x.dtype, shape: x.shape }];
};

const trilu: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  if (x.shape.length < 2) fail(node, 'needs matrices');
  return [{ dtype: x.dtype, shape: x.shape }];
};

/** The slope broadcasts to the input, not the other way round. */
const pRelu: InferenceRule = ({ node }) => {
  const [x, slope] = [inputAt(node, 0), inputAt(node, 1)];
  const shape = broadcastShapes(node, x.shape, slope.shape);
  if (shape.length !== x.shape.length || shape.some((d, i) => d !== x.shape[i])) {
    fail(node, `the slope [${slope.shape}] does not broadcast to [${x.shape}]`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
};

/** Bounds are single numbers. */
const clip: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  for (const v of node.inputs.slice(1)) {
    if (v && (v.dtype !== x.dtype || v.shape.some((d) => d !== 1))) fail(node, `${v.name} must be one ${x.dtype}`);
  }
  return [{ dtype: x.dtype, shape: x.shape }];
};

const unary =
  'Relu LeakyRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Mish Tanh Gelu Erf Exp Log Sqrt Neg Abs Sign Reciprocal ' +
  'ThresholdedRelu Shrink Floor Ceil Round Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Softplus Softsign ' +
  'Identity Not BitwiseNot LpNormalization MeanVarianceNormalization';

/** Contributed operators (com.microsoft): activations, alone and after a bias. */
export const microsoftElementwiseRules: Readonly<Record<string, InferenceRule>> = {
  Gelu: same,
  FastGelu: same,
  QuickGelu: same,
  BiasGelu: broadcast,
};

export const elementwiseRules: Readonly<Record<string, InferenceRule>> = {
  ...Object.fromEntries(unary.split(' ').map((op) => [op, same])),
  ...Object.fromEntries('Softmax LogSoftmax Hardmax'.split(' ').map((op) => [op, softmax])),
  ...Object.fromEntries(
    'Add Sub Mul Div Pow Min Max Sum Mean Mod And Or Xor BitwiseAnd BitwiseOr BitwiseXor'
      .split(' ')
      .map((op) => [op, broadcast]),
  ),
  ...Object.fromEntries('Equal Less LessOrEqual Greater GreaterOrEqual'.split(' ').map((op) => [op, comparison])),
  PRelu: pRelu,
  CumSum: cumSum,
  LRN: localResponse,
  Trilu: trilu,
  Where: where,
  Clip: clip,
  Cast: cast,
  CastLike: ({ node }) => [{ dtype: inputAt(node, 1).dtype, shape: inputAt(node, 0).shape }],
  Dropout: dropout,
  IsNaN: ({ node }) => [{ dtype: 'bool', shape: inputAt(node, 0).shape }],
  IsInf: ({ node }) => [{ dtype: 'bool', shape: inputAt(node, 0).shape }],
};
