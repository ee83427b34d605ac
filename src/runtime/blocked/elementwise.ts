import { floatAttribute, type Node, type PlainAttributes, type Value } from '../../onnx/index.ts';
import { setAffine } from './convolution.ts';
import { type Emission, type EmissionRule, ones } from './emission.ts';
import type { Interleave } from './pending.ts';
import { isDotProduct } from './reductions.ts';

/** Whether a value is one number, so that its order does not matter. */
function isScalar({ shape }: Value): boolean {
  return shape.every((d) => d === 1);
}

/** Whether `v` can stand beside `output` in blocked order: the same pixels and channels, and the same batch or one for all. */
function isAligned(e: Emission, v: Value, output: Value): boolean {
  const sameImage = [1, 2, 3].every((axis) => v.shape[axis] === output.shape[axis]);
  const maskOrFloat = v.dtype === 'float32' || v.dtype === 'bool';
  return e.blockShaped(v) && maskOrFloat && sameImage && (v.shape[0] === output.shape[0] || v.shape[0] === 1);
}

/** Any operator that treats each position by itself: works on blocked memory when all operands have that order. */
const elementwise: EmissionRule = (node, e) => {
  const y = node.outputs[0]!;
  const inputs = node.inputs.filter((v) => v !== null);
  if (node.outputs.length !== 1 || !e.blockShaped(y) || !inputs.some((v) => e.isBlocked(v))) return false;
  if (y.dtype !== 'float32' && y.dtype !== 'bool') return false;
  if (!inputs.every((v) => isScalar(v) || isAligned(e, v, y))) return false;
  const written = node.inputs.map((v) => (v === null ? null : isScalar(v) ? e.plain(v) : e.blocked(v)));
  const options = { name: node.name, outputNames: [y.name] };
  e.setBlocked(y, e.builder.node(node.opType, written, node.attributes, options)[0]!);
  return true;
};

/** Becomes the activation of the convolution it follows, if there is one. */
function activation(attributesOf: (node: Node, e: Emission) => PlainAttributes | undefined): EmissionRule {
  return (node, e) => {
    const conv = e.fusible(node.inputs[0]!);
    const attributes = conv && !conv.activation ? attributesOf(node, e) : undefined;
    if (!conv || !attributes) return elementwise(node, e);
    const { factors: _, ...rest } = conv;
    e.setPending(node.outputs[0]!, { ...rest, activation: attributes });
    return true;
  };
}

const clip = activation((node, e) => {
  const bounds = [node.inputs[1], node.inputs[2]].map((v) => (v ? e.constantOf(v) : null));
  if (bounds.includes(undefined)) return undefined;
  const [low, high] = bounds.map((t) => (t ? Number(t.data[0]) : undefined));
  return { activation: 'Clip', activation_params: [low ?? -3.4028234663852886e38, high ?? 3.4028234663852886e38] };
});

/** A value with one number a channel, [C, 1, 1] or [1, C, 1, 1], beside [N, C, H, W]. */
function isPerChannel(v: Value, y: Value): boolean {
  const shape = v.shape.length === 4 && v.shape[0] === 1 ? v.shape.slice(1) : v.shape;
  return v.dtype === 'float32' && shape.length === 3 && shape[0] === y.shape[1] && shape[1] === 1 && shape[2] === 1;
}

/** The operand with all pixels and the one with a number a channel, if that is what the node combines. */
function perChannelOperands(node: Node, e: Emission): { x: Value; vector: Value } | undefined {
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const y = node.outputs[0]!;
  if (y.shape[2] === 1 && y.shape[3] === 1) return undefined;
  for (const [x, vector] of [
    [a, b],
    [b, a],
  ] as const) {
    if (e.blockable(x) && e.isBlocked(x) && isPerChannel(vector, y)) return { x, vector };
  }
  return undefined;
}

const add: EmissionRule = (node, e) => {
  const y = node.outputs[0]!;
  const operands = perChannelOperands(node, e);
  if (!operands) return joinSum(node, e) || elementwise(node, e);
  const { x, vector } = operands;
  const known = e.constantOf(vector);
  if (known) {
    setAffine(e, node, x, null, known.data as Float32Array);
    return true;
  }
  const channels = y.shape[1] as number;
  const bias = e.builder.reshape(e.plain(vector), [channels]);
  const conv = e.fusible(x);
  if (conv && !conv.bias && !conv.activation && !conv.interleave) {
    const { factors: _, ...rest } = conv;
    e.setPending(y, { ...rest, bias });
  } else e.setPending(y, e.depthwise(node.name, e.blocked(x), ones(channels), bias));
  return true;
};

/**
 * An addition after a convolution becomes its `sum`, which the kernel accumulates into in place. Where the other operand is
 * needed afterwards it is copied first if that saves the pass of an activation: the kernel's own copy is single-threaded
 * (0.9 ms for 8 MB; ours and the accumulation 0.6).
 */
