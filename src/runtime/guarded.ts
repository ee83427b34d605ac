import {
  copyNode,
  type Graph,
  type GraphBuilder,
  intAttribute,
  mapGraph,
  type Node,
  toNumbers,
  type Value,
  windowCounts,
  windowOf,
} from '../onnx/index.ts';

/** Nodes that ONNX Runtime would end the process at, or misread, and how they are written instead. */

const integers = new Set(['int64', 'int32', 'int16', 'int8', 'uint8']);

/** Integer division by 0, or of the smallest number by -1, is a trap of the processor that ends the process. */
function mayTrap(node: Node, graph: Graph): boolean {
  if (node.domain !== '' || (node.opType !== 'Div' && node.opType !== 'Mod')) return false;
  const divisor = node.inputs[1]!;
  if (!integers.has(divisor.dtype)) return false;
  const known = graph.constants.get(divisor);
  return !known || toNumbers(known).some((v) => v === 0 || v === -1);
}

/** Quotient and remainder of a division by 0 are 0 (as in NumPy); by -1 the quotient is -x, which wraps, and the remainder 0. */
function guarded(b: GraphBuilder, node: Node, [x, divisor]: readonly Value[]): Value {
  const number = (v: number) => b.scalar(v, x!.dtype);
  const isZero = b.op('Equal', [divisor!, number(0)]);
  const signed = x!.dtype !== 'uint8';
  const isMinusOne = () => b.op('Equal', [divisor!, number(-1)]);
  const traps = signed ? b.op('Or', [isZero, isMinusOne()]) : isZero;
  const safe = b.where(traps, number(1), divisor!);
  const result = b.node(node.opType, [x!, safe], node.attributes, { name: node.name })[0]!;
  if (node.opType === 'Mod') return b.where(traps, number(0), result);
  const wrapped = signed ? b.where(isMinusOne(), b.sub(number(0), x!), result) : result;
  return b.where(isZero, number(0), wrapped);
}

const pools = new Set(['MaxPool', 'AveragePool', 'LpPool']);

/**
 * A pool with `ceil_mode` where no window is added by it: the windows that would start in the padding do not count, but ONNX Runtime's
 * shape inference (not its kernels) counts them, and then refuses the nodes that follow.
 */
function roundsForNothing(node: Node): boolean {
  if (node.domain !== '' || !pools.has(node.opType) || intAttribute(node, 'ceil_mode', 0) !== 1) return false;
  const sizes = node.inputs[0]!.shape.slice(2);
  if (!sizes.every((d) => typeof d === 'number')) return false;
  const counts = windowCounts(sizes, windowOf(node, sizes));
  return counts.every((n, i) => n === node.outputs[0]!.shape[i + 2]);
}

/** The graph in a form that ONNX Runtime computes without ending the process. Graphs without such nodes come back as they are. */
export function guardedGraph(graph: Graph): Graph {
  if (!graph.nodes.some((n) => mayTrap(n, graph) || roundsForNothing(n))) return graph;
  return mapGraph(graph, (node, inputs, b) => {
    if (mayTrap(node, graph)) return [guarded(b, node, inputs as readonly Value[])];
    if (!roundsForNothing(node)) return undefined;
    const { ceil_mode: _, ...attributes } = node.attributes;
    return copyNode(b, { ...node, attributes }, inputs);
  });
}
