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

/** Sum over the pixels of a b, [N, C, 1, 1]: each image's channel is a group of its own with the other operand as filter. */
function dot(e: Emission, product: Node): Value {
  const [a, b] = product.inputs as readonly [Value, Value];
  const [n, c, h, w] = a.shape as readonly [number, number, number, number];
  const rows = n * c;
  const left = e.builder.reshape(e.blocked(a), [1, rows, h, w]);
  const right = a === b ? e.builder.reshape(left, [rows, 1, h, w]) : e.builder.reshape(e.blocked(b), [rows, 1, h, w]);
  const options = { domain: blockedDomain, name: `${product.name}_dot` };
  const sums = e.builder.op('Conv', [left, right], { kernel_shape: [h, w], group: rows }, options);
  return e.builder.reshape(sums, [n, c, 1, 1]);
}

/** Sums and means over pixels, or over pixels and images: per image by pooling or as a dot product, then over the images. */
const reduce: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const y = node.outputs[0]!;
  const over = reducedAxes(node, e);
  const producer = e.deferred(x);
  const product = producer?.opType === 'Mul' ? producer : undefined;
  if (!over || !(product || (e.blockable(x) && e.isBlocked(x)))) return false;
  const pixels = (x.shape[2] as number) * (x.shape[3] as number);
  if (!Number.isInteger(pixels)) return false;
  const { builder: b } = e;
  const perImage = product
    ? dot(e, product)
    : b.op('GlobalAveragePool', [e.blocked(x)], {}, { domain: blockedDomain, name: node.name });
  const mean = node.opType === 'ReduceMean';
  const factor = product ? (mean ? 1 / pixels : 1) : mean ? 1 : pixels;
  const keep = intAttribute(node, 'keepdims', 1) === 1;
  if (over === 'pixels') {
    const scaled = b.scale(perImage, factor);
    if (keep) e.setBlocked(y, scaled);
    else e.setPlain(y, b.reshape(scaled, [0, -1]));
    return true;
  }
  const reduced = mean ? b.reduceMean(perImage, [0]) : b.reduceSum(perImage, [0]);
  const scaled = b.scale(reduced, factor);
  e.setPlain(y, keep ? scaled : b.reshape(scaled, [-1]));
  return true;
};

export const reductionRules: Readonly<Record<string, EmissionRule>> = { ReduceSum: reduce, ReduceMean: reduce };
