import {
  type GraphBuilder,
  intAttribute,
  intsAttribute,
  type Node,
  type PlainAttributes,
  staticShape,
  type Value,
  type Window,
  windowOf,
} from '../../onnx/index.ts';
import { reshaped } from '../folding.ts';
import { padBy, rearrange } from '../rearrange.ts';
import { type Rule, sum, type TangentContext } from './rule.ts';

/**
 * Conv and ConvTranspose are both bilinear in (x, w) and each other's transpose in x. In n dimensions, for
 * y[n, o, j] = sum_{c, k} w[o, c, k] x[n, c, s j + d k - p], with weight [out, in / groups, kernel].
 */
interface Correlation extends Window {
  readonly group: number;
}

function attributesOf(g: Correlation): PlainAttributes {
  const { kernel, strides, dilations, pads, group } = g;
  return { kernel_shape: kernel, strides, dilations, pads, group };
}

/** Sizes along the spatial axes. */
function spatial(v: Value): readonly number[] {
  return staticShape(v).slice(2);
}

function extent(g: Correlation, i: number): number {
  return (g.kernel[i]! - 1) * g.dilations[i]! + 1;
}

/** Weight [g*a, b, k] to [g*b, a, k], flipped along the spatial axes: out and in channels change places group by group. */
function flippedTranspose(b: GraphBuilder, w: Value, group: number): Value {
  const [outChannels, perGroup, ...kernel] = staticShape(w) as [number, number, ...number[]];
  const rank = kernel.length;
  if (group === 1) {
    const taps = kernel.map((_, i) => i + 2);
    return rearrange(b, w, taps, [1, 0, ...taps]);
  }
  const grouped = reshaped(b, w, [group, outChannels / group, perGroup, ...kernel]);
  const axes = kernel.map((_, i) => i + 3);
  const swapped = rearrange(b, grouped, axes, [0, 2, 1, ...axes]);
  return reshaped(b, swapped, [group * perGroup, outChannels / group, ...staticShape(w).slice(2, 2 + rank)]);
}

/** Transpose of the correlation in x: cotangent of y [N, out, ...] to cotangent of x with the given spatial sizes. */
function toInput(b: GraphBuilder, ct: Value, w: Value, g: Correlation, sizes: readonly number[]): Value {
  const rank = sizes.length;
  if (g.strides.every((s) => s === 1)) {
    // A correlation again. The padding (k-1) d - p is negative where p exceeds the kernel: those rows are cut off.
    const pads = g.pads.map((p, i) => extent(g, i % rank) - 1 - p);
    const cut = pads.map((p) => Math.min(0, p));
    const cropped = padBy(b, ct, [0, 0, ...cut.slice(0, rank)], [0, 0, ...cut.slice(rank)]);
    const flipped = flippedTranspose(b, w, g.group);
    return b.conv(cropped, flipped, null, attributesOf({ ...g, pads: pads.map((p) => Math.max(0, p)) }));
  }
  const reached = spatial(ct).map((n, i) => (n - 1) * g.strides[i]! + extent(g, i) - g.pads[i]! - g.pads[rank + i]!);
  // Rows at the end that no window reached; fewer than the stride.
  const output_padding = sizes.map((n, i) => n - reached[i]!);
  return b.op('ConvTranspose', [ct, w], { ...attributesOf(g), output_padding });
}

/**
 * Cotangent of the weight: x [N, in, ...] correlated with ct [N, out, ...], -> [out, in / groups, kernel].
 * Channels become the batch and the batch becomes channels; stride and dilation change places.
 */
function toWeight(b: GraphBuilder, x: Value, ct: Value, g: Correlation): Value {
  const [n, channels, ...sizes] = staticShape(x) as [number, number, ...number[]];
  const perGroup = channels / g.group;
  if (perGroup === 1 && channels > 1) return toDepthwise(b, x, ct, g);
  const axes = sizes.map((_, i) => i + 2);
  const images =
    g.group === 1
      ? b.transpose(x, [1, 0, ...axes])
      : b.reshape(b.transpose(b.reshape(x, [n, g.group, perGroup, ...sizes]), [2, 1, 0, ...axes.map((a) => a + 1)]), [
          perGroup,
          g.group * n,
          ...sizes,
        ]);
  const filters = b.transpose(ct, [1, 0, ...axes]);
  return b.transpose(tapsOf(b, images, filters, g, g.group), [1, 0, ...axes]);
}

