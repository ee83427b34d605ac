import { type Dim, intAttribute, intsAttribute, type Node, stringAttribute } from '../graph.ts';
import { toNumbers } from '../tensor.ts';
import {
  constantIntegers,
  fail,
  type InferenceRule,
  type Inferred,
  inputAt,
  normalizeAxis,
  requireNumber,
} from './rule.ts';

/** Window geometry of a convolution or pooling node over the spatial axes, with `auto_pad` already turned into numbers. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All begins, then all ends, as in ONNX. */
  readonly pads: readonly number[];
}

/**
 * Reads the window of Conv, ConvTranspose, MaxPool, AveragePool and LpPool. For ConvTranspose the pads are those that
 * `output_shape` or `auto_pad` lead to.
 * `spatial` are the input's spatial sizes, `kernel` the fallback when the node has no `kernel_shape`.
 */
export function windowOf(node: Node, spatial: readonly number[], kernel?: readonly number[]): Window {
  const size = intsAttribute(node, 'kernel_shape') ?? kernel;
  if (!size || size.length !== spatial.length) fail(node, `kernel_shape must have ${spatial.length} entries`);
  if (kernel && size.some((k, i) => k !== kernel[i]))
    fail(node, `kernel_shape [${size}] is not the weight's [${kernel}]`);
  const rank = spatial.length;
  const strides = intsAttribute(node, 'strides') ?? Array<number>(rank).fill(1);
  const dilations = intsAttribute(node, 'dilations') ?? Array<number>(rank).fill(1);
  const given = intsAttribute(node, 'pads') ?? Array<number>(2 * rank).fill(0);
  if (strides.length !== rank || dilations.length !== rank || given.length !== 2 * rank) {
    fail(node, `strides, dilations and pads must have ${rank}, ${rank} and ${2 * rank} entries`);
  }
  if ([...size, ...strides, ...dilations].some((n) => n < 1)) {
    fail(node, 'kernel_shape, strides and dilations must be positive');
  }
  const geometry = { kernel: size, strides, dilations };
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  const transposed = node.opType === 'ConvTranspose';
  const target = transposed ? intsAttribute(node, 'output_shape') : undefined;
  if (target && target.length !== rank) fail(node, `output_shape must have ${rank} entries`);
  const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
  if (!target && auto === 'VALID') return { ...geometry, pads: Array<number>(2 * rank).fill(0) };
  if (!target && !same) return { ...geometry, pads: given };
  const extra = intsAttribute(node, 'output_padding');
  const total = spatial.map((n, i) => {
    const [stride, extent] = [strides[i]!, (size[i]! - 1) * dilations[i]! + 1];
    if (!transposed) return Math.max(0, (Math.ceil(n / stride) - 1) * stride + extent - n);
    const unpadded = stride * (n - 1) + extent + (extra?.[i] ?? 0);
    const wanted = target?.[i] ?? n * stride;
    if (target && wanted > unpadded) fail(node, `output_shape ${wanted} is larger than the ${unpadded} it can have`);
    return Math.max(0, unpadded - wanted);
  });
  const small = total.map((t) => Math.floor(t / 2));
  const large = total.map((t) => Math.ceil(t / 2));
  // An odd pixel goes to the end for SAME_UPPER, and to the beginning for SAME_LOWER. ConvTranspose gives it to the
  // beginning unless told SAME_UPPER.
  const atEnd = auto === 'SAME_UPPER';
  return { ...geometry, pads: atEnd ? [...small, ...large] : [...large, ...small] };
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

/** What Conv and ConvTranspose have in common: the spatial sizes, the weight's kernel, the groups. */
function convolutionOf(node: Node) {
  const [x, w] = [inputAt(node, 0), inputAt(node, 1)];
  if (x.dtype !== w.dtype) fail(node, 'input and weight must have one element type');
  const spatial = spatialOf(node, x.shape);
  if (w.shape.length !== x.shape.length) fail(node, `the weight must have ${x.shape.length} dimensions`);
  const group = intAttribute(node, 'group', 1);
  const [channels, filters] = [requireNumber(node, x.shape[1]), requireNumber(node, w.shape[0])];
  const divided = node.opType === 'ConvTranspose' ? channels : filters;
  if (group < 1 || divided % group !== 0) fail(node, `group ${group} does not divide ${divided} channels`);
  return { x, w, spatial, group, channels, filters, kernel: w.shape.slice(2).map((d) => requireNumber(node, d)) };
}

function checkBias(node: Node, channels: number): void {
  const bias = node.inputs[2];
  if (!bias || (bias.shape.length === 1 && bias.shape[0] === channels)) return;
  fail(node, `bias has shape [${bias.shape}] for ${channels} channels`);
}

const conv: InferenceRule = ({ node }) => {
  const { x, w, spatial, group, channels, filters, kernel } = convolutionOf(node);
  if (requireNumber(node, w.shape[1]) * group !== channels) {
    fail(node, `weight has ${w.shape[1]} x ${group} input channels, the input has ${channels}`);
  }
  const counts = windowCounts(spatial, windowOf(node, spatial, kernel));
  if (counts.some((c) => c < 1)) fail(node, 'the kernel is larger than the padded input');
  checkBias(node, filters);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, filters, ...counts] }];
};

