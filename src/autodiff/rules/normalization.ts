import {
  floatAttribute,
  type GraphBuilder,
  intAttribute,
  intsAttribute,
  sizeOf,
  staticShape,
  tensorOf,
  toNumbers,
  type Value,
} from '../../onnx/index.ts';
import { foldedConstant, reshaped } from '../folding.ts';
import { alongAxis, bandMatrix } from '../separable.ts';
import { addedToZeros } from './indexing.ts';
import { type Adjoint, type Rule, sum, type TangentContext } from './rule.ts';

/** Softmax and the normalizations: each element also depends on statistics over some axes. */

/** dy = y (dx - sum(y dx)). */
function softmax(c: TangentContext): Value {
  const { b, y } = c;
  const axis = c.axis(intAttribute(c.node, 'axis', -1));
  const weighted = b.mul(c.t(0)!, y);
  return b.sub(weighted, b.mul(y, b.reduceSum(weighted, [axis])));
}

/**
 * dy = dx - sum(exp(y) dx); back: ct - exp(y) sum(ct). Where the loss looks at a few of the log-probabilities alone (those of the labels), ct is
 * zero but for these, and the large sum and difference shrink to them.
 */
function logSoftmax(c: TangentContext): Value {
  const { b, y } = c;
  const axis = c.axis(intAttribute(c.node, 'axis', -1));
  const probability = b.op('Exp', [y]);
  const tangent = b.sub(c.t(0)!, b.reduceSum(b.mul(c.t(0)!, probability), [axis]));
  return c.withAdjoint(tangent, (_, ct) => {
    const few = addedToZeros(b, ct, axis);
    if (!few) return [b.sub(ct, b.mul(probability, b.reduceSum(ct, [axis])))];
    const whole = b.mul(probability, b.neg(b.reduceSum(few.values, [axis])));
    return [b.op('ScatterElements', [whole, few.positions, few.values], { axis, reduction: 'add' })];
  });
}

interface Standardized {
  readonly mean: Value;
  readonly centred: Value;
  /** 1 / sqrt(variance + epsilon). */
  readonly inverse: Value;
  /** (x - mean) * inverse. */
  readonly normal: Value;
}

