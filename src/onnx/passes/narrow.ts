import { type Graph, type Node, type Shape, staticShape, type Value } from '../graph.ts';
import { prune } from './prune.ts';
import { copyNode, mapGraph } from './rewrite.ts';

const binary = new Set('Add Sub Mul Div'.split(' '));

const same = (a: Shape, b: Shape) => a.length === b.length && a.every((d, i) => d === b[i]);

/**
 * The same computation without expansions that broadcasting makes unnecessary: an operand that was expanded to the shape that
 * the other operand has anyway is used as it was, and what combines expanded operands only is computed before they
 * are expanded. Gradients are full of these (the cotangent of a mean is one number, expanded).
 */
export function narrow(graph: Graph): Graph {
  /** What an expanded value of the new graph was expanded from, of the same rank. */
  const sources = new Map<Value, Value>();
  const sourceOf = (v: Value) => sources.get(v) ?? v;
  const mapped = mapGraph(graph, (node, inputs, b) => {
    const y = node.outputs[0]!;
    if (node.domain === '' && node.opType === 'Expand' && inputs[0]!.shape.length === y.shape.length) {
      const made = copyNode(b, node, inputs);
      sources.set(made[0]!, sourceOf(inputs[0]!));
      return made;
    }
    const operands = inputs.filter((v) => v !== null);
    if (!isCombination(node) || !operands.some((v) => sources.has(v))) return undefined;
    const full = operands.find((v) => !sources.has(v) && same(v.shape, y.shape));
    if (full) return copyNode(b, node, operands.map(sourceOf));
    if (!operands.every((v) => sources.has(v) || v.shape.every((d) => d === 1))) return undefined;
    const small = b.node(node.opType, operands.map(sourceOf), node.attributes)[0]!;
    if (small.shape.length !== y.shape.length) return undefined;
    const wide = b.expand(small, staticShape(y));
    sources.set(wide, small);
    return [wide];
  });
  return prune(mapped);
}

function isCombination(node: Node): boolean {
  return node.domain === '' && (binary.has(node.opType) || node.opType === 'Neg');
}
