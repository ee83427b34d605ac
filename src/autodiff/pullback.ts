import { describeNode, describeShape, type GraphBuilder, GraphError, type Value } from '../onnx/index.ts';
import { applied, ruleOf } from './pushforward.ts';
import { type Adjoint, sameShape } from './rules/rule.ts';
import { descendants } from './subgraph.ts';

/**
 * Transposes the linear part of the graph in `b`: the nodes that depend on `seeds`.
 * `cotangents` gives values of that part their cotangents; the result does the same for the seeds (null: zero). Values in `adjoints`
 * go back by their formulas, past the nodes that compute them.
 */
export function pullBack(
  b: GraphBuilder,
  seeds: readonly Value[],
  cotangents: readonly (readonly [Value, Value])[],
  adjoints: ReadonlyMap<Value, Adjoint> = new Map(),
): (seed: Value) => Value | null {
  const graph = b.build();
  const linear = descendants(graph, seeds);
  const sums = new Map<Value, Value>();
  const accumulate = (v: Value, ct: Value) => {
    const before = sums.get(v);
    sums.set(v, before ? b.add(before, ct) : ct);
  };
  for (const [v, ct] of cotangents) accumulate(v, ct);
  for (const node of [...graph.nodes].reverse()) {
    const adjoint = adjoints.get(node.outputs[0]!);
    const whole = adjoint && sums.get(node.outputs[0]!);
    if (adjoint && whole) {
      const results = applied(node, () => adjoint.transpose(b, whole));
      adjoint.inputs.forEach((v, i) => {
        if (v && linear.has(v) && results[i]) accumulate(v, results[i]);
      });
      continue;
    }
    const flags = node.inputs.map((v) => v !== null && linear.has(v));
    const incoming = node.outputs.map((v) => sums.get(v) ?? null);
    if (!flags.includes(true) || incoming.every((ct) => ct === null)) continue;
    const { transpose } = ruleOf(node);
    if (!transpose) throw new GraphError(`cannot transpose ${describeNode(node)}: the operator has no transpose rule`);
    const results = applied(node, () =>
      transpose({ b, node, inputs: node.inputs, linear: flags, cotangents: incoming }),
    );
    node.inputs.forEach((v, i) => {
      const ct = results[i];
      if (!v || !flags[i] || !ct) return;
      if (!sameShape(ct.shape, v.shape) || ct.dtype !== v.dtype) {
        throw new GraphError(
          `cannot transpose ${describeNode(node)}: the cotangent of ${describeShape(v)} came out as ${describeShape(ct)}`,
        );
      }
      accumulate(v, ct);
    });
  }
  return (seed) => sums.get(seed) ?? null;
}