function joinSum(node: Node, e: Emission): boolean {
  const y = node.outputs[0]!;
  const [a, b] = [node.inputs[0]!, node.inputs[1]!];
  for (const [x, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const conv = e.fusible(x);
    const sameShape = e.blockable(other) && other.shape.every((d, i) => d === y.shape[i]);
    if (!conv || conv.sum || conv.activation || !sameShape || e.resolve(x) === e.resolve(other)) continue;
    if (e.constantOf(other) || !x.shape.every((d, i) => d === y.shape[i])) continue;
    const needed = e.usesLeft(other) > 1;
    if (needed && (conv.interleave || !becomesActivation(node, e))) continue;
    const sum = conv.interleave ? phasesOf(e, other, conv.interleave) : needed ? copied(e, other) : e.blocked(other);
    if (!sum) continue;
    const { factors: _, ...rest } = conv;
    e.setPending(y, { ...rest, sum });
    return true;
  }
  return false;
}

/** Whether all that becomes of a sum is an activation, so that keeping it apart would cost another pass. */
function becomesActivation(node: Node, e: Emission): boolean {
  const [only, ...more] = e.consumersOf(node.outputs[0]!);
  return only?.opType === 'Relu' && more.length === 0;
}

/** A copy to be summed into. By a convolution, on all threads; the kernel's own copy is made by one. */
function copied(e: Emission, v: Value): Value {
  const blocked = e.blocked(v);
  return e.writeConv(`${v.name}_copy`, e.depthwise(`${v.name}_copy`, blocked, ones(blocked.shape[1] as number), null));
}

/** `v` before it is interleaved, when it is made with the same phases. */
function phasesOf(e: Emission, v: Value, { strides }: Interleave): Value | undefined {
  const conv = e.ownConv(v);
  const same = conv?.interleave?.strides.every((s, i) => s === strides[i]);
  return conv && same ? e.writePhases(`${v.name}_phases`, conv) : undefined;
}

const multiply: EmissionRule = (node, e) => {
  if (isDotProduct(node, e)) {
    e.defer(node);
    return true;
  }
  const operands = perChannelOperands(node, e);
  if (!operands) return elementwise(node, e);
  const { x, vector } = operands;
  const known = e.constantOf(vector);
  if (known) setAffine(e, node, x, known.data as Float32Array, null);
  else {
    const channels = node.outputs[0]!.shape[1] as number;
    const factors = e.builder.reshape(e.plain(vector), [channels]);
    e.setPending(node.outputs[0]!, e.depthwise(node.name, e.blocked(x), factors, null));
  }
  return true;
};

/**
 * Where a value is above zero. As numbers 0 and 1, which is what masks in gradients are, by one pass of HardSigmoid, which
 * runs on all threads where Cast does not (0 < y < 1e-30 gives a fraction). Written where it is used: the value is kept
 * anyway, and the mask need not be.
 */
const greater: EmissionRule = (node, e) => {
  const [x, bound] = [node.inputs[0]!, e.constantOf(node.inputs[1]!)];
  const ofZero = bound?.data.length === 1 && Number(bound.data[0]) === 0;
  if (!ofZero || !e.blockable(x) || !e.isBlocked(x)) return elementwise(node, e);
  e.defer(node, () => e.builder.op('Greater', [e.blocked(x), e.plain(node.inputs[1]!)], {}, { name: node.name }));
  return true;
};

const cast: EmissionRule = (node, e) => {
  const comparison = e.deferred(node.inputs[0]!);
  if (comparison?.opType !== 'Greater' || node.outputs[0]!.dtype !== 'float32') return elementwise(node, e);
  const x = comparison.inputs[0]!;
  e.defer(node, () => e.builder.op('HardSigmoid', [e.blocked(x)], { alpha: 1e30, beta: 0 }, { name: node.name }));
  return true;
};

/** Another name for the same numbers. */
const identity: EmissionRule = (node, e) => {
  const training = node.inputs[2] && e.constantOf(node.inputs[2])?.data[0];
  if (node.outputs.length !== 1 || (node.inputs[2] && Number(training) !== 0)) return false;
  e.alias(node.outputs[0]!, node.inputs[0]!);
  return true;
};

const plainElementwise =
  'PRelu Elu Selu Celu Sigmoid HardSigmoid HardSwish Mish Tanh Gelu Erf Exp Log Sqrt Neg Abs Sign Reciprocal Floor Ceil ' +
  'Round Sin Cos Softplus Softsign Not QuickGelu Sub Div Pow Min Max Sum Mean Mod And Or Xor Equal Less LessOrEqual ' +
  'GreaterOrEqual Where IsNaN';

export const elementwiseRules: Readonly<Record<string, EmissionRule>> = {
  ...Object.fromEntries(plainElementwise.split(' ').map((op) => [op, elementwise])),
  Relu: activation(() => ({ activation: 'Relu' })),
  LeakyRelu: activation((node) => ({
    activation: 'LeakyRelu',
    activation_params: [floatAttribute(node, 'alpha', 0.01)],
  })),
  Clip: clip,
  Add: add,
  Mul: multiply,
  Greater: greater,
  Cast: cast,
  Identity: identity,
  Dropout: identity,
};
