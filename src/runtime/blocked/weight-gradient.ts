import { type GraphBuilder, intAttribute, type Node, type Value, windowOf } from '../../onnx/index.ts';
import { swapsChannels } from '../swaps-channels.ts';
import { blockedDomain, type Emission, type EmissionRule, ones } from './emission.ts';
import { plainFilter } from './filters.ts';

/**
 * A value with channels and images swapped is what the gradient of a filter is made of, a filter with channels swapped and taps reversed what
 * cotangents go back by: both are held back until that shows.
 */
const transpose: EmissionRule = (node, e) => {
  const y = node.outputs[0]!;
  if (e.isWritten(y)) return true;
  const consumers = e.consumersOf(y);
  if (!swapsChannels(node) || !consumers.length || !consumers.every((c) => c.opType === 'Conv')) return false;
  e.defer(node);
  return true;
};

/** Likewise the reversal of a filter's taps before that. */
export const reversal: EmissionRule = (node, e) => {
  const consumers = e.consumersOf(node.outputs[0]!);
  if (!e.reversesTaps(node) || !consumers.length || !consumers.every(swapsChannels)) return false;
  e.defer(node);
  return true;
};

/** The value that `v` is with channels and images swapped. */
function swapped(v: Value, e: Emission): Value | undefined {
  const producer = e.deferred(v);
  return producer && swapsChannels(producer) ? producer.inputs[0]! : undefined;
}

/** Images in a group: a divisor of the batch below the block size. 4 to 8 are equally fast, fewer are slower for 64 channels. */
function imagesPerGroup(batch: number, block: number): number {
  let best = 1;
  for (let i = 2; i <= Math.min(8, block - 1); i++) if (batch % i === 0) best = i;
  return best;
}

/**
 * The gradient of a filter, sum over images of x correlated with the output's cotangent, as autodiff writes it: a convolution of
 * swapped values, [Ci, N, H, W] with [Co, N, Ho, Wo].
 *
 * No value is reordered for it. ONNX Runtime takes a plain-order kernel where a group has fewer input channels than a block, so
 * blocked memory of x is read as `Ci / block` plain pictures with the images as channels and 16 times as wide, and blocked memory
 * of the cotangent as filters of `images in a group` input channels; sums over the groups are what is left. Dilations
 * of a block's width step from pixel to pixel. Factors that the cotangent is to be multiplied by are applied to the result.
 * Width is padded beforehand, height by the convolution itself.
 */
export function weightGradient(node: Node, e: Emission): boolean {
  const [x, ct] = [swapped(node.inputs[0]!, e), swapped(node.inputs[1]!, e)];
  const y = node.outputs[0]!;
  if (!x || !ct || intAttribute(node, 'group', 1) !== 1 || node.inputs[2]) return false;
  if (x.dtype !== 'float32' || !x.shape.every((d) => typeof d === 'number')) return false;
  const [n, ci, height, width] = x.shape as readonly number[] as [number, number, number, number];
  const [, co, ho, wo] = ct.shape as readonly number[] as [number, number, number, number];
  const { block, builder: b } = e;
  const few = ci < block;
  if (!e.blockable(ct) || !(few || e.blockable(x))) return pixelwiseGradient(node, e, x, ct);
  if (n >= block && n % block !== 0) return false;
  const { strides, dilations, pads } = windowOf(node, [height, width], [ho, wo]);
  // In terms of the forward convolution: the stride is the dilation here, and the other way round.
  const [stepH, stepW] = dilations as [number, number];
  const [top, left, bottom, right] = pads as [number, number, number, number];
  if (pads.some((p) => p < 0)) return false;
  const pixel = few ? ci : block;
  const pictures = few ? 1 : ci / block;
  const padded = width + left + right;
  const images = imagesPerGroup(n, block);
  const groups = n / images;
  const rows = few ? pixelMajor(e, x, left, right) : pictureMajor(e, x, left, right);
  const scaled = e.pendingOf(ct)?.factors ? e.pendingOf(ct) : undefined;
  const filters = groupMajor(e, ct, scaled?.input ?? e.blocked(ct), images);
  const sums = b.op(
    'Conv',
    [b.reshape(rows, [pictures, n, height, padded * pixel]), b.reshape(filters, [groups * co, images, ho, wo])],
    {
      kernel_shape: [ho, wo],
      dilations: [stepH, pixel * stepW],
      strides: [strides[0]!, 1],
      pads: [top, 0, bottom, 0],
      group: groups,
    },
    { domain: blockedDomain, name: node.name },
  );
  const [tapsH, tapsW] = y.shape.slice(2) as [number, number];
  const reached = padded - (wo - 1) * stepW;
  const total = b.reduceSum(b.reshape(sums, [pictures, groups, -1]), [1], false);
  const kept = Array.from({ length: tapsW }, (_, i) => i * strides[1]!);
  const gradient = few
    ? fewChannelsLast(b, b.reshape(total, [co / block, tapsH, reached, pixel, block]), kept)
    : plainFilter(
        b,
        total,
        {
          outs: co / block,
          ins: pictures,
          positions: [tapsH, reached],
          taps: [Array.from({ length: tapsH }, (_, i) => i), kept],
        },
        block,
      );
  const whole = scaled ? b.mul(gradient, e.channelFactors([co, 1, 1, 1], scaled.factors!)) : gradient;
  const [consumer, ...others] = e.consumersOf(y);
  // Autodiff swaps what this convolution gives, [Ci, Co], back to [Co, Ci].
  if (consumer && others.length === 0 && e.usesLeft(y) === 1 && swapsChannels(consumer))
    e.setPlain(consumer.outputs[0]!, whole);
  else e.setPlain(y, b.transpose(whole, [1, 0, 2, 3]));
  return true;
}

