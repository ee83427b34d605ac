import { copyNode, type Graph, GraphBuilder, GraphError, type Node, type Value } from '../onnx/index.ts';

export interface Named {
  readonly name: string;
  readonly value: Value;
}

/** The node that makes each value. */
export function producersOf(graph: Graph): ReadonlyMap<Value, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((v) => [v, node] as const)));
}

/** Everything that `targets` are computed from, themselves included; the walk does not go behind `stops`. */
export function ancestors(
  producers: ReadonlyMap<Value, Node>,
  targets: Iterable<Value>,
  stops: ReadonlySet<Value> = new Set(),
): Set<Value> {
  const seen = new Set<Value>();
  const open = [...targets];
  for (let v = open.pop(); v !== undefined; v = open.pop()) {
    if (seen.has(v)) continue;
    seen.add(v);
    if (stops.has(v)) continue;
    for (const input of producers.get(v)?.inputs ?? []) if (input) open.push(input);
  }
  return seen;
}

/** Everything that is computed from `sources`, themselves included. */
export function descendants(graph: Graph, sources: Iterable<Value>): Set<Value> {
  const reached = new Set<Value>(sources);
  for (const node of graph.nodes) {
    if (node.inputs.some((v) => v !== null && reached.has(v))) for (const v of node.outputs) reached.add(v);
  }
  return reached;
}

/**
 * The part of `graph` between `inputs` (any values; they become graph inputs under the given names) and `outputs`.
 * Nodes that the outputs do not need are left out; all inputs stay.
 */
export function subgraph(
  graph: Graph,
  part: { name: string; inputs: readonly Named[]; outputs: readonly Named[] },
): Graph {
  const b = new GraphBuilder(part.name);
  const copies = new Map<Value, Value>();
  for (const { name, value } of part.inputs) copies.set(value, b.input(name, value.dtype, value.shape));
  const outputs = part.outputs.map((o) => o.value);
  const live = ancestors(producersOf(graph), outputs, new Set(copies.keys()));
  for (const [value, data] of graph.constants) {
    if (live.has(value) && !copies.has(value)) copies.set(value, b.constant(data, value.name));
  }
  const copyOf = (v: Value): Value => {
    const copy = copies.get(v);
    if (!copy) throw new GraphError(`${part.name}: ${v.name} is an input of ${graph.name} that the part does not have`);
    return copy;
  };
  for (const node of graph.nodes) {
    if (!node.outputs.some((v) => live.has(v) && !copies.has(v))) continue;
    const made = copyNode(
      b,
      node,
      node.inputs.map((v) => v && copyOf(v)),
    );
    node.outputs.forEach((v, i) => {
      if (!copies.has(v)) copies.set(v, made[i]!);
    });
  }
  for (const { name, value } of part.outputs) b.output(name, copyOf(value));
  return b.build();
}