/** The same where a group has one input channel: each channel of each image with its cotangents, then the sum over images. Nothing changes places. */
function toDepthwise(b: GraphBuilder, x: Value, ct: Value, g: Correlation): Value {
  const [n, channels, ...sizes] = staticShape(x) as [number, number, ...number[]];
  const [, out, ...outSizes] = staticShape(ct) as [number, number, ...number[]];
  const groups = n * channels;
  const images = b.reshape(x, [1, groups, ...sizes]);
  const filters = b.reshape(ct, [n * out, 1, ...outSizes]);
  const taps = b.reshape(tapsOf(b, images, filters, g, groups), [n, out, ...g.kernel]);
  return b.reshape(b.reduceSum(taps, [0], false), [out, 1, ...g.kernel]);
}

/** Images correlated with cotangents as filters, cut to the taps of the kernel. */
function tapsOf(b: GraphBuilder, images: Value, filters: Value, g: Correlation, group: number): Value {
  const full = b.conv(images, filters, null, {
    kernel_shape: spatial(filters),
    strides: g.dilations,
    dilations: g.strides,
    pads: g.pads,
    group,
  });
  // When the stride does not divide, rows that no window reached give taps beyond the kernel.
  const beyond = spatial(full).map((d, i) => g.kernel[i]! - d);
  return padBy(b, full, [0, 0, ...beyond.map(() => 0)], [0, 0, ...beyond]);
}

function geometryOf(node: Node, x: Value, w: Value): Correlation {
  return { ...windowOf(node, spatial(x), spatial(w)), group: intAttribute(node, 'group', 1) };
}

function bilinear(c: TangentContext, attributes: PlainAttributes): Value {
  const { b, node } = c;
  const product = (x: Value, w: Value) => b.op(node.opType, [x, w], attributes);
  const [dx, dw, dbias] = [c.t(0), c.t(1), c.t(2)];
  if (c.batched && (dw || dbias)) c.fail('the weights depend on the batch of tangent vectors');
  const spread = dbias && b.reshape(dbias, [1, staticShape(dbias)[0]!, ...spatial(c.y).map(() => 1)]);
  return c.fit(sum(b, [dx && product(dx, c.x(1)), dw && product(c.x(0), dw), spread])!);
}

const conv: Rule = {
  tangent: (c) => bilinear(c, attributesOf(geometryOf(c.node, c.x(0), c.x(1)))),
  transpose: (c) => {
    const [x, w, ct] = [c.inputs[0]!, c.inputs[1]!, c.cotangents[0]!];
    const g = geometryOf(c.node, x, w);
    return [
      c.linear[0] ? toInput(c.b, ct, w, g, spatial(x)) : null,
      c.linear[1] ? toWeight(c.b, x, ct, g) : null,
      null,
    ];
  },
};

const convTranspose: Rule = {
  tangent: (c) => {
    const output_padding = intsAttribute(c.node, 'output_padding') ?? spatial(c.x(0)).map(() => 0);
    return bilinear(c, { ...attributesOf(geometryOf(c.node, c.x(0), c.x(1))), output_padding });
  },
  transpose: (c) => {
    const { b } = c;
    const [x, w, ct] = [c.inputs[0]!, c.inputs[1]!, c.cotangents[0]!];
    const g = geometryOf(c.node, x, w);
    return [
      c.linear[0] ? b.conv(ct, w, null, attributesOf(g)) : null,
      c.linear[1] ? toWeight(b, ct, x, g) : null,
      null,
    ];
  },
};

export const convolutionRules: Readonly<Record<string, Rule>> = { Conv: conv, ConvTranspose: convTranspose };
