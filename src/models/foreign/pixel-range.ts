import { type Graph, type Node, toNumbers, type Value } from '../../onnx/index.ts';

const passing = new Set('Identity Cast Transpose'.split(' '));
/** Means of pixels in [0, 1] are below this, those of pixels in [0, 255] usually above. */
const largestUnitMean = 2;

/**
 * Whether a network divides pixels by 255 itself, or takes off means that only pixels up to 255 have: what its first
 * operator does to the input says so.
 */
export function takesBytes(graph: Graph, input: Value): boolean {
  let value = input;
  for (;;) {
    const readers = graph.nodes.filter((n) => n.inputs.includes(value));
    const [node] = readers;
    if (readers.length !== 1 || !node || node.domain !== '') return false;
    if (!passing.has(node.opType)) return scalesBytes(graph, node, value);
    value = node.outputs[0]!;
  }
}

function scalesBytes({ constants }: Graph, node: Node, x: Value): boolean {
  const other = node.inputs.find((v) => v !== x);
  const data = other && constants.get(other);
  if (!data) return false;
  const sizes = toNumbers(data).map(Math.abs);
  const between = (low: number, high: number) => sizes.length > 0 && sizes.every((v) => v > low && v < high);
  // Deviations of pixels up to 255 are between 25 and 130; 127.5 and 128 are usual, too.
  if (node.opType === 'Div') return node.inputs[0] === x && between(20, 300);
  if (node.opType === 'Mul') return between(1 / 300, 1 / 20);
  if (node.opType === 'Sub' || node.opType === 'Add') return sizes.some((v) => v > largestUnitMean);
  return false;
}
