import { type Dim, intAttribute, intsAttribute, type Node, stringAttribute } from '../graph.ts';
import { fail, type InferenceRule, type Inferred, inputAt, requireNumber } from './rule.ts';

/** Window geometry of a convolution or pooling node over the spatial axes, with `auto_pad` already turned into numbers. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All begins, then all ends, as in ONNX. */
  readonly pads: readonly number[];
}

/**
 * Reads the window of Conv, ConvTranspose, MaxPool, AveragePool and LpPool.
 * `spatial` are the input's spatial sizes, `kernel` the fallback when the node has no `kernel_shape`.
 */
export function windowOf(node: Node, spatial: readonly number[], kernel?: readonly number[]): Window {
  const size = intsAttribute(node, 'kernel_shape') ?? kernel;
  if (!size || size.length !== spatial.length) fail(node, `kernel_shape must have ${spatial.length} entries`);
  const rank = spatial.length;
  const strides = intsAttribute(node, 'strides') ?? Array<number>(rank).fill(1);
  const dilations = intsAttribute(node, 'dilations') ?? Array<number>(rank).fill(1);
  const given = intsAttribute(node, 'pads') ?? Array<number>(2 * rank).fill(0);
  if (strides.length !== rank || dilations.length !== rank || given.length !== 2 * rank) {
    fail(node, `strides, dilations and pads must have ${rank}, ${rank} and ${2 * rank} entries`);
  }
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  let pads = given;
  if (auto === 'VALID') pads = Array<number>(2 * rank).fill(0);
  else if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const total = spatial.map((n, i) => {
      const extent = (size[i]! - 1) * dilations[i]! + 1;
      return Math.max(0, (Math.ceil(n / strides[i]!) - 1) * strides[i]! + extent - n);
    });
    const small = total.map((t) => Math.floor(t / 2));
    const large = total.map((t) => Math.ceil(t / 2));
    pads = auto === 'SAME_UPPER' ? [...small, ...large] : [...large, ...small];
  }
  return { kernel: size, strides, dilations, pads };
}

/** Number of window positions along each spatial axis. */
export function windowCounts(spatial: readonly number[], w: Window, ceil = false): number[] {
  const rank = spatial.length;
  return spatial.map((n, i) => {
    const extent = (w.kernel[i]! - 1) * w.dilations[i]! + 1;
    const room = n + w.pads[i]! + w.pads[rank + i]! - extent;
    if (!ceil) return Math.floor(room / w.strides[i]!) + 1;
    const count = Math.ceil(room / w.strides[i]!) + 1;
    // A window that would start in the end padding does not count.
    return (count - 1) * w.strides[i]! >= n + w.pads[i]! ? count - 1 : count;
  });
}

function spatialOf(node: Node, shape: readonly Dim[]): number[] {
  if (shape.length < 3) fail(node, 'needs a batch, a channel and at least one spatial dimension');
  return shape.slice(2).map((d) => requireNumber(node, d));
}

const conv: InferenceRule = ({ node }) => {
  const [x, w] = [inputAt(node, 0), inputAt(node, 1)];
  const spatial = spatialOf(node, x.shape);
  const group = intAttribute(node, 'group', 1);
  const kernel = w.shape.slice(2).map((d) => requireNumber(node, d));
  if (requireNumber(node, w.shape[1]) * group !== requireNumber(node, x.shape[1])) {
    fail(node, `weight has ${w.shape[1]} x ${group} input channels, the input has ${x.shape[1]}`);
  }
  const counts = windowCounts(spatial, windowOf(node, spatial, kernel));
  if (counts.some((c) => c < 1)) fail(node, 'the kernel is larger than the padded input');
  const bias = node.inputs[2];
  if (bias && bias.shape[0] !== w.shape[0]) fail(node, `bias has ${bias.shape[0]} entries for ${w.shape[0]} channels`);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, w.shape[0]!, ...counts] }];
};

