import { intAttribute, type Node, type Value } from '../graph.ts';
import { toNumbers } from '../tensor.ts';
import { constantIntegers, fail, type InferenceRule, inputAt, normalizeAxis } from './rule.ts';

const arg: InferenceRule = ({ node }) => {
  const x = inputAt(node, 0);
  const axis = normalizeAxis(node, intAttribute(node, 'axis', 0), x.shape.length);
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  const shape = keep ? x.shape.map((d, i) => (i === axis ? 1 : d)) : x.shape.filter((_, i) => i !== axis);
  return [{ dtype: 'int64', shape }];
};

const gather: InferenceRule = ({ node }) => {
  const [x, indices] = [inputAt(node, 0), inputAt(node, 1)];
  const axis = normalizeAxis(node, intAttribute(node, 'axis', 0), x.shape.length);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return [{ dtype: x.dtype, shape }];
};

/** Indices [..., k] into the first dimensions (after `batch_dims`). */
const gatherND: InferenceRule = ({ node }) => {
  const [x, indices] = [inputAt(node, 0), inputAt(node, 1)];
  const depth = indices.shape.at(-1);
  const batch = intAttribute(node, 'batch_dims', 0);
  if (
    typeof depth !== 'number' ||
    depth < 1 ||
    batch < 0 ||
    batch >= indices.shape.length ||
    batch + depth > x.shape.length
  )
    fail(node, 'indices are deeper than the data');
  return [{ dtype: x.dtype, shape: [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)] }];
};

/** Data and indices of one rank; indices are read, or updates written, along `axis`. */
function checkElements(node: Node, indices: Value): void {
  const x = inputAt(node, 0);
  normalizeAxis(node, intAttribute(node, 'axis', 0), x.shape.length);
  if (indices.shape.length !== x.shape.length) fail(node, 'data and indices must have one rank');
}

const gatherElements: InferenceRule = ({ node }) => {
  const [x, indices] = [inputAt(node, 0), inputAt(node, 1)];
  checkElements(node, indices);
  const axis = normalizeAxis(node, intAttribute(node, 'axis', 0), x.shape.length);
  const beyond = indices.shape.some((d, i) => i !== axis && typeof d === 'number' && d > (x.shape[i] as number));
  if (beyond) fail(node, 'indices reach beyond the data');
  return [{ dtype: x.dtype, shape: indices.shape }];
};

const scatterElements: InferenceRule = ({ node }) => {
  const [x, indices, updates] = [inputAt(node, 0), inputAt(node, 1), inputAt(node, 2)];
  checkElements(node, indices);
  if (x.dtype !== updates.dtype) fail(node, 'data and updates must have one element type');
  if (indices.shape.join() !== updates.shape.join()) fail(node, 'indices and updates must have one shape');
  return [{ dtype: x.dtype, shape: x.shape }];
};

/** Indices [..., k] into the first k dimensions; the updates have the shape of what they replace. */
const scatterND: InferenceRule = ({ node }) => {
  const [x, indices, updates] = [inputAt(node, 0), inputAt(node, 1), inputAt(node, 2)];
  if (x.dtype !== updates.dtype) fail(node, 'data and updates must have one element type');
  const depth = indices.shape.at(-1);
  if (typeof depth !== 'number' || depth > x.shape.length) fail(node, 'indices are deeper than the data');
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
  if (shape.join() !== updates.shape.join()) fail(node, `updates must have the shape [${shape}]`);
  return [{ dtype: x.dtype, shape: x.shape }];
};

const topK: InferenceRule = (context) => {
  const { node } = context;
  const x = inputAt(node, 0);
  const k = constantIntegers(context, 1)?.[0];
  if (k === undefined || k < 0) fail(node, `k must not be negative, got ${k}`);
  const axis = normalizeAxis(node, intAttribute(node, 'axis', -1), x.shape.length);
  const size = x.shape[axis]!;
  if (typeof size === 'number' && k > size) fail(node, `k is ${k}, axis ${axis} has only ${size}`);
  const shape = x.shape.map((d, i) => (i === axis ? k : d));
  return [
    { dtype: x.dtype, shape },
    { dtype: 'int64', shape },
  ];
};

const oneHot: InferenceRule = (context) => {
  const { node } = context;
  const depth = constantIntegers(context, 1)?.[0];
  const indices = inputAt(node, 0);
  const axis = intAttribute(node, 'axis', -1);
  const at = axis < 0 ? axis + indices.shape.length + 1 : axis;
  if (depth === undefined || depth < 1) fail(node, `the depth must be at least 1, got ${depth}`);
  if (at < 0 || at > indices.shape.length) fail(node, `axis ${axis} is outside of the result`);
  if (inputAt(node, 2).shape.join() !== '2') fail(node, 'the values must be two');
  return [{ dtype: inputAt(node, 2).dtype, shape: [...indices.shape.slice(0, at), depth, ...indices.shape.slice(at)] }];
};

/** The whole shape, or its entries from `start` up to `end`. */
const shapeOf: InferenceRule = ({ node }) => {
  const rank = inputAt(node, 0).shape.length;
  const [start, end] = shapeRange(intAttribute(node, 'start', 0), intAttribute(node, 'end', rank), rank);
  return [{ dtype: 'int64', shape: [end - start] }];
};

/** Start and end of a Shape node as indices with 0 <= start <= end <= rank. */
export function shapeRange(start: number, end: number, rank: number): [number, number] {
  const clamp = (i: number) => Math.min(Math.max(i < 0 ? i + rank : i, 0), rank);
  return [clamp(start), Math.max(clamp(start), clamp(end))];
}

const constantOfShape: InferenceRule = (context) => {
  const shape = constantIntegers(context, 0);
  if (!shape) fail(context.node, 'the shape is missing');
  const value = context.node.attributes.value;
  if (value?.type === 'tensor' && value.value.data.length !== 1) fail(context.node, 'the value must be one number');
  return [{ dtype: value?.type === 'tensor' ? value.value.dtype : 'float32', shape }];
};

/** How many numbers there are from `start` in steps of `delta` before `limit`. */
const range: InferenceRule = (context) => {
  const { node, constant } = context;
  const [start, limit, delta] = [0, 1, 2].map((i) => {
    const v = inputAt(node, i);
    const data = constant(v) ?? fail(node, `input ${i} (${v.name}) must be known; bind open dimensions`);
    return toNumbers(data)[0]!;
  }) as [number, number, number];
  if (delta === 0) fail(node, 'the step is zero');
  return [{ dtype: inputAt(node, 0).dtype, shape: [Math.max(0, Math.ceil((limit - start) / delta))] }];
};

/** The result's size depends on the data, so they must be known. */
const nonZero: InferenceRule = ({ node, constant }) => {
  const x = inputAt(node, 0);
  const data = constant(x) ?? fail(node, `input 0 (${x.name}) must be known: the result's size depends on it`);
  return [{ dtype: 'int64', shape: [x.shape.length, toNumbers(data).filter((v) => v !== 0).length] }];
};

/** Rules that pick elements, or speak of positions and sizes. */
export const indexingRules: Readonly<Record<string, InferenceRule>> = {
  ArgMax: arg,
  ArgMin: arg,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  TopK: topK,
  OneHot: oneHot,
  Shape: shapeOf,
  Size: () => [{ dtype: 'int64', shape: [] }],
  ConstantOfShape: constantOfShape,
  Range: range,
  NonZero: nonZero,
};
