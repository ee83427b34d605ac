import type { Graph, Value } from '../graph.ts';

/** The graph without nodes and constants that no output needs. Inputs all stay: they are the graph's interface. */
export function prune(graph: Graph): Graph {
  const needed = new Set<Value>(graph.outputs.map((o) => o.value));
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.outputs.some((v) => needed.has(v))) return false;
    for (const v of node.inputs) if (v) needed.add(v);
    return true;
  });
  return {
    ...graph,
    nodes: nodes.toReversed(),
    constants: new Map([...graph.constants].filter(([v]) => needed.has(v))),
  };
}
