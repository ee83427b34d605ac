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

/** A place where values are dropped in training. */
export interface DropoutMask {
  /** Input of the training graph that the values are multiplied by: 0, or 1 / (1 - ratio) for those that stay. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Share of the values that are dropped, in (0, 1). */
  readonly ratio: number;
}

export interface TrainingGraph {
  readonly graph: Graph;
  readonly statistics: readonly BatchStatistics[];
  readonly masks: readonly DropoutMask[];
}

/**
 * The network as it is trained: batch normalization takes its statistics from the batch. They are outputs of the graph beside
 * its own (momentum 0: the node's running statistics are the batch's alone, and what is kept of them is the caller's business).
 *
 * Dropout multiplies by a mask, an input of its own, so that whoever draws it can draw it again.
 *
 * `graph` is one with its parameters as inputs (`Model.trace`), of static shape.
 */
export function trainingMode(graph: Graph): TrainingGraph {
  const statistics: BatchStatistics[] = [];
  const masks: DropoutMask[] = [];
  const found: { name: string; value: Value }[] = [];
  const mapped = mapGraph(graph, (node, inputs, b) => {
    if (node.opType === 'Dropout') {
      const mask = { name: `${node.name}.mask`, shape: staticShape(inputs[0]!), ratio: dropoutRatio(node, graph) };
      if (mask.ratio === 0) return [inputs[0]!];
      masks.push(mask);
      return [b.mul(inputs[0]!, b.input(mask.name, 'float32', mask.shape))];
    }
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
  return { graph: { ...mapped, outputs: [...mapped.outputs, ...found] }, statistics, masks };
}

/** ONNX's default is 0.5. */
function dropoutRatio(node: Node, graph: Graph): number {
  if (!node.inputs[1]) return 0.5;
  const ratio = graph.constants.get(node.inputs[1]);
  if (!ratio) throw new GraphError(`cannot train ${describeNode(node)}: its ratio is computed; expected a constant`);
  return toNumbers(ratio)[0]!;
}
