import { type Dim, intAttribute, intsAttribute, type Node, stringAttribute } from '../graph.ts';
import {
  broadcastShapes,
  constantIntegers,
  fail,
  type InferenceContext,
  type InferenceRule,
  inputAt,
  normalizeAxis,
  product,
  requireNumber,
} from './rule.ts';

const one = (node: Node, shape: readonly Dim[]) => [{ dtype: inputAt(node, 0).dtype, shape }];

function axesOf(context: InferenceContext, i: number): number[] | undefined {
  const { node } = context;
  const rank = inputAt(node, 0).shape.length;
  return constantIntegers(context, i)?.map((a) => normalizeAxis(node, a, rank));
}

/** Reductions; the axes are the second input, all axes when it is left out. */
const reduce: InferenceRule = (context) => {
  const { node } = context;
  const x = inputAt(node, 0);
  const given = axesOf(context, 1);
  const noop = intAttribute(node, 'noop_with_empty_axes', 0) === 1;
  const axes = given?.length ? given : noop ? [] : x.shape.map((_, i) => i);
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  return one(
    node,
    keep ? x.shape.map((d, i) => (axes.includes(i) ? 1 : d)) : x.shape.filter((_, i) => !axes.includes(i)),
  );
};

/** A 0 copies a dimension, one -1 takes what is left. */
const reshape: InferenceRule = (context) => {
  const { node } = context;
  const x = inputAt(node, 0);
  const wanted = constantIntegers(context, 1);
  if (!wanted) fail(node, 'the target shape is missing');
  const allowZero = intAttribute(node, 'allowzero', 0) === 1;
  const dims: (Dim | -1)[] = wanted.map((d, i) =>
    d === 0 && !allowZero ? (x.shape[i] ?? fail(node, `no dimension ${i} to copy`)) : d,
  );
  const inferred = dims.indexOf(-1);
  // Open dimensions that appear on both sides cancel.
  const [left, right] = [[...x.shape], dims.filter((_, i) => i !== inferred)];
  for (const d of [...right]) {
    if (typeof d !== 'string' || !left.includes(d)) continue;
    left.splice(left.indexOf(d), 1);
    right.splice(right.indexOf(d), 1);
  }
  const [from, to] = [product(node, left), product(node, right)];
  if (inferred < 0) {
    if (from !== to) fail(node, `cannot reshape ${from} elements to [${dims}]`);
    return one(node, dims);
  }
  if (to === 1) dims[inferred] = from;
  else if (typeof from === 'number' && typeof to === 'number' && to > 0 && from % to === 0) dims[inferred] = from / to;
  else fail(node, `cannot reshape ${from} elements to [${wanted}]`);
  return one(node, dims);
};

const flatten: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  const given = intAttribute(node, 'axis', 1);
  const axis = given < 0 ? given + x.shape.length : given;
  if (axis < 0 || axis > x.shape.length) fail(node, `axis ${given} is outside the input`);
  return one(node, [product(node, x.shape.slice(0, axis)), product(node, x.shape.slice(axis))]);
};

const transpose: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  const perm = intsAttribute(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i);
  if (perm.length !== x.shape.length || new Set(perm).size !== perm.length)
    fail(node, `perm [${perm}] is no permutation`);
  return one(
    node,
    perm.map((p) => x.shape[p] ?? fail(node, `perm [${perm}] is out of range`)),
  );
};

const slice: InferenceRule = (context) => {
  const { node } = context;
  const x = inputAt(node, 0);
  const [starts, ends] = [constantIntegers(context, 1), constantIntegers(context, 2)];
  if (!starts || starts.length !== ends?.length || inputAt(node, 1).shape.length !== 1)
    fail(node, 'starts and ends must both be given, with as many entries');
  const axes = axesOf(context, 3) ?? starts.map((_, i) => i);
  const steps = constantIntegers(context, 4) ?? starts.map(() => 1);
  if (axes.length !== starts.length || steps.length !== starts.length || steps.includes(0)) {
    fail(node, `axes [${axes}] and steps [${steps}] must have ${starts.length} entries, steps other than 0`);
  }
  const shape = [...x.shape];
  axes.forEach((axis, i) => {
    const n = requireNumber(node, x.shape[axis]);
    const step = steps[i]!;
    const clamp = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + n : v, low), high);
    const [start, end] =
      step > 0
        ? [clamp(starts[i]!, 0, n), clamp(ends[i]!, 0, n)]
        : [clamp(starts[i]!, 0, n - 1), clamp(ends[i]!, -1, n - 1)];
    shape[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return one(node, shape);
};

const concat: InferenceRule = ({ node }) => {
  const first = inputAt(node, 0);
  const axis = normalizeAxis(node, intAttribute(node, 'axis', 0), first.shape.length);
  const sizes = node.inputs.map((_, i) => {
    const v = inputAt(node, i);
    const fits = v.shape.length === first.shape.length && v.shape.every((d, j) => j === axis || d === first.shape[j]);
    if (!fits || v.dtype !== first.dtype)
      fail(node, `input ${i} does not fit the first one along other axes than ${axis}`);
    return v.shape[axis]!;
  });
  const total = sizes.length === 1 ? sizes[0]! : sizes.reduce<number>((s, d) => s + requireNumber(node, d), 0);
  return one(
    node,
    first.shape.map((d, i) => (i === axis ? total : d)),
  );
};

const split: InferenceRule = (context) => {
  const { node, outputCount } = context;
  const x = inputAt(node, 0);
  const axis = normalizeAxis(node, intAttribute(node, 'axis', 0), x.shape.length);
  const n = requireNumber(node, x.shape[axis]);
  const chunk = Math.ceil(n / outputCount);
  const sizes =
    constantIntegers(context, 1) ?? Array.from({ length: outputCount }, (_, i) => Math.min(chunk, n - i * chunk));
  if (sizes.length !== outputCount || sizes.reduce((s, d) => s + d, 0) !== n)
    fail(node, `cannot split ${n} into [${sizes}]`);
  return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? size : d)) }));
};

