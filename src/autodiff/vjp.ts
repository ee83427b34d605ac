import {
  describeShape,
  type Graph,
  GraphBuilder,
  GraphError,
  narrow,
  sizeOf,
  staticShape,
  tensorOf,
  type Value,
} from '../onnx/index.ts';
import type { Selection } from './jvp.ts';
import { pullBack } from './pullback.ts';
import { closed, inputsOf, pushForward } from './pushforward.ts';
import { resolve, resolveVariable } from './resolve.ts';
import { zeros } from './rules/rule.ts';

/**
 * Vector times Jacobian (reverse mode) as a graph: the transpose of the tangent's graph. Shapes must be static.
 *
 * Inputs: those of `graph`, then `${name}_cotangent` for each of `of`. Outputs: each of `of`, then `${name}_gradient` for
 * each of `wrt`, which may be constants too (weights). A value that `of` does not depend on has gradient zero.
 * Throws GraphError naming the node when an operator on the way has no derivative rule.
 */
export function vjp(graph: Graph, selection: Selection): Graph {
  return reverse(graph, `${graph.name}_vjp`, selection, (b, name, v) => b.input(`${name}_cotangent`, v.dtype, v.shape));
}

export interface GradSelection {
  readonly wrt: Selection['wrt'];
  readonly of: string | Value;
  /** Further outputs of the graph that are to stay outputs, such as statistics of the batch. */
  readonly keep?: readonly string[];
}

/**
 * Value and gradient of a scalar. Inputs: those of `graph`. Outputs: `of`, `${name}_gradient` for each of `wrt`, then
 * those of `keep`. Throws GraphError when `of` has more than one element.
 */
export function grad(graph: Graph, { wrt, of, keep = [] }: GradSelection): Graph {
  return reverse(graph, `${graph.name}_grad`, { wrt, of: [of], keep }, (b, name, v) => {
    const shape = staticShape(v);
    if (sizeOf(shape) !== 1) {
      throw new GraphError(`grad needs a scalar, "${name}" is ${describeShape(v)}; use vjp with a cotangent`);
    }
    return b.constant(tensorOf(v.dtype, shape, [1]));
  });
}

function reverse(
  graph: Graph,
  graphName: string,
  { wrt, of, keep = [] }: Selection & { keep?: readonly string[] },
  cotangentOf: (b: GraphBuilder, name: string, v: Value) => Value,
): Graph {
  const b = new GraphBuilder(graphName);
  const [from, to] = [wrt.map((v) => resolveVariable(graph, v)), of.map((v) => resolve(graph, v))];
  const kept = keep.map((name) => resolve(graph, name));
  const { inputs, constants } = inputsOf(graph, b, from);
  const cotangents = to.map(({ name, value }) => cotangentOf(b, name, value));
  const declared = b.build().inputs;
  // The tangents that are transposed away need names no caller sees.
  const seeds = new Map(
    from.map(({ name, value }) => [value, b.input(`${name}/seed`, value.dtype, value.shape)] as const),
  );
  const { primal, tangent, adjoints } = pushForward(graph, {
    b,
    inputs,
    seeds,
    of: [...to, ...kept].map((o) => o.value),
  });
  const pairs = to.flatMap(({ value }, i) => {
    const t = tangent(value);
    return t ? [[t, cotangents[i]!] as const] : [];
  });
  const gradient = pullBack(b, [...seeds.values()], pairs, adjoints);
  const outputs = [
    ...to.map(({ name, value }) => ({ name, value: primal(value) })),
    ...from.map(({ name, value }) => ({
      name: `${name}_gradient`,
      value: gradient(seeds.get(value)!) ?? zeros(b, value.dtype, staticShape(value)),
    })),
    ...kept.map(({ name, value }) => ({ name, value: primal(value) })),
  ];
  return narrow(closed({ ...b.build(), inputs: declared }, outputs, constants));
}
