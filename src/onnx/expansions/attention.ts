import { attributeOf, floatAttribute, intAttribute, type Value } from '../graph.ts';
import type { Planned } from '../passes/fold.ts';
import { tensorOf, toNumbers } from '../tensor.ts';
import { Expansion, fail, operand, type UpgradeContext } from './expansion.ts';

/** A number that no score is below, for what must not be attended to: finite, so that nothing becomes NaN. */
const masked = -3.4028234663852886e38;
/** Masks of causal attention are written out; no more entries than this. */
const largestMask = 2 ** 24;

const size = (node: Planned, v: Value, axis: number): number => {
  const d = v.shape[axis];
  return typeof d === 'number' ? d : fail(node, `dimension ${axis} of ${v.name} must be known; bind "${d}"`);
};

/**
 * Attention (operator set 23): softmax(scale Q Kᵀ + mask) V for every head, written as matrix products. Q, K and V are [batch, heads, length,
 * size], or [batch, length, heads x size]; fewer heads of K and V serve several of Q each.
 */
export function attention(node: Planned, context: UpgradeContext): readonly Value[] {
  if (node.outputNames.slice(1).some((name) => name !== '')) fail(node, 'only its first output is supported');
  if (node.inputs.slice(4).some((v) => v)) fail(node, 'past keys and values are not supported');
  const e = new Expansion(node, context);
  const [q, k, v] = [0, 1, 2].map((i) => operand(node, i)) as [Value, Value, Value];
  const flat = q.shape.length === 3;
  if ([q, k, v].some((x) => x.shape.length !== q.shape.length) || q.shape.length < 3 || q.shape.length > 4) {
    fail(node, 'Q, K and V must all have three or all four dimensions');
  }
  const heads = (x: Value, name: string): number => {
    const given = flat
      ? (attributeOf(node, name, 'int') ?? fail(node, `attribute ${name} is missing`))
      : size(node, x, 1);
    if (given < 1 || (flat && size(node, x, 2) % given !== 0))
      fail(node, `${name} is ${given}, which does not divide the size`);
    return given;
  };
  const [own, shared] = [heads(q, 'q_num_heads'), heads(k, 'kv_num_heads')];
  if (own % shared !== 0 || heads(v, 'kv_num_heads') !== shared) fail(node, `${own} heads cannot share ${shared}`);
  const split = (x: Value, count: number) =>
    flat ? e.transpose(e.reshape(x, [0, 0, count, size(node, x, 2) / count]), [0, 2, 1, 3]) : x;
  const wide = (x: Value) => {
    if (own === shared) return x;
    const [length, width] = [size(node, x, 2), size(node, x, 3)];
    const apart = e.reshape(x, [0, shared, 1, length * width]);
    const repeated = e.one('Expand', [apart, e.integers([1, 1, own / shared, 1])]);
    return e.reshape(repeated, [0, own, length, width]);
  };
  const [query, key, value] = [split(q, own), wide(split(k, shared)), wide(split(v, shared))];
  const scale = attributeOf(node, 'scale', 'float') ?? 1 / Math.sqrt(size(node, query, 3));
  let scores = e.one('MatMul', [e.one('Mul', [query, e.number(scale, q)]), e.transpose(key, [0, 1, 3, 2])]);
  const causal = intAttribute(node, 'is_causal', 0) === 1;
  const mask = node.inputs[3];
  const cap = floatAttribute(node, 'softcap', 0);
  if (cap !== 0) {
    if (mask || causal) fail(node, 'softcap together with a mask is not supported');
    const limit = e.number(cap, q);
    scores = e.one('Mul', [e.one('Tanh', [e.one('Div', [scores, limit])]), limit]);
  }
  // What each query may hear, where that is more than a triangle.
  let heeded: Value | undefined;
  if (mask?.dtype === 'bool') heeded = mask;
  else if (mask) {
    scores = e.one('Add', [scores, mask]);
    const known = context.b.constantOf(mask);
    if (!known || toNumbers(known).some((x) => x === Number.NEGATIVE_INFINITY))
      heeded = e.one('GreaterOrEqual', [mask, e.number(masked, q)]);
  }
  if (causal) {
    const [rows, columns] = [size(node, scores, 2), size(node, scores, 3)];
    if (rows * columns > largestMask) fail(node, `a causal mask of ${rows} x ${columns} is too large`);
    const triangle = (dtype: Value['dtype'], inside: number, outside: number) => {
      const entries = Array.from({ length: rows * columns }, (_, i) =>
        i % columns > Math.floor(i / columns) ? outside : inside,
      );
      return context.b.constant(tensorOf(dtype, [rows, columns], entries));
    };
    if (heeded) heeded = e.one('And', [heeded, triangle('bool', 1, 0)]);
    else scores = e.one('Add', [scores, triangle(q.dtype, 0, masked)]);
  }
  if (heeded) scores = e.one('Where', [heeded, scores, e.number(masked, q)]);
  let weights = e.one('Softmax', [scores], { axis: { type: 'int', value: -1 } });
  // A query that may hear nothing gets 0, as ONNX defines it; elsewhere these weights are 0 already.
  if (heeded) weights = e.one('Where', [heeded, weights, e.number(0, q)]);
  const heard = e.one('MatMul', [weights, value]);
  return [flat ? e.reshape(e.transpose(heard, [0, 2, 1, 3]), [0, 0, own * size(node, value, 3)]) : heard];
}

