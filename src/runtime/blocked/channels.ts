import { intAttribute, type Node, stringAttribute, toNumbers, type Value } from '../../onnx/index.ts';
import type { Emission, EmissionRule, Selection } from './emission.ts';

type Numbers = readonly number[];

function integersAt(node: Node, i: number, e: Emission): Numbers | undefined {
  const t = node.inputs[i] ? e.constantOf(node.inputs[i]) : undefined;
  return t && toNumbers(t);
}

/** What a blocked value or a selection of one is a selection of. */
function selectionBehind(v: Value, e: Emission): Selection | undefined {
  const known = e.selectionOf(v);
  if (known) return known;
  if (!e.blockable(v) || !e.isBlocked(v)) return undefined;
  const channels = Array.from({ length: v.shape[1] as number }, (_, c) => c);
  return { source: v, strides: [1, 1], channels, spread: [1, 1] };
}

/** First, step and count along each axis of [N, C, H, W], with negative and overlong bounds resolved. */
function slicesOf(node: Node, e: Emission): { first: Numbers; step: Numbers } | undefined {
  const [starts, ends] = [integersAt(node, 1, e), integersAt(node, 2, e)];
  if (!starts || !ends) return undefined;
  const axes = node.inputs[3] ? integersAt(node, 3, e) : starts.map((_, i) => i);
  const steps = node.inputs[4] ? integersAt(node, 4, e) : starts.map(() => 1);
  if (!axes || !steps || steps.some((s) => s < 1)) return undefined;
  const first = [0, 0, 0, 0];
  const step = [1, 1, 1, 1];
  for (const [i, a] of axes.entries()) {
    const axis = a < 0 ? a + 4 : a;
    const size = node.inputs[0]!.shape[axis];
    if (typeof size !== 'number') return undefined;
    const start = starts[i]!;
    first[axis] = Math.min(Math.max(start < 0 ? start + size : start, 0), size);
    step[axis] = steps[i]!;
  }
  return { first, step };
}

/** Pixels at a stride from the first one on, and a range of channels. */
const slice: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const y = node.outputs[0]!;
  const behind = x.shape.length === 4 ? selectionBehind(x, e) : undefined;
  const slices = behind && slicesOf(node, e);
  if (!behind || !slices) return false;
  const { first, step } = slices;
  if (y.shape[0] !== x.shape[0] || step[0] !== 1 || first[2] !== 0 || first[3] !== 0) return false;
  // A 1x1 convolution visits every stride-th pixel to the end of the image; the slice must too.
  const reachesEnd = [2, 3].every((a) => y.shape[a] === Math.ceil((x.shape[a] as number) / step[a]!));
  if (!reachesEnd) return false;
  const spreadBefore = behind.spread[0] * behind.spread[1] > 1;
  if (spreadBefore && (step[2]! > 1 || step[3]! > 1)) return false;
  const channels = Array.from({ length: y.shape[1] as number }, (_, c) => behind.channels[first[1]! + c * step[1]!]!);
  const strides = [behind.strides[0] * step[2]!, behind.strides[1] * step[3]!] as const;
  e.setSelection(y, { ...behind, strides, channels }, node);
  return true;
};

/** Channels of zeros before and after. */
const pad: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  if (x.shape.length > 4 && e.deferred(x)) {
    e.defer(node);
    return true;
  }
  const behind = x.shape.length === 4 && !node.inputs[3] ? selectionBehind(x, e) : undefined;
  const pads = behind && integersAt(node, 1, e);
  if (!behind || !pads || stringAttribute(node, 'mode', 'constant') !== 'constant') return false;
  if (node.inputs[2] && integersAt(node, 2, e)?.[0] !== 0) return false;
  if (pads.some((p, i) => p < 0 || (p > 0 && i % 4 !== 1))) return false;
  const zeros = (count: number) => Array<number>(count).fill(-1);
  const channels = [...zeros(pads[1]!), ...behind.channels, ...zeros(pads[5]!)];
  e.setSelection(node.outputs[0]!, { ...behind, channels }, node);
  return true;
};

