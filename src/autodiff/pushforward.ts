import {
  describeNode,
  describeShape,
  type Graph,
  type GraphBuilder,
  GraphError,
  type Node,
  prune,
  type TensorData,
  type Value,
} from '../onnx/index.ts';
import { rules } from './rules/index.ts';
import { type Adjoint, isDifferentiable, type Rule, sameShape, TangentContext } from './rules/rule.ts';
import { ancestors, type Named, producersOf } from './subgraph.ts';

export interface Pushforward {
  /** Copy in the builder of a value of the original graph. */
  readonly primal: (v: Value) => Value;
  /** Its tangent; null when it does not depend on the seeds. */
  readonly tangent: (v: Value) => Value | null;
  /** Tangents whose cotangents go back by a formula of their own. */
  readonly adjoints: ReadonlyMap<Value, Adjoint>;
}

export function ruleOf(node: Node): Rule {
  const rule = node.domain === '' ? rules[node.opType] : undefined;
  if (!rule) throw new GraphError(`cannot differentiate ${describeNode(node)}: the operator has no derivative rule`);
  return rule;
}

/**
 * The inputs of `graph` as inputs of the builder, and likewise the constants that are differentiated: as long as they are
 * inputs they are not folded into anything. `closed` gives those in `constants` their data back.
 */
export function inputsOf(
  graph: Graph,
  b: GraphBuilder,
  variables: readonly Named[] = [],
): { inputs: Map<Value, Value>; constants: Map<Value, TensorData> } {
  const inputs = new Map(graph.inputs.map((v) => [v, b.input(v.name, v.dtype, v.shape)]));
  const constants = new Map<Value, TensorData>();
  for (const { value } of variables) {
    const data = graph.constants.get(value);
    if (!data || inputs.has(value)) continue;
    const variable = b.input(value.name, value.dtype, value.shape);
    inputs.set(value, variable);
    constants.set(variable, data);
  }
  return { inputs, constants };
}

/** The result of a transform: only what the outputs need, with the differentiated constants as constants again. */
export function closed(whole: Graph, outputs: readonly Named[], constants: ReadonlyMap<Value, TensorData>): Graph {
  return prune({
    ...whole,
    inputs: whole.inputs.filter((v) => !constants.has(v)),
    constants: new Map([...whole.constants, ...constants]),
    outputs,
  });
}

/**
 * Copies into `b` what `of` needs of `graph`, and adds the tangents, node by node (forward-mode differentiation).
 * `inputs` are the copies of the graph's inputs and of constants that vary (see `inputsOf`); `seeds` the tangents of
 * some values of the graph. With `vectors`, primal values have a leading axis of size 1 and tangents one of that length.
 */
export function pushForward(
  graph: Graph,
  options: {
    b: GraphBuilder;
    inputs: ReadonlyMap<Value, Value>;
    seeds: ReadonlyMap<Value, Value>;
    of: readonly Value[];
    vectors?: number;
  },
): Pushforward {
  const { b, seeds, of, vectors } = options;
  const copies = new Map(options.inputs);
  const tangents = new Map(seeds);
  const adjoints = new Map<Value, Adjoint>();
  const wanted = ancestors(producersOf(graph), of);
  for (const [v, data] of graph.constants) if (wanted.has(v) && !copies.has(v)) copies.set(v, b.constant(data, v.name));
  for (const node of graph.nodes) {
    if (!node.outputs.some((v) => wanted.has(v))) continue;
    const inputs = node.inputs.map((v) => v && copies.get(v)!);
    const incoming = node.inputs.map((v) => (v && tangents.get(v)) ?? null);
    const active = incoming.some((t) => t !== null) && node.outputs.some((v) => wanted.has(v) && isDifferentiable(v));
    const rule = active ? ruleOf(node) : undefined;
    const outputs = b.node(node.opType, inputs, node.attributes, {
      name: node.name,
      domain: node.domain,
      outputs: Math.max(node.outputs.length, rule?.outputs ?? 0),
      outputNames: node.outputs.map((v) => v.name),
    });
    node.outputs.forEach((v, i) => {
      copies.set(v, outputs[i]!);
    });
    if (!rule) continue;
    const context = new TangentContext({
      b,
      node,
      inputs,
      outputs,
      tangents: incoming,
      vectors,
      wanted: (i) => node.outputs[i] !== undefined && wanted.has(node.outputs[i]),
      adjoints,
    });
    const made = applied(node, () => rule.tangent(context));
    const results = made === null || !('name' in made) ? (made ?? []) : [made];
    node.outputs.forEach((v, i) => {
      const t = results[i];
      if (!t || !wanted.has(v)) return;
      const shape = context.shapeOf(outputs[i]!);
      if (!sameShape(t.shape, shape) || t.dtype !== v.dtype) {
        context.fail(
          `its tangent is ${describeShape(t)} where [${shape}] was expected${vectors === undefined ? '' : '; the batch axis must stay the first one'}`,
        );
      }
      const seed = seeds.get(v);
      tangents.set(v, seed ? b.add(seed, t) : t);
    });
  }
  return { primal: (v) => copies.get(v)!, tangent: (v) => tangents.get(v) ?? null, adjoints };
}

/** Runs a rule; what the builder refuses inside it is reported with the node that is being differentiated. */
export function applied<T>(node: Node, rule: () => T): T {
  try {
    return rule();
  } catch (error) {
    if (error instanceof GraphError && !error.message.startsWith('cannot differentiate')) {
      throw new GraphError(`cannot differentiate ${describeNode(node)}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