const convTranspose: InferenceRule = ({ node }) => {
  const { x, w, spatial, group, channels, filters, kernel } = convolutionOf(node);
  if (filters !== channels) fail(node, `weight has ${filters} input channels, the input has ${channels}`);
  const { strides, dilations, pads } = windowOf(node, spatial, kernel);
  const extra = intsAttribute(node, 'output_padding') ?? spatial.map(() => 0);
  if (extra.length !== spatial.length) fail(node, `output_padding must have ${spatial.length} entries`);
  if (extra.some((n, i) => n < 0 || n >= Math.max(strides[i]!, dilations[i]!))) {
    fail(node, `output_padding [${extra}] must be smaller than the stride or the dilation`);
  }
  const out = spatial.map((n, i) => {
    const extent = (kernel[i]! - 1) * dilations[i]! + 1;
    return strides[i]! * (n - 1) + extra[i]! + extent - pads[i]! - pads[spatial.length + i]!;
  });
  if (out.some((n) => n < 1)) fail(node, 'the pads leave nothing of the output');
  const maps = requireNumber(node, w.shape[1]) * group;
  checkBias(node, maps);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, maps, ...out] }];
};

const pool: InferenceRule = ({ node, outputCount }) => {
  const x = inputAt(node, 0);
  const spatial = spatialOf(node, x.shape);
  const counts = windowCounts(spatial, windowOf(node, spatial), intAttribute(node, 'ceil_mode', 0) === 1);
  if (counts.some((c) => c < 1)) fail(node, 'the window is larger than the padded input');
  const shape = [x.shape[0]!, x.shape[1]!, ...counts];
  const out: Inferred[] = [{ dtype: x.dtype, shape }];
  if (outputCount > 1) out.push({ dtype: 'int64', shape });
  return out;
};

const globalPool: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, ...spatialOf(node, x.shape).map(() => 1)] }];
};

/** Of a pixel, that a scaled size may be off a whole number (scales are written in single precision). */
const scaledSizeTolerance = 1e-4;

/** Sizes or scales of the axes given (all when left out). */
const resize: InferenceRule = (context) => {
  const { node, constant } = context;
  const x = inputAt(node, 0);
  if (stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    fail(node, 'keep_aspect_ratio_policy other than "stretch" is not supported');
  }
  const axes = (intsAttribute(node, 'axes') ?? x.shape.map((_, i) => i)).map((a) =>
    normalizeAxis(node, a, x.shape.length),
  );
  const shape = [...x.shape];
  const sizes = constantIntegers(context, 3);
  const scales = node.inputs[2] && constant(node.inputs[2]);
  if (!sizes && !scales) fail(node, 'scales or sizes must be known');
  const given = sizes ?? toNumbers(scales!);
  const aligned = stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') === 'align_corners';
  if (given.length !== axes.length) fail(node, `${sizes ? 'sizes' : 'scales'} must have ${axes.length} entries`);
  axes.forEach((axis, i) => {
    if (sizes) shape[axis] = sizes[i]!;
    else if (given[i] !== 1) {
      // In single precision, as the runtime does: 5 x 1.4 is 7.
      const scaled = Math.fround(requireNumber(node, x.shape[axis]) * given[i]!);
      shape[axis] = Math.floor(scaled);
      // ONNX puts the last corner at the scaled size itself, ONNX Runtime at the whole number below it.
      if (aligned && scaled - shape[axis] > scaledSizeTolerance) {
        fail(
          node,
          `align_corners with a scale that leaves ${Number(scaled.toPrecision(6))} pixels is not supported; give sizes`,
        );
      }
    }
  });
  return [{ dtype: x.dtype, shape }];
};

/** Blocks of pixels to channels or back; the factor is `blocksize`. */
const blocksize =
  (toDepth: boolean): InferenceRule =>
  ({ node }) => {
    const x = inputAt(node, 0);
    const b = intAttribute(node, 'blocksize', 1);
    if (x.shape.length !== 4) fail(node, 'the input must have four dimensions');
    const [c, h, w] = x.shape.slice(1).map((d) => requireNumber(node, d)) as [number, number, number];
    const fits = toDepth ? h % b === 0 && w % b === 0 : c % (b * b) === 0;
    if (b < 1 || !fits) fail(node, `blocksize ${b} does not divide the input`);
    const rest = toDepth ? [c * b * b, h / b, w / b] : [c / (b * b), h * b, w * b];
    return [{ dtype: x.dtype, shape: [x.shape[0]!, ...rest] }];
  };

/** Blocked channel order back to plain order; `channels` drops those that only fill the last block. */
const reorderOutput: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  const channels = intAttribute(node, 'channels', 0);
  if (channels < 1) fail(node, 'attribute channels is missing');
  return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === 1 ? channels : d)) }];
};

/** Blocked nearest or linear upsampling by whole factors. */
const blockedUpsample: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  const scales = intsAttribute(node, 'scales');
  if (scales?.length !== x.shape.length) fail(node, `scales must have ${x.shape.length} entries`);
  const shape = x.shape.map((d, i) => (scales[i] === 1 ? d : requireNumber(node, d) * scales[i]!));
  return [{ dtype: x.dtype, shape }];
};

export const spatialRules: Readonly<Record<string, InferenceRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  Resize: resize,
  DepthToSpace: blocksize(false),
  SpaceToDepth: blocksize(true),
};

/**
 * The blocked domain of ONNX Runtime (com.microsoft.nchwc). Its values keep the ONNX shape [N, C, H, W], so the rules are
 * those of plain order; only the order in memory differs.
 */
export const blockedRules: Readonly<Record<string, InferenceRule>> = {
  Conv: conv,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  Upsample: blockedUpsample,
  ReorderInput: ({ node }) => [{ dtype: inputAt(node, 0).dtype, shape: inputAt(node, 0).shape }],
  ReorderOutput: reorderOutput,
};
