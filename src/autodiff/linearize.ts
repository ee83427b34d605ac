import { describeShape, type Graph, GraphBuilder, GraphError, staticShape, type Value } from '../onnx/index.ts';
import { pullBack } from './pullback.ts';
import { inputsOf, pushForward } from './pushforward.ts';
import { resolve } from './resolve.ts';
import { zeros } from './rules/rule.ts';
import { ancestors, descendants, type Named, producersOf, subgraph } from './subgraph.ts';

/** A derivative at one operating point, to be applied to many vectors: the nonlinear part is computed once. */
export interface Linearization {
  /** The graph's inputs -> `of` and every residual. */
  readonly primal: Graph;
  /** Residuals and `tangent` [vectors, ...] -> `tangent_out` [vectors, ...]. */
  readonly tangent: Graph;
  /** Residuals and `cotangent` [vectors, ...] -> `cotangent_out` [vectors, ...]. */
  readonly cotangent: Graph;
  /** What the linear maps need to know of the operating point: masks, local derivatives, ... Names in all three graphs. */
  readonly residuals: readonly string[];
}

/** What of a graph is linearized: in which inputs, of which outputs. */
export interface LinearizeOptions {
  readonly wrt: string | Value;
  readonly of: string | Value;
  /**
   * How many tangents or cotangents one call takes, all at one operating point. Left out: one for each example of the batch, at
   * the example's own operating point.
   */
  readonly vectors?: number;
}

/** Operators that only repeat or relabel a value: cheaper to redo on a residual than to hand their result over. */
const views = new Set(['Reshape', 'Expand']);

/**
 * Splits the derivative of `of` with respect to `wrt` into what depends on the operating point only and two linear maps,
 * J V and Jᵀ U, each on a batch of `vectors` vectors.
 *
 * With `vectors`, primal values must have batch size 1 (their leading axis), and every value that depends on `wrt` must keep the
 * batch as its leading axis; otherwise GraphError names the node.
 */
export function linearize(graph: Graph, options: LinearizeOptions): Linearization {
  const { vectors } = options;
  const b = new GraphBuilder(`${graph.name}_linearized`);
  const [from, to] = [resolve(graph, options.wrt), resolve(graph, options.of)];
  const batch = ({ name, value }: Named): readonly number[] => {
    const shape = staticShape(value);
    if (vectors === undefined) return shape;
    if (shape[0] === 1) return [vectors, ...shape.slice(1)];
    throw new GraphError(`linearize needs values with batch size 1, "${name}" is ${describeShape(value)}`);
  };
  const { inputs } = inputsOf(graph, b);
  const tangent = b.input('tangent/seed', from.value.dtype, batch(from));
  const pushed = pushForward(graph, {
    b,
    inputs,
    seeds: new Map([[from.value, tangent]]),
    of: [to.value],
    ...(vectors === undefined ? {} : { vectors }),
  });
  const cotangent = b.input('cotangent/seed', to.value.dtype, batch(to));
  const reached = pushed.tangent(to.value);
  const pulled = reached && pullBack(b, [tangent], [[reached, cotangent]], pushed.adjoints)(tangent);
  const tangentOut = reached ?? zeros(b, to.value.dtype, batch(to));
  const cotangentOut = pulled ?? zeros(b, from.value.dtype, batch(from));

  const whole = b.build();
  const operating = [...inputs.values()];
  const residuals = new Set([
    ...crossing(whole, operating, tangent, tangentOut),
    ...crossing(whole, operating, cotangent, cotangentOut),
  ]);
  const named = [...residuals].map((value) => ({ name: `${value.name}_residual`, value }));
  const linear = (name: string, seed: Value, out: Value) =>
    subgraph(whole, {
      name: `${graph.name}_${name}`,
      inputs: [...named, { name, value: seed }],
      outputs: [{ name: `${name}_out`, value: out }],
    });
  return {
    primal: subgraph(whole, {
      name: `${graph.name}_primal`,
      inputs: operating.map((value) => ({ name: value.name, value })),
      outputs: [{ name: to.name, value: pushed.primal(to.value) }, ...named],
    }),
    tangent: linear('tangent', tangent, tangentOut),
    cotangent: linear('cotangent', cotangent, cotangentOut),
    residuals: named.map((r) => r.name),
  };
}

/**
 * The values that the linear map from `seed` to `out` takes from its surroundings and that depend on the operating
 * point. What is computed from constants alone belongs to the map itself.
 */
function crossing(graph: Graph, operating: readonly Value[], seed: Value, out: Value): Value[] {
  const producers = producersOf(graph);
  const linear = descendants(graph, [seed]);
  const variable = descendants(graph, operating);
  const found = new Set<Value>();
  const visit = (v: Value): void => {
    if (!variable.has(v)) return;
    const node = producers.get(v);
    if (node && views.has(node.opType)) visit(node.inputs[0]!);
    else found.add(v);
  };
  for (const v of ancestors(producers, [out], new Set([seed]))) {
    if (!linear.has(v)) continue;
    for (const input of producers.get(v)?.inputs ?? []) if (input && !linear.has(input)) visit(input);
  }
  return [...found];
}