/** What is reflected must be there: the border itself is not repeated. */
function checkReflection(node: Node, axes: readonly number[], pads: readonly number[]): void {
  const { shape } = inputAt(node, 0);
  axes.forEach((axis, i) => {
    const most = Math.max(pads[i]!, pads[axes.length + i]!);
    if (most > 0 && most >= requireNumber(node, shape[axis])) {
      fail(node, `cannot reflect ${most} elements at axis ${axis}, which has ${shape[axis]}`);
    }
  });
}

const pad: InferenceRule = (context) => {
  const { node } = context;
  const x = inputAt(node, 0);
  const pads = constantIntegers(context, 1);
  const axes = axesOf(context, 3) ?? x.shape.map((_, i) => i);
  if (pads?.length !== 2 * axes.length) fail(node, `pads must have ${2 * axes.length} entries`);
  const mode = stringAttribute(node, 'mode', 'constant');
  const shape = [...x.shape];
  if (stringAttribute(node, 'mode', 'constant') === 'reflect') checkReflection(node, axes, pads);
  axes.forEach((axis, i) => {
    const n = shape[axis];
    const most = mode === 'reflect' ? Number(n) - 1 : mode === 'wrap' ? Number(n) : Number.POSITIVE_INFINITY;
    if (typeof n === 'number' && Math.max(pads[i]!, pads[axes.length + i]!) > most) {
      fail(node, `pads [${pads}] in mode ${mode} reach beyond axis ${axis}, which has ${n} entries`);
    }
    const extra = pads[i]! + pads[axes.length + i]!;
    if (extra !== 0) shape[axis] = requireNumber(node, x.shape[axis]) + extra;
  });
  return one(node, shape);
};

const expand: InferenceRule = (context) => {
  const shape = constantIntegers(context, 1);
  if (!shape) fail(context.node, 'the target shape is missing');
  return one(context.node, broadcastShapes(context.node, inputAt(context.node, 0).shape, shape));
};

const tile: InferenceRule = (context) => {
  const { node } = context;
  const repeats = constantIntegers(context, 1);
  const rank = inputAt(node, 0).shape.length;
  if (repeats?.length !== rank) fail(node, `the repeats must have ${rank} entries`);
  return one(
    node,
    inputAt(node, 0).shape.map((d, i) => (repeats[i] === 1 ? d : requireNumber(node, d) * repeats[i]!)),
  );
};

const squeeze: InferenceRule = (context) => {
  const { node } = context;
  const x = inputAt(node, 0);
  const axes = axesOf(context, 1) ?? x.shape.flatMap((d, i) => (d === 1 ? [i] : []));
  for (const a of axes) if (x.shape[a] !== 1) fail(node, `axis ${a} has size ${x.shape[a]}, not 1`);
  return one(
    node,
    x.shape.filter((_, i) => !axes.includes(i)),
  );
};

const unsqueeze: InferenceRule = (context) => {
  const { node } = context;
  const x = inputAt(node, 0);
  const given = constantIntegers(context, 1);
  if (!given) fail(node, 'the axes are missing');
  const rank = x.shape.length + given.length;
  const axes = given.map((a) => normalizeAxis(node, a, rank));
  if (new Set(axes).size < axes.length) fail(node, `an axis is named twice in [${given}]`);
  const rest = [...x.shape];
  return one(
    node,
    Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)),
  );
};

const reductions =
  'ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceSumSquare ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp';

export const layoutRules: Readonly<Record<string, InferenceRule>> = {
  ...Object.fromEntries(reductions.split(' ').map((op) => [op, reduce])),
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Slice: slice,
  Concat: concat,
  Split: split,
  Pad: pad,
  Expand: expand,
  Tile: tile,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
};