/** RMSNormalization (operator set 23): x / sqrt(mean(x²) + epsilon) scale over the axes from `axis` on. */
export function rmsNormalization(node: Planned, context: UpgradeContext): readonly Value[] {
  const e = new Expansion(node, context);
  const [x, scale] = [operand(node, 0), operand(node, 1)];
  const rank = x.shape.length;
  const given = intAttribute(node, 'axis', -1);
  const first = given < 0 ? given + rank : given;
  if (first < 0 || first >= rank) fail(node, `axis ${given} is outside of the input`);
  const axes = e.integers(x.shape.flatMap((_, i) => (i >= first ? [i] : [])));
  const mean = e.one('ReduceMean', [e.one('Mul', [x, x]), axes], { keepdims: { type: 'int', value: 1 } });
  const root = e.one('Sqrt', [e.one('Add', [mean, e.number(floatAttribute(node, 'epsilon', 1e-5), x)])]);
  return [e.one('Mul', [e.one('Div', [x, root]), scale])];
}

/**
 * RotaryEmbedding (operator set 23): pairs of entries of every head turned by angles that depend on the position. X is [batch, heads, length,
 * size] or [batch, length, heads x size].
 */
export function rotaryEmbedding(node: Planned, context: UpgradeContext): readonly Value[] {
  const e = new Expansion(node, context);
  const x = operand(node, 0);
  const flat = x.shape.length === 3;
  if (x.shape.length < 3 || x.shape.length > 4) fail(node, 'the input must have three or four dimensions');
  const heads = flat ? intAttribute(node, 'num_heads', 0) : size(node, x, 1);
  if (heads < 1 || (flat && size(node, x, 2) % heads !== 0))
    fail(node, `num_heads is ${heads}, which does not divide the size`);
  // [batch, length, heads, size]
  const own = flat ? e.reshape(x, [0, 0, heads, size(node, x, 2) / heads]) : e.transpose(x, [0, 2, 1, 3]);
  const width = size(node, own, 3);
  const turned = intAttribute(node, 'rotary_embedding_dim', 0) || width;
  if (turned % 2 !== 0 || turned < 2 || turned > width)
    fail(node, `rotary_embedding_dim ${turned} does not fit ${width}`);
  const angle = (i: number) => {
    const cache = operand(node, i);
    const picked = node.inputs[3]
      ? e.one('Gather', [cache, node.inputs[3]], { axis: { type: 'int', value: 0 } })
      : cache;
    if (picked.shape.length !== 3) fail(node, `input ${i} must have one row for every position`);
    return e.one('Unsqueeze', [picked, e.integers([2])]);
  };
  const [cos, sin] = [angle(1), angle(2)];
  const part = turned === width ? own : e.slice(own, 3, 0, turned);
  const interleaved = intAttribute(node, 'interleaved', 0) === 1;
  const half = turned / 2;
  const [left, right] = interleaved
    ? [e.slice(part, 3, 0, turned, 2), e.slice(part, 3, 1, turned, 2)]
    : [e.slice(part, 3, 0, half), e.slice(part, 3, half, turned)];
  const times = (a: Value, b: Value) => e.one('Mul', [a, b]);
  const real = e.one('Sub', [times(left, cos), times(right, sin)]);
  const imaginary = e.one('Add', [times(left, sin), times(right, cos)]);
  const length = size(node, own, 1);
  const pairs = (v: Value) => e.reshape(v, [0, length, heads, half, 1]);
  const joined = interleaved
    ? e.reshape(e.concat([pairs(real), pairs(imaginary)], 4), [0, length, heads, turned])
    : e.concat([real, imaginary], 3);
  const whole = turned === width ? joined : e.concat([joined, e.slice(own, 3, turned, width)], 3);
  return [flat ? e.reshape(whole, [0, 0, heads * width]) : e.transpose(whole, [0, 2, 1, 3])];
}