/**
 * The same for a 1x1 convolution from or to channels that make no whole blocks, such as the classes of a segmentation: the product of all
 * pixels' channels, image by image.
 */
function pixelwiseGradient(node: Node, e: Emission, x: Value, ct: Value): boolean {
  const [n, ci, height, width] = x.shape as readonly number[] as [number, number, number, number];
  const [, co, ho, wo] = ct.shape as readonly number[] as [number, number, number, number];
  const { strides, dilations, pads } = windowOf(node, [height, width], [ho, wo]);
  if (height !== ho || width !== wo || [...strides, ...dilations].some((s) => s !== 1) || pads.some((p) => p !== 0))
    return false;
  const { builder: b } = e;
  const pixels = (v: Value, channels: number) => b.reshape(e.plain(v), [n, channels, height * width]);
  const product = b.op('FusedMatMul', [pixels(x, ci), pixels(ct, co)], { transB: 1 }, { domain: 'com.microsoft' });
  e.setPlain(node.outputs[0]!, b.reshape(b.reduceSum(product, [0], false), [ci, co, 1, 1]));
  return true;
}

/** Taps [Co / block, rows, columns, Ci, block], of which some columns are kept, as a filter [Co, Ci, kh, kw]. */
function fewChannelsLast(b: GraphBuilder, taps: Value, columns: readonly number[]): Value {
  const [blocks, rows, positions, ci, block] = taps.shape as readonly number[] as [
    number,
    number,
    number,
    number,
    number,
  ];
  const wanted = columns.length === positions ? taps : b.op('Gather', [taps, b.integers(columns)], { axis: 2 });
  return b.reshape(b.transpose(wanted, [0, 4, 3, 1, 2]), [blocks * block, ci, rows, columns.length]);
}

/** Blocked x, padded in width, with blocks of channels before images: [Ci / block, N, H, W, block]. */
function pictureMajor(e: Emission, x: Value, left: number, right: number): Value {
  const { builder: b, block } = e;
  const [n, ci, h, w] = x.shape as readonly [number, number, number, number];
  const blocked = e.blocked(x);
  const window = { kernel_shape: [1, 1], pads: [0, left, 0, right] };
  const name = `${x.name}_padded`;
  const padded = left || right ? e.writeConv(name, e.depthwise(name, blocked, ones(ci), null, window)) : blocked;
  const count = ci / block;
  if (count === 1) return padded;
  const order = Array.from({ length: n * count }, (_, i) => (i % n) * count + Math.floor(i / n));
  const chunks = b.reshape(padded, [n * count, h * (w + left + right) * block]);
  return b.op('Gather', [chunks, b.integers(order)], { axis: 0 });
}

/** Plain x of few channels with these last, padded in width: [N, H, W, C]. */
function pixelMajor(e: Emission, x: Value, left: number, right: number): Value {
  const { builder: b } = e;
  const last = b.transpose(e.plain(x), [0, 2, 3, 1]);
  return left || right ? b.op('Pad', [last, b.integers([0, 0, left, 0, 0, 0, right, 0]), b.scalar(0)]) : last;
}

/** Blocked cotangent with the images of a group innermost: [groups, Co / block, images, H, W, block]. */
function groupMajor(e: Emission, ct: Value, blocked: Value, images: number): Value {
  const { builder: b, block } = e;
  const [n, co, h, w] = ct.shape as readonly [number, number, number, number];
  const count = co / block;
  if (count === 1) return blocked;
  const order: number[] = [];
  for (let g = 0; g < n / images; g++)
    for (let c = 0; c < count; c++) for (let i = 0; i < images; i++) order.push((g * images + i) * count + c);
  return b.op('Gather', [b.reshape(blocked, [n * count, h * w * block]), b.integers(order)], { axis: 0 });
}

export const weightGradientRules: Readonly<Record<string, EmissionRule>> = { Transpose: transpose };