const convTranspose: InferenceRule = ({ node }) => {
  const [x, w] = [inputAt(node, 0), inputAt(node, 1)];
  const spatial = spatialOf(node, x.shape);
  const group = intAttribute(node, 'group', 1);
  const kernel = w.shape.slice(2).map((d) => requireNumber(node, d));
  if (w.shape[0] !== x.shape[1]) fail(node, `weight has ${w.shape[0]} input channels, the input has ${x.shape[1]}`);
  const { strides, dilations, pads } = windowOf(node, spatial, kernel);
  const extra = intsAttribute(node, 'output_padding') ?? spatial.map(() => 0);
  const fixed = intsAttribute(node, 'output_shape');
  const out =
    fixed?.slice(-spatial.length) ??
    spatial.map(
      (n, i) =>
        strides[i]! * (n - 1) + extra[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - pads[i]! - pads[spatial.length + i]!,
    );
  return [{ dtype: x.dtype, shape: [x.shape[0]!, requireNumber(node, w.shape[1]) * group, ...out] }];
};

const pool: InferenceRule = ({ node, outputCount }) => {
  const x = inputAt(node, 0);
  const spatial = spatialOf(node, x.shape);
  const counts = windowCounts(spatial, windowOf(node, spatial), intAttribute(node, 'ceil_mode', 0) === 1);
  const shape = [x.shape[0]!, x.shape[1]!, ...counts];
  const out: Inferred[] = [{ dtype: x.dtype, shape }];
  if (outputCount > 1) out.push({ dtype: 'int64', shape });
  return out;
};

const globalPool: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, ...spatialOf(node, x.shape).map(() => 1)] }];
};

/** Evaluation: Y. Training mode: Y, running mean, running variance. */
const batchNormalization: InferenceRule = ({ node, outputCount }) => {
  const x = inputAt(node, 0);
  for (let i = 1; i < 5; i++) {
    const v = inputAt(node, i);
    if (v.shape.length !== 1 || v.shape[0] !== x.shape[1]) fail(node, `input ${i} must have one entry per channel`);
  }
  const out: Inferred[] = [{ dtype: x.dtype, shape: x.shape }];
  for (let i = 1; i < outputCount; i++) out.push({ dtype: inputAt(node, 3).dtype, shape: inputAt(node, 3).shape });
  return out;
};

/** Y, and on request the mean and the inverse standard deviation over the normalized axes. */
const layerNormalization: InferenceRule = ({ node, outputCount }) => {
  const x = inputAt(node, 0);
  const axis = intAttribute(node, 'axis', -1);
  const first = axis < 0 ? axis + x.shape.length : axis;
  const reduced = x.shape.map((d, i) => (i < first ? d : 1));
  const out: Inferred[] = [{ dtype: x.dtype, shape: x.shape }];
  for (let i = 1; i < outputCount; i++) out.push({ dtype: x.dtype, shape: reduced });
  return out;
};

const resize: InferenceRule = ({ node, constant }) => {
  const x = inputAt(node, 0);
  const sizes = node.inputs[3] && constant(node.inputs[3]);
  if (sizes) {
    const s = Array.from(sizes.data as BigInt64Array, Number);
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (s[i] === d ? d : s[i]!)) }];
  }
  const scales = node.inputs[2] && constant(node.inputs[2]);
  if (!scales) fail(node, 'scales or sizes must be a constant');
  const s = Array.from(scales.data as Float32Array);
  const shape = x.shape.map((d, i) => (s[i] === 1 ? d : Math.floor(requireNumber(node, d) * s[i]!)));
  return [{ dtype: x.dtype, shape }];
};

/** Blocked channel order (com.microsoft.nchwc) back to plain order; shapes are those of plain order throughout. */
const reorderOutput: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === 1 ? intAttribute(node, 'channels', 0) : d)) }];
};

export const spatialRules: Readonly<Record<string, InferenceRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  BatchNormalization: batchNormalization,
  InstanceNormalization: ({ node }) => [{ dtype: inputAt(node, 0).dtype, shape: inputAt(node, 0).shape }],
  GroupNormalization: ({ node }) => [{ dtype: inputAt(node, 0).dtype, shape: inputAt(node, 0).shape }],
  LayerNormalization: layerNormalization,
  Resize: resize,
  ReorderInput: ({ node }) => [{ dtype: inputAt(node, 0).dtype, shape: inputAt(node, 0).shape }],
  ReorderOutput: reorderOutput,
};
