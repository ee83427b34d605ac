import type { Graph } from '../../onnx/index.ts';
import { Emission } from './emission.ts';
import { emissionRules } from './rules.ts';
import { tidyViews } from './tidy-views.ts';

/**
 * The same computation with convolutions, pooling and what lies between them in blocked channel order
 * (`com.microsoft.nchwc`). Inputs and outputs keep their names, shapes and plain order.
 *
 * Values stay blocked between operators that know the order; where one does not, a reordering is put in front of it.
 * Convolutions take the additions and activations that follow them. Only whole blocks of channels are blocked, and a first
 * layer of fewer input channels than a block reads plain order directly.
 */
export function emitBlocked(graph: Graph, block: number): Graph {
  const e = new Emission(graph, block);
  for (const node of graph.nodes) {
    const rule = node.domain === '' ? emissionRules[node.opType] : undefined;
    if (!rule?.(node, e)) e.copy(node);
    e.consume(node);
  }
  for (const { name, value } of graph.outputs) e.builder.output(name, e.plain(value));
  return tidyViews(e.builder.build());
}
