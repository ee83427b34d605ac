import {
  describeNode,
  type Graph,
  GraphError,
  intAttribute,
  mapGraph,
  type Node,
  staticShape,
  toNumbers,
  type Value,
} from '../onnx/index.ts';

/** A batch normalization whose running statistics are to follow those of the batches. */
export interface BatchStatistics {
  /** Names of the running mean and variance, parameters of the model. */
  readonly running: { readonly mean: string; readonly variance: string };
  /** Outputs of the training graph with the mean and the (biased) variance of the batch, [C]. */
  readonly batch: { readonly mean: string; readonly variance: string };
  /** Values that each statistic is taken over: batch x height x width. */
  readonly count: number;
}

/**
 * The network as it is trained: batch normalization takes its statistics from the batch. They are outputs of the graph beside
 * its own (momentum 0: the node's running statistics are the batch's alone, and what is kept of them is the caller's business).
 *
 * `graph` is one with its parameters as inputs (`Model.trace`), of static shape. Throws GraphError for a Dropout that would drop
 * something: its draws are not made yet.
 */
export function trainingMode(graph: Graph): { graph: Graph; statistics: readonly BatchStatistics[] } {
  const statistics: BatchStatistics[] = [];
  const found: { name: string; value: Value }[] = [];
  const mapped = mapGraph(graph, (node, inputs, b) => {
    if (node.opType === 'Dropout') requireNoDropout(node, graph);
    if (node.opType !== 'BatchNormalization' || intAttribute(node, 'training_mode', 0) === 1) return undefined;
    const batch = { mean: `${node.name}.batch_mean`, variance: `${node.name}.batch_var` };
    const attributes = {
      ...node.attributes,
      training_mode: { type: 'int', value: 1 } as const,
      momentum: { type: 'float', value: 0 } as const,
    };
    const [y, mean, variance] = b.node('BatchNormalization', inputs, attributes, { name: node.name, outputs: 3 });
    found.push({ name: batch.mean, value: mean! }, { name: batch.variance, value: variance! });
    const count = staticShape(y!).reduce((n, d, i) => (i === 1 ? n : n * d), 1);
    const running = { mean: node.inputs[3]!.name, variance: node.inputs[4]!.name };
    statistics.push({ running, batch, count });
    return [y!];
  });
  return { graph: { ...mapped, outputs: [...mapped.outputs, ...found] }, statistics };
}

/** ONNX's default ratio of a Dropout is 0.5. */
function requireNoDropout(node: Node, graph: Graph): void {
  const ratio = node.inputs[1] ? graph.constants.get(node.inputs[1]) : undefined;
  if (!ratio || toNumbers(ratio)[0] !== 0) {
    throw new GraphError(
      `cannot train ${describeNode(node)} yet: dropout is not drawn; lay the model out with dropout 0`,
    );
  }
}
