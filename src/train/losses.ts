import { type GraphBuilder, sizeOf, staticShape, tensorOf, type Value } from '../onnx/index.ts';

export interface CrossEntropyOptions {
  /** Label smoothing s in [0, 1): the target is 1 - s + s / C for the label and s / C for the other classes, as in PyTorch. */
  readonly smoothing?: number;
}

/** Mean cross-entropy in nats, a scalar. `logits` [N, C], `labels` int64 [N] in 0 .. C - 1. */
export function crossEntropy(
  b: GraphBuilder,
  logits: Value,
  labels: Value,
  { smoothing = 0 }: CrossEntropyOptions = {},
): Value {
  const shape = staticShape(logits);
  const [count, classes] = shape as [number, number];
  const logProbabilities = b.op('LogSoftmax', [logits], { axis: 1 });
  const range = b.constant(
    tensorOf(
      'int64',
      [1, classes],
      Array.from({ length: classes }, (_, i) => i),
    ),
  );
  const hit = b.cast(b.op('Equal', [b.reshape(labels, [count, 1]), range]), logits.dtype);
  const target =
    smoothing === 0 ? hit : b.add(b.scale(hit, 1 - smoothing), b.scalar(smoothing / classes, logits.dtype));
  return b.scale(b.reduceSum(b.mul(logProbabilities, target), [0, 1], false), -classes / sizeOf(shape));
}
