import { type GraphBuilder, intAttribute, sizeOf, type Value, windowOf } from '../../onnx/index.ts';
import type { Lowering } from './lowering.ts';

type Numbers = readonly number[];

/** Spatial zero padding (begins, then ends); negative entries crop. */
export function padSpatial(b: GraphBuilder, x: Value, pads: Numbers): Value {
  if (pads.every((p) => p === 0)) return x;
  const rank = pads.length / 2;
  return b.op('Pad', [x, b.integers([0, 0, ...pads.slice(0, rank), 0, 0, ...pads.slice(rank)])]);
}

/** The pixels that one tap of a window sees: offset `tap * dilation`, `count` of them at `strides`. */
export function tapSlice(b: GraphBuilder, x: Value, offset: Numbers, counts: Numbers, strides: Numbers): Value {
  const axes = counts.map((_, i) => i + 2);
  const ends = counts.map((n, i) => offset[i]! + (n - 1) * strides[i]! + 1);
  return b.op('Slice', [x, b.integers(offset), b.integers(ends), b.integers(axes), b.integers(strides)]);
}

/** All index tuples below `sizes`, last axis fastest. */
export function tuples(sizes: Numbers): number[][] {
  return sizes.reduce<number[][]>(
    (lists, n) => lists.flatMap((l) => Array.from({ length: n }, (_, i) => [...l, i])),
    [[]],
  );
}

interface Geometry {
  readonly kernel: Numbers;
  readonly strides: Numbers;
  readonly dilations: Numbers;
  readonly group: number;
  /** Output positions along each spatial axis. */
  readonly counts: Numbers;
}

/** Convolution of a padded input as one matrix product a group: the slices of all taps stand above each other. */
function convolve(b: GraphBuilder, padded: Value, w: Value, g: Geometry): Value {
  const [out, inPerGroup] = w.shape as Numbers as [number, number];
  const pixels = sizeOf(g.counts);
  const taps = tuples(g.kernel).map((tap) => {
    const offset = tap.map((t, i) => t * g.dilations[i]!);
    return b.reshape(tapSlice(b, padded, offset, g.counts, g.strides), [0, g.group, inPerGroup, 1, -1]);
  });
  const columns = b.reshape(b.concat(taps, 3), [0, g.group, inPerGroup * taps.length, pixels]);
  const filters = b.reshape(w, [g.group, out / g.group, inPerGroup * taps.length]);
  return b.reshape(b.matMul(filters, columns), [0, out, ...g.counts.slice(0, -1), -1]);
}

function addBias(b: GraphBuilder, y: Value, bias: Value | null | undefined): Value {
  return bias ? b.add(y, b.reshape(bias, [-1, ...y.shape.slice(2).map(() => 1)])) : y;
}

const conv: Lowering = (node, [x, w, bias], b) => {
  const spatial = x!.shape.slice(2) as Numbers;
  const { kernel, strides, dilations, pads } = windowOf(node, spatial, w!.shape.slice(2) as Numbers);
  const counts = node.outputs[0]!.shape.slice(2) as Numbers;
  const group = intAttribute(node, 'group', 1);
  return addBias(b, convolve(b, padSpatial(b, x!, pads), w!, { kernel, strides, dilations, group, counts }), bias);
};

/** Puts stride - 1 zeros after every pixel. */
function spread(b: GraphBuilder, x: Value, strides: Numbers): Value {
  if (strides.every((s) => s === 1)) return x;
  const [, channels, ...spatial] = x.shape as Numbers as [number, number, ...number[]];
  const apart = b.reshape(x, [0, channels, ...spatial.flatMap((n) => [n, 1])]);
  const none = apart.shape.map(() => 0);
  const after = apart.shape.map((_, axis) => (axis >= 3 && axis % 2 === 1 ? strides[(axis - 3) / 2]! - 1 : 0));
  const padded = b.op('Pad', [apart, b.integers([...none, ...after])]);
  return b.reshape(padded, [0, channels, ...spatial.map((n, i) => n * strides[i]!)]);
}

/** Filters [Ci, Co / group, ...] as those of the ordinary convolution, [Co, Ci / group, ...], taps reversed. */
function reversed(b: GraphBuilder, w: Value, group: number): Value {
  const [inputs, outPerGroup, ...kernel] = w.shape as Numbers as [number, number, ...number[]];
  const grouped = b.reshape(w, [group, inputs / group, outPerGroup, ...kernel]);
  const swapped = b.transpose(grouped, [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  const whole = b.reshape(swapped, [group * outPerGroup, inputs / group, ...kernel]);
  return kernel.reduce<Value>(
    (v, n, i) => b.op('Gather', [v, b.integers(Array.from({ length: n }, (_, k) => n - 1 - k))], { axis: i + 2 }),
    whole,
  );
}

/** The transpose of a convolution: zeros between the pixels, then the convolution with reversed filters. */
const convTranspose: Lowering = (node, [x, w, bias], b) => {
  const spatial = x!.shape.slice(2) as Numbers;
  const window = windowOf(node, spatial, w!.shape.slice(2) as Numbers);
  const counts = node.outputs[0]!.shape.slice(2) as Numbers;
  const begins = spatial.map((_, i) => window.dilations[i]! * (window.kernel[i]! - 1) - window.pads[i]!);
  const ends = spatial.map((n, i) => {
    const reach = counts[i]! - 1 + window.dilations[i]! * (window.kernel[i]! - 1) + 1;
    return reach - n * window.strides[i]! - begins[i]!;
  });
  const apart = padSpatial(b, spread(b, x!, window.strides), [...begins, ...ends]);
  const group = intAttribute(node, 'group', 1);
  const ones = spatial.map(() => 1);
  const { kernel, dilations } = window;
  const y = convolve(b, apart, reversed(b, w!, group), { kernel, strides: ones, dilations, group, counts });
  return addBias(b, y, bias);
};

export const convolutionLowerings: Readonly<Record<string, Lowering>> = { Conv: conv, ConvTranspose: convTranspose };
