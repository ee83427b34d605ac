import { type Graph, GraphBuilder, staticShape, type Value } from '../onnx/index.ts';
import { closed, inputsOf, pushForward } from './pushforward.ts';
import { resolve, resolveVariable } from './resolve.ts';
import { zeros } from './rules/rule.ts';

/** What to differentiate: values of the graph, or the names of inputs, outputs, constants or inner values. */
export interface Selection {
  readonly wrt: readonly (string | Value)[];
  readonly of: readonly (string | Value)[];
}

/**
 * Jacobian times vector (forward mode) as a graph. Shapes must be static.
 *
 * Inputs: those of `graph`, then `${name}_tangent` for each of `wrt`. Outputs: each of `of`, then `${name}_tangent`.
 * A value that is computed from another one of `wrt` gets its own tangent on top of the propagated one.
 * Throws GraphError naming the node when an operator on the way has no derivative rule.
 */
export function jvp(graph: Graph, { wrt, of }: Selection): Graph {
  const b = new GraphBuilder(`${graph.name}_jvp`);
  const [from, to] = [wrt.map((v) => resolveVariable(graph, v)), of.map((v) => resolve(graph, v))];
  const { inputs, constants } = inputsOf(graph, b, from);
  const seeds = from.map(({ name, value }) => [value, b.input(`${name}_tangent`, value.dtype, value.shape)] as const);
  const { primal, tangent } = pushForward(graph, { b, inputs, seeds: new Map(seeds), of: to.map((o) => o.value) });
  const outputs = [
    ...to.map(({ name, value }) => ({ name, value: primal(value) })),
    ...to.map(({ name, value }) => ({
      name: `${name}_tangent`,
      value: tangent(value) ?? zeros(b, value.dtype, staticShape(value)),
    })),
  ];
  return closed(b.build(), outputs, constants);
}
