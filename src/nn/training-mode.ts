import {
  floatAttribute,
  type Graph,
  type GraphBuilder,
  GraphError,
  intAttribute,
  mapGraph,
  type Node,
  staticShape,
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
 * its own. The normalization is written as y = x s + t with one s and t a channel, and the variance as E[x²] - E[x]², so that the
 * gradient comes out in the same form (one scale of x and of the cotangent, and one offset, a channel).
 *
 * `graph` is one with its parameters as inputs (`Model.trace`), of static shape.
 */
export function trainingMode(graph: Graph): { graph: Graph; statistics: readonly BatchStatistics[] } {
  const statistics: BatchStatistics[] = [];
  const found = new Map<string, Value>();
  const mapped = mapGraph(graph, (node, inputs, b) => {
    if (node.opType !== 'BatchNormalization' || intAttribute(node, 'training_mode', 0) === 1) return undefined;
    const { y, mean, variance, count } = normalizeByBatch(node, inputs, b);
    const [runningMean, runningVariance] = [node.inputs[3]!.name, node.inputs[4]!.name];
    const names = { mean: `${node.name}.batch_mean`, variance: `${node.name}.batch_var` };
    found.set(names.mean, mean).set(names.variance, variance);
    statistics.push({ running: { mean: runningMean, variance: runningVariance }, batch: names, count });
    return [y];
  });
  const outputs = [...mapped.outputs, ...[...found].map(([name, value]) => ({ name, value }))];
  return { graph: { ...mapped, outputs }, statistics };
}

function normalizeByBatch(node: Node, inputs: readonly (Value | null)[], b: GraphBuilder) {
  const [x, gamma, beta] = inputs as readonly Value[];
  if (!x || !gamma || !beta) throw new GraphError(`BatchNormalization "${node.name}": inputs are missing`);
  const shape = staticShape(x);
  const axes = shape.map((_, i) => i).filter((i) => i !== 1);
  const count = axes.reduce((n, i) => n * shape[i]!, 1);
  const channels = shape[1]!;
  const wide = (v: Value) => b.reshape(v, [1, channels, ...Array<number>(shape.length - 2).fill(1)]);
  const mean = b.reduceMean(x, axes);
  const square = b.reduceMean(b.mul(x, x), axes);
  // Rounding can make the difference negative.
  const variance = b.relu(b.sub(square, b.mul(mean, mean)));
  const epsilon = b.scalar(floatAttribute(node, 'epsilon', 1e-5), x.dtype);
  const scale = b.mul(wide(gamma), b.op('Reciprocal', [b.op('Sqrt', [b.add(variance, epsilon)])]));
  const offset = b.sub(wide(beta), b.mul(mean, scale));
  const y = b.op('Add', [b.op('Mul', [x, scale], {}, { name: `${node.name}.scale` }), offset], {}, { name: node.name });
  return { y, mean: b.reshape(mean, [channels]), variance: b.reshape(variance, [channels]), count };
}
