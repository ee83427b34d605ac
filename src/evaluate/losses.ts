import { type GraphBuilder, staticShape, tensorOf, type Value } from '../onnx/index.ts';

export interface CrossEntropyOptions {
  /** Label smoothing s in [0, 1): the target is 1 - s + s / C for the label and s / C for the other classes, as in PyTorch. */
  readonly smoothing?: number;
  /** Some labels are no class (outside 0 .. C - 1): they count neither in the sum nor in the mean, as PyTorch's `ignore_index`. */
  readonly partial?: boolean;
}

/** Logits with the classes last, as rows: [N, C] as they are, [N, T, C] one row a token, [N, C, H, W] one row a pixel. */
function rowsOf(b: GraphBuilder, logits: Value): Value {
  const shape = staticShape(logits);
  if (shape.length === 2) return logits;
  const last = shape.length === 4 ? b.transpose(logits, [0, 2, 3, 1]) : logits;
  return b.reshape(last, [-1, staticShape(last).at(-1)!]);
}

/** -log softmax(logits)[label] in nats of each row: logits [N, C], labels int64 [N] -> [N]. */
export function surprise(b: GraphBuilder, logits: Value, labels: Value): Value {
  const count = staticShape(logits)[0]!;
  const logProbabilities = b.op('LogSoftmax', [logits], { axis: 1 });
  return b.neg(
    b.reshape(b.op('GatherElements', [logProbabilities, b.reshape(labels, [count, 1])], { axis: 1 }), [count]),
  );
}

/**
 * Mean cross-entropy in nats, a scalar; 0 where no label counts. `logits` [N, C], [N, T, C] or [N, C, H, W], `labels` int64 of the same shape
 * without the classes.
 */
export function crossEntropy(
  b: GraphBuilder,
  logits: Value,
  labels: Value,
  { smoothing = 0, partial = false }: CrossEntropyOptions = {},
): Value {
  const rows = rowsOf(b, logits);
  const [count, classes] = staticShape(rows) as [number, number];
  const logProbabilities = b.op('LogSoftmax', [rows], { axis: 1 });
  const column = b.reshape(labels, [count, 1]);
  const bounds = [0, classes - 1].map((n) => b.constant(tensorOf('int64', [], [n])));
  const within = partial ? b.op('Clip', [column, ...bounds]) : column;
  const counted = partial ? b.cast(b.op('Equal', [within, column]), logits.dtype) : undefined;
  const mean = (perRow: Value): Value => {
    if (!counted) return b.scale(b.reduceSum(perRow, [0, 1], false), 1 / count);
    const present = b.op('Max', [b.reduceSum(counted, [0, 1], false), b.scalar(1, logits.dtype)]);
    return b.div(b.reduceSum(b.mul(perRow, counted), [0, 1], false), present);
  };
  const surprise = b.neg(b.op('GatherElements', [logProbabilities, within], { axis: 1 }));
  if (smoothing === 0) return mean(surprise);
  const spread = b.neg(b.reduceMean(logProbabilities, [1]));
  return b.add(b.scale(mean(surprise), 1 - smoothing), b.scale(mean(spread), smoothing));
}
