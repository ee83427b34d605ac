import { type Graph, mapGraph, type Node, prune, type Value } from '../../onnx/index.ts';

/** An addition (x + a) + m whose inner sum nothing else reads, a and m being made of x: two branches beside each other. */
interface Beside {
  readonly inner: Node;
  readonly shortcut: Value;
  /** a and m. */
  readonly branches: readonly [Value, Value];
}

/** What a user is told. */
export const besideNote = 'branches that stand beside each other are added before the shortcut is';

const sameShape = (a: Value, b: Value) => a.shape.join() === b.shape.join();

/** Whether `value` is made of `from`. */
function madeOf(makers: ReadonlyMap<Value, Node>, value: Value, from: Value): boolean {
  const seen = new Set([value]);
  // A set is walked in the order in which it grows.
  for (const v of seen) {
    if (v === from) return true;
    for (const input of makers.get(v)?.inputs ?? []) if (input) seen.add(input);
  }
  return false;
}

function besides(graph: Graph): ReadonlyMap<Node, Beside> {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((v) => [v, node] as const)));
  const readers = new Map<Value, number>(graph.outputs.map(({ value }) => [value, 2]));
  for (const node of graph.nodes) for (const v of node.inputs) if (v) readers.set(v, (readers.get(v) ?? 0) + 1);
  const found = new Map<Node, Beside>();
  for (const node of graph.nodes) {
    if (node.opType !== 'Add') continue;
    for (const [sum, other] of [node.inputs, node.inputs.toReversed()]) {
      const inner = sum ? makers.get(sum) : undefined;
      // One that has been put beside another already is no sum of a state any more.
      if (!other || inner?.opType !== 'Add' || readers.get(sum!) !== 1 || found.has(inner)) continue;
      const [p, q] = inner.inputs as readonly [Value, Value];
      if (![p, q, other].every((v) => sameShape(v, sum!))) continue;
      const beside = ([shortcut, branch]: readonly [Value, Value]) =>
        [branch, other].every((v) => v !== shortcut && madeOf(makers, v, shortcut));
      const order = (
        [
          [p, q],
          [q, p],
        ] as const
      ).find((pair) => !graph.constants.has(pair[0]) && beside(pair));
      if (!order) continue;
      found.set(node, { inner, shortcut: order[0], branches: [order[1], other] });
      break;
    }
  }
  return found;
}

/**
 * The network with (x + a(x)) + m(x) written as x + (a(x) + m(x)): attention and feed-forward layers beside each other, as GPT-NeoX and PaLM have them, are then one unit
 * of both, whatever the order of their sums. `changed` is called where there are some.
 */
export function joinParallelBranches(graph: Graph, changed: () => void): Graph {
  const found = besides(graph);
  if (found.size === 0) return graph;
  changed();
  const copies = new Map<Value, Value>();
  const mapped = mapGraph(graph, (node, inputs, b) => {
    node.inputs.forEach((v, i) => {
      if (v) copies.set(v, inputs[i]!);
    });
    const beside = found.get(node);
    if (!beside) return undefined;
    const { inner, shortcut, branches } = beside;
    const terms = branches.map((v) => copies.get(v)!);
    const [both] = b.node('Add', terms, {}, { name: `${inner.name}_branches` });
    const outputNames = [node.outputs[0]!.name];
    return b.node('Add', [copies.get(shortcut)!, both!], {}, { name: node.name, outputNames });
  });
  // A third branch stands beside the two that are one now.
  return joinParallelBranches(prune(mapped), changed);
}
