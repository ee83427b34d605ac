import type { GraphBuilder } from '../builder.ts';
import { floatAttribute, type Graph, intAttribute, type Node, type Value } from '../graph.ts';
import { isFloat, sizeOf, type TensorData, tensor, tensorOf, toNumbers } from '../tensor.ts';
import { prune } from './prune.ts';
import { mapGraph } from './rewrite.ts';

/** A convolution and the normalization that alone reads it. */
interface Pair {
  readonly conv: Node;
  readonly norm: Node;
}

/**
 * The graph with each BatchNormalization in evaluation mode that follows a convolution made part of it:
 * w' = w gamma / sqrt(variance + epsilon), b' = beta + (b - mean) gamma / sqrt(variance + epsilon), computed in double precision.
 * Only where the weights are constants and nothing else reads the convolution. Outputs change by rounding only.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const pairs = pairsOf(graph);
  const byConv = new Map(pairs.map((p) => [p.conv, p]));
  const byNorm = new Set(pairs.map((p) => p.norm));
  const folded = mapGraph(graph, (node, inputs, b) => {
    if (byNorm.has(node)) return [inputs[0]!];
    const pair = byConv.get(node);
    return pair && mergedConvolution(graph, pair, inputs, b);
  });
  return pairs.length ? prune(folded) : graph;
}

function pairsOf(graph: Graph): Pair[] {
  const uses = new Map<Value, number>();
  const count = (v: Value | null) => v && uses.set(v, (uses.get(v) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const o of graph.outputs) count(o.value);
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((v) => [v, node] as const)));
  return graph.nodes.flatMap((norm): Pair[] => {
    const x = norm.inputs[0];
    const conv = x && producers.get(x);
    if (norm.opType !== 'BatchNormalization' || norm.outputs.length !== 1 || !conv) return [];
    if (norm.domain !== '' || intAttribute(norm, 'training_mode', 0) === 1) return [];
    if (conv.opType !== 'Conv' || conv.domain !== '' || uses.get(x) !== 1) return [];
    const known = [...norm.inputs.slice(1), ...conv.inputs.slice(1)].every((v) => !v || graph.constants.has(v));
    const single = [x, ...norm.inputs].every((v) => v && isFloat(v.dtype) && v.dtype !== 'float16');
    return known && single ? [{ conv, norm }] : [];
  });
}

function mergedConvolution(
  graph: Graph,
  { conv, norm }: Pair,
  inputs: readonly (Value | null)[],
  b: GraphBuilder,
): readonly Value[] {
  const data = (v: Value): TensorData => graph.constants.get(v)!;
  const [gamma, beta, mean, variance] = norm.inputs.slice(1).map((v) => toNumbers(data(v!))) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const epsilon = floatAttribute(norm, 'epsilon', 1e-5);
  const factor = gamma.map((g, i) => g / Math.sqrt(variance[i]! + epsilon));
  const w = conv.inputs[1]!;
  const weight = data(w);
  const perFilter = sizeOf(weight.shape.slice(1));
  const scaled = (weight.data as Float32Array | Float64Array).slice();
  factor.forEach((f, i) => {
    for (let k = i * perFilter; k < (i + 1) * perFilter; k++) scaled[k] = scaled[k]! * f;
  });
  const bias = conv.inputs[2] ? toNumbers(data(conv.inputs[2])) : undefined;
  const shift = beta.map((o, i) => o + ((bias?.[i] ?? 0) - mean[i]!) * factor[i]!);
  const newWeight = b.constant(tensor(weight.dtype, weight.shape, scaled), `${w.name}_folded`);
  const newBias = b.constant(tensorOf(weight.dtype, [shift.length], shift), `${norm.name}_bias`);
  return b.node('Conv', [inputs[0]!, newWeight, newBias], conv.attributes, {
    name: conv.name,
    outputNames: norm.outputs.map((v) => v.name),
  });
}
