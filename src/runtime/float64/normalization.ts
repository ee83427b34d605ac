import {
  floatAttribute,
  type GraphBuilder,
  intAttribute,
  intsAttribute,
  type Shape,
  staticShape,
  tensor,
  type Value,
} from '../../onnx/index.ts';
import type { Lowering } from './lowering.ts';

/** (x - mean) / sqrt(variance + epsilon) over some axes. */
function standardized(b: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Value {
  const centred = b.sub(x, b.reduceMean(x, axes));
  const variance = b.reduceMean(b.mul(centred, centred), axes);
  return b.div(centred, b.op('Sqrt', [b.add(variance, b.scalar(epsilon, 'float64'))]));
}

const pixels = (shape: Shape) => shape.slice(2).map((_, i) => i + 2);

/** [C] beside [N, C, ...]. */
const perChannel = (b: GraphBuilder, v: Value, { shape }: Value) =>
  b.reshape(v, [1, -1, ...pixels(shape).map(() => 1)]);

const instanceNormalization: Lowering = (node, [x, scale, bias], b) => {
  const normal = standardized(b, x!, pixels(x!.shape), floatAttribute(node, 'epsilon', 1e-5));
  return b.add(b.mul(normal, perChannel(b, scale!, x!)), perChannel(b, bias!, x!));
};

/** Sums of squares over neighbouring channels, as a product with a band of ones. */
const localResponseNormalization: Lowering = (node, [x], b) => {
  const [n, channels, ...rest] = staticShape(x!) as [number, number, ...number[]];
  const size = intAttribute(node, 'size', 1);
  const before = Math.floor((size - 1) / 2);
  const near = new Float64Array(channels * channels);
  for (let i = 0; i < channels; i++)
    for (let j = Math.max(0, i - before); j < Math.min(channels, i - before + size); j++) near[i * channels + j] = 1;
  const squares = b.reshape(b.mul(x!, x!), [n, channels, -1]);
  const sums = b.reshape(b.matMul(b.constant(tensor('float64', [channels, channels], near)), squares), [
    n,
    channels,
    ...rest,
  ]);
  const [alpha, beta] = [floatAttribute(node, 'alpha', 1e-4), floatAttribute(node, 'beta', 0.75)];
  const d = b.add(b.scale(sums, alpha / size), b.scalar(floatAttribute(node, 'bias', 1), 'float64'));
  return b.div(x!, b.op('Pow', [d, b.scalar(beta, 'float64')]));
};

const meanVarianceNormalization: Lowering = (node, [x], b) => {
  const axes = intsAttribute(node, 'axes') ?? [0, 2, 3];
  const centred = b.sub(x!, b.reduceMean(x!, axes));
  const deviation = b.op('Sqrt', [b.reduceMean(b.mul(centred, centred), axes)]);
  return b.div(centred, b.add(deviation, b.scalar(1e-9, 'float64')));
};

export const normalizationLowerings: Readonly<Record<string, Lowering>> = {
  InstanceNormalization: instanceNormalization,
  LRN: localResponseNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
};
