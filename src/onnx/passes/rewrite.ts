import { GraphBuilder } from '../builder.ts';
import type { Graph, Node, Shape, Value } from '../graph.ts';

/**
 * What becomes of a node of the old graph: `inputs` are its inputs in the new one, `b` builds the new one.
 * The new outputs, one for each of the node's, or undefined to copy the node as it is.
 */
export type Rewrite = (node: Node, inputs: readonly (Value | null)[], b: GraphBuilder) => readonly Value[] | undefined;

/** What of a graph that is mapped is to differ from the old one. */
export interface MapOptions {
  /** Name of the new graph; that of the old one unless told. */
  readonly name?: string;
  /** Shapes of the new inputs; those of the old ones unless told. */
  readonly inputShape?: (input: Value) => Shape;
}

/**
 * A copy of `graph` in which each node is what `rewrite` makes of it. Names of inputs, outputs, constants and copied nodes
 * stay. Shapes are inferred anew, so a rewrite may change them on the way.
 */
export function mapGraph(graph: Graph, rewrite: Rewrite, options: MapOptions = {}): Graph {
  const b = new GraphBuilder(options.name ?? graph.name);
  const copies = new Map<Value, Value>();
  for (const v of graph.inputs) copies.set(v, b.input(v.name, v.dtype, options.inputShape?.(v) ?? v.shape));
  for (const [v, data] of graph.constants) copies.set(v, b.constant(data, v.name));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((v) => (v ? copies.get(v)! : null));
    const made = rewrite(node, inputs, b) ?? copyNode(b, node, inputs);
    node.outputs.forEach((v, i) => {
      if (made[i]) copies.set(v, made[i]);
    });
  }
  for (const { name, value } of graph.outputs) b.output(name, copies.get(value)!);
  return b.build();
}

/** Adds a node like `node` with other inputs. */
export function copyNode(b: GraphBuilder, node: Node, inputs: readonly (Value | null)[]): readonly Value[] {
  const { name, domain, opType, attributes, outputs } = node;
  return b.node(opType, inputs, attributes, {
    name,
    domain,
    outputs: outputs.length,
    outputNames: outputs.map((v) => v.name),
  });
}
