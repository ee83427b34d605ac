import { GraphBuilder } from '../builder.ts';
import { describeNode, type Graph, GraphError, type GraphOutput, type Node, type Value } from '../graph.ts';
import { copyNode } from './rewrite.ts';

/** Which part of a graph is to be cut out: from these inputs to these outputs. */
export interface Cut {
  /** Values of the graph that become the inputs of the part, under their own names. All stay inputs, needed or not. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly GraphOutput[];
  readonly name?: string;
}

/**
 * The part of `graph` that computes `outputs` from `inputs`, which may be any of its values: this is how a residual unit
 * is cut out of a network. Constants come along. A constant may be an input too; then it is an input.
 * Throws GraphError when an output depends on an input of `graph` that is not cut off, naming the path.
 */
export function extract(graph: Graph, { inputs, outputs, name }: Cut): Graph {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((v) => [v, node] as const)));
  const b = new GraphBuilder(name ?? graph.name);
  const copies = new Map<Value, Value>();
  for (const v of inputs) {
    if (!producers.has(v) && !graph.inputs.includes(v) && !graph.constants.has(v)) {
      throw new GraphError(`graph ${graph.name}: "${v.name}" is not one of its values`);
    }
    copies.set(v, b.input(v.name, v.dtype, v.shape));
  }
  const needed = ancestors(graph, producers, { inputs, outputs });
  for (const [v, data] of graph.constants) {
    if (needed.has(v) && !copies.has(v)) copies.set(v, b.constant(data, v.name));
  }
  for (const node of graph.nodes) {
    if (!node.outputs.some((v) => needed.has(v) && !copies.has(v))) continue;
    const made = copyNode(
      b,
      node,
      node.inputs.map((v) => (v ? copies.get(v)! : null)),
    );
    node.outputs.forEach((v, i) => {
      if (!copies.has(v)) copies.set(v, made[i]!);
    });
  }
  for (const o of outputs) b.output(o.name, copies.get(o.value)!);
  return b.build();
}

/** All values that the outputs are computed from, not going behind the inputs. */
function ancestors(graph: Graph, producers: ReadonlyMap<Value, Node>, { inputs, outputs }: Cut): Set<Value> {
  const stops = new Set(inputs);
  /** Who asked for a value first: the way back from a stray input to an output. */
  const asked = new Map<Value, Node | undefined>(outputs.map((o) => [o.value, undefined]));
  const open = [...asked.keys()];
  for (let v = open.pop(); v !== undefined; v = open.pop()) {
    if (stops.has(v) || graph.constants.has(v)) continue;
    const producer = producers.get(v);
    if (!producer) throw strayInput(graph, v, asked, outputs);
    for (const input of producer.inputs) {
      if (!input || asked.has(input)) continue;
      asked.set(input, producer);
      open.push(input);
    }
  }
  return new Set(asked.keys());
}

function strayInput(
  graph: Graph,
  value: Value,
  asked: ReadonlyMap<Value, Node | undefined>,
  outputs: readonly GraphOutput[],
): GraphError {
  if (!graph.inputs.includes(value))
    return new GraphError(`graph ${graph.name}: "${value.name}" is not one of its values`);
  const path: string[] = [];
  let at: Value = value;
  for (let node = asked.get(at); node !== undefined; node = asked.get(at)) {
    path.push(describeNode(node));
    at = node.outputs.find((v) => asked.has(v))!;
  }
  const shown = path.length > 6 ? [...path.slice(0, 3), '...', ...path.slice(-2)] : path;
  const output = outputs.find((o) => o.value === at)?.name ?? at.name;
  const way = shown.length ? ` through ${shown.join(', ')}` : '';
  return new GraphError(
    `graph ${graph.name}: output "${output}" depends on the input "${value.name}"${way}; cut there too, or earlier`,
  );
}
