import { type Dim, type Graph, intAttribute, type Node, type Value } from '../../onnx/index.ts';

/** Where a network's class scores are, before what makes probabilities of them. */
export interface Head {
  readonly logits: Value;
  readonly classes: number;
  /** What was taken off. */
  readonly removed: 'Softmax' | 'Sigmoid' | undefined;
}

const reshaping = new Set('Identity Flatten Reshape Squeeze Unsqueeze'.split(' '));

/** Classes of a value [batch, classes], or with further axes of length 1; undefined for another one. */
export function classesOf(shape: readonly Dim[]): number | undefined {
  if (shape.length < 2) return undefined;
  const long = shape.slice(1).filter((d) => d !== 1);
  if (long.length > 1) return undefined;
  const [classes = 1] = long;
  return typeof classes === 'number' ? classes : undefined;
}

/**
 * The scores behind an output. Losses and attacks are about logits: of probabilities at the end, what went into the Softmax or Sigmoid
 * is taken. Log-probabilities are logits as good as any.
 */
export function headOf(graph: Graph, output: Value): Head | undefined {
  const classes = classesOf(output.shape);
  if (classes === undefined) return undefined;
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((v) => [v, node] as const)));
  let value = output;
  let node: Node | undefined = makers.get(value);
  while (node && reshaping.has(node.opType) && classesOf(node.inputs[0]?.shape ?? []) === classes) {
    value = node.inputs[0]!;
    node = makers.get(value);
  }
  const removed = node && (isSoftmax(node, classes) ? 'Softmax' : node.opType === 'Sigmoid' ? 'Sigmoid' : undefined);
  return removed ? { logits: node!.inputs[0]!, classes, removed } : { logits: output, classes, removed: undefined };
}

/** Whether a node is a Softmax over the classes. */
function isSoftmax(node: Node, classes: number): boolean {
  const shape = node.inputs[0]?.shape ?? [];
  return node.opType === 'Softmax' && shape.at(intAttribute(node, 'axis', -1)) === classes;
}

/** What a user should know of a head that was taken off. */
export const noteOfHead = ({ removed }: Pick<Head, 'removed'>): string =>
  removed === 'Softmax'
    ? 'the Softmax at its end was taken off: losses and attacks are about what goes into it'
    : 'the Sigmoid at its end was taken off: the scores that go into it are compared as the logits of one choice';