function standardize(b: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Standardized {
  const mean = b.reduceMean(x, axes);
  const centred = b.sub(x, mean);
  const variance = b.reduceMean(b.mul(centred, centred), axes);
  const inverse = b.op('Reciprocal', [b.op('Sqrt', [b.add(variance, b.scalar(epsilon, x.dtype))])]);
  return { mean, centred, inverse, normal: b.mul(centred, inverse) };
}

/** d normal = inverse (dx - mean(dx) - normal mean(normal dx)). */
function standardizedTangent(b: GraphBuilder, s: Standardized, dx: Value, axes: readonly number[]): Value {
  const scaled = b.mul(dx, s.inverse);
  const along = b.mul(s.normal, b.reduceMean(b.mul(scaled, s.normal), axes));
  return b.sub(b.sub(scaled, b.reduceMean(scaled, axes)), along);
}

/** y = scale normal + bias, with scale and bias reshaped so that they broadcast. */
function affineTangent(c: TangentContext, normal: Value, dnormal: Value | null, reshape: (v: Value) => Value): Value {
  const { b } = c;
  const [dscale, dbias] = [c.t(1), c.t(2)];
  const terms = [
    dnormal && b.mul(dnormal, reshape(c.x(1))),
    dscale && b.mul(reshape(dscale), normal),
    dbias && reshape(dbias),
  ];
  return c.fit(sum(b, terms)!);
}

/** [C] to [1, C, 1, ...]: one entry per channel. */
function perChannel(b: GraphBuilder, v: Value, rank: number): Value {
  return reshaped(b, v, [1, staticShape(v)[0]!, ...Array<number>(rank - 2).fill(1)]);
}

/** scale / sqrt(variance + epsilon) as [1, C, 1, ...]; computed now when both are constants. */
function evaluationFactor(b: GraphBuilder, scale: Value, variance: Value, epsilon: number, rank: number): Value {
  const [s, v] = [b.constantOf(scale), b.constantOf(variance)];
  if (s && v) {
    const variances = toNumbers(v);
    const factors = toNumbers(s).map((factor, i) => factor / Math.sqrt(variances[i]! + epsilon));
    const folded = foldedConstant(b, `${scale.name}_factor`, tensorOf(scale.dtype, s.shape, factors), [s, v]);
    return perChannel(b, folded, rank);
  }
  const deviation = b.op('Sqrt', [b.add(variance, b.scalar(epsilon, variance.dtype))]);
  return perChannel(b, b.div(scale, b.cast(deviation, scale.dtype)), rank);
}

/** Evaluation: y = (x - mean) factor + bias with running statistics, which may be active as well. */
function batchNormEvaluation(c: TangentContext, epsilon: number): Value {
  const { b } = c;
  const rank = c.x(0).shape.length;
  const [dx, dscale, dbias, dmean, dvariance] = [c.t(0), c.t(1), c.t(2), c.t(3), c.t(4)];
  const wide = (v: Value) => perChannel(b, v, rank);
  const factor = () => evaluationFactor(b, c.x(1), c.x(4), epsilon, rank);
  const centred = () => b.sub(c.x(0), wide(c.x(3)));
  const shifted = () => b.add(wide(c.x(4)), b.scalar(epsilon, c.y.dtype));
  const terms = [
    dx && b.mul(dx, factor()),
    dscale && b.mul(wide(dscale), b.div(centred(), b.op('Sqrt', [shifted()]))),
    dbias && wide(dbias),
    dmean && b.neg(b.mul(wide(dmean), factor())),
    dvariance && b.mul(wide(dvariance), b.scale(b.div(b.mul(centred(), factor()), shifted()), -0.5)),
  ];
  return c.fit(sum(b, terms)!);
}

/** Mean of the batch and 1 / sqrt(variance + epsilon), [1, C, 1, ...]; from the node itself where its outputs are just these. */
function batchStatistics(c: TangentContext, axes: readonly number[], epsilon: number, momentum: number): Standardized {
  const { b } = c;
  const x = c.x(0);
  if (momentum !== 0 || c.outputs.length < 3) return standardize(b, x, axes, epsilon);
  const wide = (v: Value) => perChannel(b, v, x.shape.length);
  const mean = wide(c.outputs[1]!);
  const centred = b.sub(x, mean);
  const deviation = b.op('Sqrt', [b.add(wide(c.outputs[2]!), b.scalar(epsilon, x.dtype))]);
  const inverse = b.op('Reciprocal', [deviation]);
  return { mean, centred, inverse, normal: b.mul(centred, inverse) };
}

/** Training: the statistics are those of the batch; outputs 1 and 2 are the running ones, (1 - momentum) new. */
function batchNormTraining(c: TangentContext, epsilon: number): (Value | null)[] {
  const { b } = c;
  if (c.batched) c.fail('works along the batch axis, which holds the tangent vectors');
  const x = c.x(0);
  const axes = x.shape.map((_, i) => i).filter((i) => i !== 1);
  const momentum = floatAttribute(c.node, 'momentum', 0.9);
  const s = batchStatistics(c, axes, epsilon, momentum);
  const dx = c.t(0);
  const dnormal = dx && standardizedTangent(b, s, dx, axes);
  const y = () =>
    c.withAdjoint(
      affineTangent(c, s.normal, dnormal, (v) => perChannel(b, v, x.shape.length)),
      batchNormAdjoint(c, s, axes),
    );
  const running = (old: Value | null, fresh: Value | null) =>
    sum(b, [old && b.scale(old, momentum), fresh && b.scale(fresh, 1 - momentum)]);
  const dmean = () => dx && b.reduceMean(dx, axes, false);
  const dvariance = () => dx && b.scale(b.reduceMean(b.mul(dx, s.centred), axes, false), 2);
  return [
    c.wanted(0) ? y() : null,
    c.wanted(1) ? running(c.t(3), dmean()) : null,
    c.wanted(2) ? running(c.t(4), dvariance()) : null,
  ];
}

/**
 * With n = (x - mean) inverse, M values a channel, and sums over these: dbias = sum ct, dscale = sum ct n, and
 * dx = scale inverse (ct - n dscale / M - dbias / M), written with one factor of x and one offset a channel.
 */
function batchNormAdjoint(c: TangentContext, s: Standardized, axes: readonly number[]): Adjoint['transpose'] {
  const x = c.x(0);
  const shape = staticShape(x);
  const count = axes.reduce((n, i) => n * shape[i]!, 1);
  return (b, ct) => {
    const { mean } = s;
    const bias = b.reduceSum(ct, axes);
    const scale = b.mul(s.inverse, b.sub(b.reduceSum(b.mul(ct, x), axes), b.mul(mean, bias)));
    const factor = b.scale(b.mul(s.inverse, scale), -1 / count);
    const offset = b.neg(b.add(b.mul(mean, factor), b.scale(bias, 1 / count)));
    const inner = b.add(ct, b.add(b.mul(x, factor), offset));
    const outer = b.mul(perChannel(b, c.x(1), shape.length), s.inverse);
    return [b.mul(inner, outer), b.reshape(scale, [shape[1]!]), b.reshape(bias, [shape[1]!])];
  };
}

function batchNormalization(c: TangentContext): Value | readonly (Value | null)[] {
  const epsilon = floatAttribute(c.node, 'epsilon', 1e-5);
  return intAttribute(c.node, 'training_mode', 0) === 1
    ? batchNormTraining(c, epsilon)
    : batchNormEvaluation(c, epsilon);
}

/** Over the last axes, from `axis` on. */
function layerNormalization(c: TangentContext): Value {
  const { b } = c;
  if (c.wanted(1) || c.wanted(2)) c.fail('only its first output has a derivative');
  const x = c.x(0);
  const first = c.axis(intAttribute(c.node, 'axis', -1));
  const axes = x.shape.map((_, i) => i).filter((i) => i >= first);
  const s = standardize(b, x, axes, floatAttribute(c.node, 'epsilon', 1e-5));
  const dx = c.t(0);
  return affineTangent(c, s.normal, dx && standardizedTangent(b, s, dx, axes), (v) => v);
}

/** Over the spatial axes of each channel of each image. */
function instanceNormalization(c: TangentContext): Value {
  const { b } = c;
  const x = c.x(0);
  const axes = x.shape.map((_, i) => i).slice(2);
  const s = standardize(b, x, axes, floatAttribute(c.node, 'epsilon', 1e-5));
  const dx = c.t(0);
  const wide = (v: Value) => perChannel(b, v, x.shape.length);
  return affineTangent(c, s.normal, dx && standardizedTangent(b, s, dx, axes), wide);
}

/** Over groups of channels; scale and bias have one entry a group (operator set 18) or a channel (21). */
function groupNormalization(c: TangentContext): Value {
  const { b } = c;
  const x = c.x(0);
  const [, channels, ...sizes] = staticShape(x) as [number, number, ...number[]];
  const groups = intAttribute(c.node, 'num_groups', 1);
  const grouped = (v: Value) => b.reshape(v, [staticShape(v)[0]!, groups, channels / groups, sizeOf(sizes)]);
  const axes = [2, 3];
  const s = standardize(b, grouped(x), axes, floatAttribute(c.node, 'epsilon', 1e-5));
  const dx = c.t(0);
  const dnormal = dx && standardizedTangent(b, s, grouped(dx), axes);
  const wide = (v: Value) => {
    const entries = staticShape(v)[0]!;
    if (entries === channels) return perChannel(b, v, x.shape.length);
    const repeated = b.expand(b.reshape(v, [groups, 1]), [groups, channels / groups]);
    return b.reshape(repeated, [1, channels, ...sizes.map(() => 1)]);
  };
  const normal = b.reshape(s.normal, staticShape(x));
  return affineTangent(c, normal, dnormal && b.reshape(dnormal, c.shapeOf(x)), wide);
}

/** 1 where x is 0: what is divided there is 0, too, and so stays. */
const orOne = (b: GraphBuilder, x: Value): Value => b.add(x, b.cast(b.op('Equal', [x, b.scalar(0, x.dtype)]), x.dtype));

/** y = x / |x| along an axis, in the norm of order 1 or 2; 0 stays 0. */
function lpNormalization(c: TangentContext): Value {
  const { b, y } = c;
  const x = c.x(0);
  const axis = c.axis(intAttribute(c.node, 'axis', -1));
  const absolute = intAttribute(c.node, 'p', 2) === 1;
  const norm = b.op(absolute ? 'ReduceL1' : 'ReduceL2', [x, b.integers([axis])]);
  const safe = orOne(b, norm);
  // How the norm changes.
  const along = b.reduceSum(b.mul(c.t(0)!, absolute ? b.op('Sign', [x]) : y), [axis]);
  return b.div(b.sub(c.t(0)!, b.mul(y, along)), safe);
}

/** y = (x - mean) / (deviation + 1e-9) over some axes. */
function meanVarianceNormalization(c: TangentContext): Value {
  const { b, y } = c;
  const x = c.x(0);
  const axes = (intsAttribute(c.node, 'axes') ?? [0, 2, 3]).map((a) => c.axis(a));
  const centred = b.sub(x, b.reduceMean(x, axes));
  const deviation = b.op('Sqrt', [b.reduceMean(b.mul(centred, centred), axes)]);
  const dx = c.t(0)!;
  const slope = b.reduceMean(b.mul(dx, b.div(centred, orOne(b, deviation))), axes);
  const moved = b.sub(b.sub(dx, b.reduceMean(dx, axes)), b.mul(y, slope));
  return b.div(moved, b.add(deviation, b.scalar(1e-9, x.dtype)));
}

/** y = x d^-beta with d = bias + alpha / size times the sum of squares over `size` neighbouring channels. */
function localResponseNormalization(c: TangentContext): Value {
  const { b, node } = c;
  const x = c.x(0);
  const channels = staticShape(x)[1]!;
  const size = intAttribute(node, 'size', 1);
  const [alpha, beta] = [floatAttribute(node, 'alpha', 1e-4), floatAttribute(node, 'beta', 0.75)];
  const before = Math.floor((size - 1) / 2);
  const neighbours = bandMatrix(x.dtype, channels, channels, (i) =>
    Array.from({ length: size }, (_, k) => [i - before + k, 1] as const).filter(([j]) => j >= 0 && j < channels),
  );
  const squares = alongAxis(b, b.mul(x, x), 1, neighbours);
  const d = b.add(b.scale(squares, alpha / size), b.scalar(floatAttribute(node, 'bias', 1), x.dtype));
  const power = (p: number) => b.op('Pow', [d, b.scalar(p, x.dtype)]);
  const moved = alongAxis(b, b.mul(c.t(0)!, x), 1, neighbours);
  const slope = b.scale(b.mul(x, power(-beta - 1)), (-2 * alpha * beta) / size);
  return b.add(b.mul(c.t(0)!, power(-beta)), b.mul(moved, slope));
}

export const normalizationRules: Readonly<Record<string, Rule>> = {
  Softmax: { tangent: softmax },
  LogSoftmax: { tangent: logSoftmax },
  BatchNormalization: { tangent: batchNormalization },
  LayerNormalization: { tangent: layerNormalization },
  InstanceNormalization: { tangent: instanceNormalization },
  GroupNormalization: { tangent: groupNormalization },
  LpNormalization: { tangent: lpNormalization },
  MeanVarianceNormalization: { tangent: meanVarianceNormalization },
  LRN: { tangent: localResponseNormalization },
};
