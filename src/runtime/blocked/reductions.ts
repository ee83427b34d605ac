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

/** What is summed: a value, or the product of two. */
type Terms = readonly [Value, Value?];

/** [N, C, bands, 1] in blocked order, reduced over images and bands: [C]. */
function overBands(e: Emission, parts: Value, op: Reduction): Value {
  const { builder: b } = e;
  const [, c, bands] = parts.shape as ImageShape;
  const reduced = (v: Value, axes: readonly number[]) => b.op(op, [v, b.integers(axes)], { keepdims: 0 });
  if (bands === 1) return reduced(b.reshape(parts, [0, c]), [0]);
  return b.reshape(reduced(b.reshape(parts, [0, c / e.block, bands, e.block]), [0, 2]), [c]);
}

/**
 * Sums or means over the pixels of bands of `rows` rows, of one value or of the product of two: `parts`, [N, C, bands, 1] in blocked order,
 * times `factor`.
 */
function bandsOf(e: Emission, [x, other]: Terms, op: Reduction, name: string, rows: number) {
  const pixels = rows * (x.shape[3] as number);
  const mean = op === 'ReduceMean';
  return other
    ? { parts: bandProducts(e, x, other, name, rows), factor: mean ? 1 / pixels : 1 }
    : { parts: bandMeans(e, x, name, rows), factor: mean ? 1 : pixels };
}

/** The sum or mean over images and pixels, [C], of one value or of the product of two. */
export function overImages(e: Emission, terms: Terms, op: Reduction, name: string): Value {
  const { parts, factor } = bandsOf(e, terms, op, name, rowsOfBand(terms[0]));
  return e.builder.scale(overBands(e, parts, op), factor);
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
  const terms: Terms = product ? [product.inputs[0]!, product.inputs[1]!] : [x];
  const { name } = product ?? node;
  const op = node.opType as Reduction;
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  if (over === 'images') {
    const vector = overImages(e, terms, op, name);
    e.setPlain(y, keep ? b.reshape(vector, [1, channels as number, 1, 1]) : vector);
    return true;
  }
  const { parts, factor } = bandsOf(e, terms, op, name, height);
  const values = b.scale(parts, factor);
  if (keep) e.setBlocked(y, values);
  else e.setPlain(y, b.reshape(values, [0, -1]));
  return true;
};

export const reductionRules: Readonly<Record<string, EmissionRule>> = { ReduceSum: reduce, ReduceMean: reduce };
