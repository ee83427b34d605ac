import type { Graph, Value } from '../../onnx/index.ts';

/** Operators that keep whatever order their input has. */
const orderless = new Set(
  'Add Sub Mul Div Relu LeakyRelu Clip Sigmoid HardSigmoid Tanh HardSwish Neg BatchNormalization Identity Dropout Where'.split(
    ' ',
  ),
);

/**
 * The values that reach a convolution through elementwise operators only. They are blocked from the start, so that what
 * else reads them (a shortcut, a mask) finds them blocked, wherever it stands in the graph.
 */
export function wantedBlocked(graph: Graph): ReadonlySet<Value> {
  const wanted = new Set<Value>();
  for (const node of [...graph.nodes].reverse()) {
    const y = node.outputs[0];
    if (!y || node.domain !== '') continue;
    if (node.opType === 'Conv' || node.opType === 'ConvTranspose') wanted.add(node.inputs[0]!);
    else if (orderless.has(node.opType) && wanted.has(y)) {
      for (const v of node.inputs) {
        const sameImage = v?.shape.length === 4 && [1, 2, 3].every((axis) => v.shape[axis] === y.shape[axis]);
        if (v && sameImage && !graph.constants.has(v)) wanted.add(v);
      }
    }
  }
  return wanted;
}