/**
 * Zeros between pixels, the transpose of strided slicing, come as three nodes: Reshape to [N, C, H, 1, W, 1], Pad behind
 * the ones, Reshape to [N, C, sH, sW]. The first two are held back until the third has shown what they are for.
 */
const reshape: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const y = node.outputs[0]!;
  if (x.shape.length === 4 && (y.shape.length === 5 || y.shape.length === 6) && selectionBehind(x, e)) {
    e.defer(node);
    return true;
  }
  const padding = y.shape.length === 4 ? e.deferred(x) : undefined;
  const apart = padding?.opType === 'Pad' ? e.deferred(padding.inputs[0]!) : undefined;
  const source = apart?.opType === 'Reshape' ? apart.inputs[0]! : undefined;
  const spread = source && padding && spreadBetween(source, padding, y, e);
  const behind = spread && selectionBehind(source, e);
  if (!behind || behind.spread[0] * behind.spread[1] > 1) return false;
  e.setSelection(y, { ...behind, spread }, node);
  return true;
};

/** How often a pixel's room grows along each spatial axis, when Reshape, Pad and Reshape do that and nothing else. */
function spreadBetween(source: Value, padding: Node, y: Value, e: Emission): readonly [number, number] | undefined {
  const [n, c, h, w] = source.shape as Numbers;
  const [yn, yc, yh, yw] = y.shape as Numbers;
  if (n !== yn || c !== yc || padding.inputs[3]) return undefined;
  const [sh, sw] = [yh! / h!, yw! / w!];
  const splitRows = sh > 1 ? [h!, 1] : [h!];
  const splitColumns = sw > 1 ? [w!, 1] : [w!];
  const apart = [n!, c!, ...splitRows, ...splitColumns];
  const after = [0, 0, ...(sh > 1 ? [0, sh - 1] : [0]), ...(sw > 1 ? [0, sw - 1] : [0])];
  const pads = integersAt(padding, 1, e);
  const zero = !padding.inputs[2] || integersAt(padding, 2, e)?.[0] === 0;
  const from = padding.inputs[0]!.shape;
  const expected = [...after.map(() => 0), ...after];
  const matches =
    zero &&
    stringAttribute(padding, 'mode', 'constant') === 'constant' &&
    from.length === apart.length &&
    apart.every((d, i) => d === from[i]) &&
    pads?.length === expected.length &&
    expected.every((p, i) => p === pads[i]);
  return matches ? [sh, sw] : undefined;
}

/** Whole blocks of channels one after another; or a value between constant channels of zeros. */
const concat: EmissionRule = (node, e) => {
  const parts = node.inputs as readonly Value[];
  const y = node.outputs[0]!;
  const axis = intAttribute(node, 'axis', 0);
  if (y.shape.length !== 4 || (axis !== 1 && axis !== -3)) return false;
  if (parts.every((v) => e.blockable(v)) && parts.some((v) => e.isBlocked(v))) {
    const written = e.builder.op(
      'Concat',
      parts.map((v) => e.blocked(v)),
      { axis: 1 },
      { name: node.name },
    );
    e.setBlocked(y, written);
    return true;
  }
  const isZero = (v: Value) => e.constantOf(v)?.data.every((d) => Number(d) === 0) ?? false;
  const values = parts.filter((v) => !isZero(v));
  const behind = values.length === 1 ? selectionBehind(values[0]!, e) : undefined;
  if (!behind) return false;
  const channels = parts.flatMap((v) =>
    v === values[0] ? behind.channels : Array<number>(v.shape[1] as number).fill(-1),
  );
  e.setSelection(y, { ...behind, channels }, node);
  return true;
};

export const channelRules: Readonly<Record<string, EmissionRule>> = {
  Slice: slice,
  Pad: pad,
  Reshape: reshape,
  Concat: concat,
};
