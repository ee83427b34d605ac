import { describeNode, type Graph, GraphBuilder, GraphError, type Node, type Value } from '../../onnx/index.ts';
import { convolutionLowerings } from './convolution.ts';
import { functionLowerings } from './functions.ts';
import type { Lowering } from './lowering.ts';
import { normalizationLowerings } from './normalization.ts';
import { poolingLowerings } from './pooling.ts';
import { resizeLowerings } from './resize.ts';

const lowerings: Readonly<Record<string, Lowering>> = {
  ...convolutionLowerings,
  ...poolingLowerings,
  ...functionLowerings,
  ...normalizationLowerings,
  ...resizeLowerings,
};

/** Operators that ONNX Runtime's CPU has in float32 only and that have no lowering either. */
const float32Only = new Set(['Det', 'GridSample', 'QuickGelu']);

function isFloat64(node: Node): boolean {
  return node.domain === '' && node.outputs[0]?.dtype === 'float64';
}

export function needsFloat64(graph: Graph): boolean {
  return graph.nodes.some((n) => isFloat64(n) && (lowerings[n.opType] || float32Only.has(n.opType)));
}

/**
 * ONNX Runtime's CPU has no float64 convolution, average pooling, erf and some more. This pass writes them as operators
 * that it has, at full precision; slow, but then a whole network runs in float64 as a reference.
 */
export function lowerFloat64(graph: Graph): Graph {
  const b = new GraphBuilder(graph.name);
  const written = new Map<Value, Value>();
  for (const v of graph.inputs) written.set(v, b.input(v.name, v.dtype, v.shape));
  for (const [v, data] of graph.constants) written.set(v, b.constant(data, data.data.length > 64 ? v.name : undefined));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((v) => (v ? written.get(v)! : null));
    const lowering = isFloat64(node) ? lowerings[node.opType] : undefined;
    if (lowering) {
      written.set(node.outputs[0]!, lowering(node, inputs, b));
      continue;
    }
    if (isFloat64(node) && float32Only.has(node.opType)) {
      throw new GraphError(`${describeNode(node)}: cannot run in float64 on the CPU; use float32 for this graph`);
    }
    const { name, domain, attributes } = node;
    const outputNames = node.outputs.map((v) => v.name);
    const options = { name, domain, outputs: node.outputs.length, outputNames };
    b.node(node.opType, inputs, attributes, options).forEach((v, i) => {
      written.set(node.outputs[i]!, v);
    });
  }
  for (const { name, value } of graph.outputs) b.output(name, written.get(value)!);
  return b.build();
}
