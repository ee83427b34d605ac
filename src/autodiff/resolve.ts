import { describeShape, type Graph, GraphError, staticShape, type Value } from '../onnx/index.ts';
import { foldedFrom } from './folding.ts';
import { isDifferentiable } from './rules/rule.ts';
import type { Named } from './subgraph.ts';

/** Finds what `wrt` or `of` means in the graph: a value, or the name of an input, output, constant or inner value. */
export function resolve(graph: Graph, selection: string | Value): Named {
  const all = function* (): Generator<Named> {
    for (const v of graph.inputs) yield { name: v.name, value: v };
    yield* graph.outputs;
    for (const v of graph.constants.keys()) yield { name: v.name, value: v };
    for (const node of graph.nodes) for (const v of node.outputs) yield { name: v.name, value: v };
  };
  const wanted = typeof selection === 'string' ? selection : selection.name;
  for (const { name, value } of all()) {
    if (typeof selection === 'string' ? name !== selection : value !== selection) continue;
    if (!isDifferentiable(value)) {
      throw new GraphError(`graph ${graph.name}: "${name}" is ${describeShape(value)}; only floats have derivatives`);
    }
    staticShape(value);
    return { name: wanted, value };
  }
  const names = graph.inputs.map((v) => v.name).join(', ');
  throw new GraphError(`graph ${graph.name} has no value "${wanted}"; its inputs are ${names}`);
}

/** Like `resolve`, for values to differentiate with respect to. */
export function resolveVariable(graph: Graph, selection: string | Value): Named {
  const found = resolve(graph, selection);
  const data = graph.constants.get(found.value);
  const folded = data && foldedFrom(graph, data);
  if (folded) {
    throw new GraphError(
      `graph ${graph.name}: the constant "${found.name}" has been folded into "${folded.name}" by an earlier transform; name it in wrt there too, or make it an input`,
    );
  }
  return found;
}
