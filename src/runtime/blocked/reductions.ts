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

export const pixelCount = ({ shape }: Value): number => (shape[2] as number) * (shape[3] as number);

/** Sums over the pixels of a b, [N, C, 1, 1]: each image's channel is a group of its own with the other operand as filter. */
export function pixelProducts(e: Emission, a: Value, b: Value, name: string): Value {
  const [n, c, h, w] = a.shape as readonly [number, number, number, number];
  const rows = n * c;
  const [left, right] = [e.blocked(a), e.blocked(b)];
  const operands = [e.builder.reshape(left, [1, rows, h, w]), e.builder.reshape(right, [rows, 1, h, w])];
  const options = { domain: blockedDomain, name: `${name}_dot` };
  const sums = e.builder.op('Conv', operands, { kernel_shape: [h, w], group: rows }, options);
  return e.builder.reshape(sums, [n, c, 1, 1]);
}

/** Means over the pixels, [N, C, 1, 1]. */
export function pixelMeans(e: Emission, x: Value, name: string): Value {
  return e.builder.op('GlobalAveragePool', [e.blocked(x)], {}, { domain: blockedDomain, name });
}

/** Sums and means over pixels, or over pixels and images: per image by pooling or as a dot product, then over the images. */
const reduce: EmissionRule = (node, e) => {
  const x = node.inputs[0]!;
  const y = node.outputs[0]!;
  const over = reducedAxes(node, e);
  const producer = e.deferred(x);
  const product = producer?.opType === 'Mul' ? producer : undefined;
  if (!over || !(product || (e.blockable(x) && e.isBlocked(x)))) return false;
  const pixels = pixelCount(x);
  if (!Number.isInteger(pixels)) return false;
  const { builder: b } = e;
  const mean = node.opType === 'ReduceMean';
  const perImage = product
    ? pixelProducts(e, product.inputs[0]!, product.inputs[1]!, product.name)
    : pixelMeans(e, x, node.name);
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
