import { intAttribute, type Node, toNumbers, type Value } from '../../onnx/index.ts';
import { blockedDomain, type Emission, type EmissionRule } from './emission.ts';

/** The reduced axes of a reduction of [N, C, H, W], when they are known: pixels ([2, 3]) or pixels and images ([0, 2, 3]). */
function reducedAxes(node: Node, e: Emission): 'pixels' | 'images' | undefined {
  const axes = node.inputs[1] ? e.constantOf(node.inputs[1]) : undefined;
  if (!axes || node.inputs[0]!.shape.length !== 4) return undefined;
  const sorted = toNumbers(axes)
    .map((a) => (a < 0 ? a + 4 : a))
    .sort();
  if (sorted.join() === '2,3') return 'pixels';
  return sorted.join() === '0,2,3' ? 'images' : undefined;
}

const reductions = new Set(['ReduceSum', 'ReduceMean']);

/** Whether a product of two blocked values is only summed over pixels: then it is one pass and never stored. */
export function isDotProduct(node: Node, e: Emission): boolean {
  const [a, b] = node.inputs as readonly [Value, Value];
  const y = node.outputs[0]!;
  const consumers = e.consumersOf(y);
  const whole = [a, b, y].every(
    (v) => e.blockable(v) && v.shape.every((d, i) => typeof d === 'number' && d === y.shape[i]),
  );
  if (!whole || !e.isBlocked(a) || !e.isBlocked(b)) return false;
  const isOutput = e.graph.outputs.some((o) => o.value === y);
  return (
    !isOutput &&
    consumers.length > 0 &&
    consumers.every((c) => reductions.has(c.opType) && c.inputs[0] === y && reducedAxes(c, e) !== undefined)
  );
}

type ImageShape = readonly [number, number, number, number];

/** Pixels that are added one after another, at most where a row is not longer. */
const bandPixels = 256;

/**
 * Rows of a picture that are summed at a time. A kernel adds up the pixels of a channel in float32 one after another: over all 96x128 of a
 * picture that leaves a mean with a relative error of 4e-6, and with 256 at a time and these sums afterwards below 1e-6.
 */
function rowsOfBand({ shape }: Value): number {
  const [batch, , height, width] = shape as ImageShape;
  let rows = Math.max(1, Math.min(height, Math.floor(bandPixels / width)));
  while (height % rows !== 0) rows--;
  return typeof batch === 'number' ? rows : height;
}

/**
 * Sums over the pixels of each band of a b, [N, C, bands, 1] in blocked order: a band of an image's channel is a group of its own, with the
 * other operand as filter.
 */
function bandProducts(e: Emission, a: Value, b: Value, name: string, rows: number): Value {
  const [n, c, h, w] = a.shape as ImageShape;
  const groups = (n * c * h) / rows;
  const [left, right] = [e.blocked(a), e.blocked(b)];
  const operands = [e.builder.reshape(left, [1, groups, rows, w]), e.builder.reshape(right, [groups, 1, rows, w])];
  const options = { domain: blockedDomain, name: `${name}_dot` };
  const sums = e.builder.op('Conv', operands, { kernel_shape: [rows, w], group: groups }, options);
  return e.builder.reshape(sums, [n, c, h / rows, 1]);
}

/** Means over the pixels of each band, [N, C, bands, 1] in blocked order. */
function bandMeans(e: Emission, x: Value, name: string, rows: number): Value {
  const { builder: b } = e;
  const [n, c, h, w] = x.shape as ImageShape;
  const pool = (v: Value) => b.op('GlobalAveragePool', [v], {}, { domain: blockedDomain, name });
  if (rows === h) return pool(e.blocked(x));
  return b.reshape(pool(b.reshape(e.blocked(x), [1, (n * c * h) / rows, rows, w])), [n, c, h / rows, 1]);
}

type Reduction = 'ReduceSum' | 'ReduceMean';

/** [N, C, bands, 1] in blocked order, reduced over images and bands: [C]. */
function overBands(e: Emission, parts: Value, op: Reduction): Value {
  const { builder: b } = e;
  const [, c, bands] = parts.shape as ImageShape;
  const reduced = (v: Value, axes: readonly number[]) => b.op(op, [v, b.integers(axes)], { keepdims: 0 });
  if (bands === 1) return reduced(b.reshape(parts, [0, c]), [0]);
  return b.reshape(reduced(b.reshape(parts, [0, c / e.block, bands, e.block]), [0, 2]), [c]);
}

/** Means over images and pixels, [C]. */
export function channelMeans(e: Emission, x: Value, name: string): Value {
  return overBands(e, bandMeans(e, x, name, rowsOfBand(x)), 'ReduceMean');
}

/** Means over images and pixels of x x, [C]. */
export function channelSquares(e: Emission, x: Value, name: string): Value {
  const rows = rowsOfBand(x);
  return e.builder.scale(
    overBands(e, bandProducts(e, x, x, name, rows), 'ReduceMean'),
    1 / (rows * (x.shape[3] as number)),
  );
}

/** Sums and means over pixels, or over pixels and images: by pooling or as a dot product, then over bands and images. */
const reduce: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const y = node.outputs[0]!;
  const over = reducedAxes(node, e);
  const producer = e.deferred(x);
  const product = producer?.opType === 'Mul' ? producer : undefined;
  if (!over || !(product || (e.blockable(x) && e.isBlocked(x)))) return false;
  const [, channels, height, width] = x.shape;
  if (typeof height !== 'number' || typeof width !== 'number') return false;
  const { builder: b } = e;
  const rows = over === 'pixels' ? height : rowsOfBand(x);
  const pixels = rows * width;
  const parts = product
    ? bandProducts(e, product.inputs[0]!, product.inputs[1]!, product.name, rows)
    : bandMeans(e, x, node.name, rows);
  const mean = node.opType === 'ReduceMean';
  const scaled = (v: Value) => b.scale(v, product ? (mean ? 1 / pixels : 1) : mean ? 1 : pixels);
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  if (over === 'images') {
    const vector = scaled(overBands(e, parts, node.opType as Reduction));
    e.setPlain(y, keep ? b.reshape(vector, [1, channels as number, 1, 1]) : vector);
  } else if (keep) e.setBlocked(y, scaled(parts));
  else e.setPlain(y, b.reshape(scaled(parts), [0, -1]));
  return true;
};

export const reductionRules: Readonly<Record<string, EmissionRule>> = { ReduceSum: reduce, ReduceMean: reduce };
