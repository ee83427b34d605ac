import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  type Node,
  type TensorData,
  type Value,
  windowOf,
} from '../../onnx/index.ts';
import { depthwiseGradient } from './depthwise-gradient.ts';
import { type Emission, type EmissionRule, ones } from './emission.ts';
import { blockedFilter } from './filters.ts';
import type { FilterOrder } from './layout.ts';
import { isKnown, type Operand, type PendingConv, scaleInput, scaleOutput, tiledOperand } from './pending.ts';
import { type Phases, phaseFilters, phaseFiltersInGraph, phasesOf } from './phases.ts';
import { overImages } from './reductions.ts';
import { weightGradient } from './weight-gradient.ts';

type Numbers = readonly number[];

/** The shape when all of it but the batch is known. */
function knownShape(v: Value): Numbers | undefined {
  return v.shape.slice(1).every((d) => typeof d === 'number') ? (v.shape as Numbers) : undefined;
}

/** Which filter order ONNX Runtime's kernel takes for these channels, if any. */
function orderFor(e: Emission, inChannels: number, filter: Numbers, group: number): FilterOrder | undefined {
  const [out, inPerGroup] = filter as [number, number];
  if (out % e.block !== 0) return undefined;
  if (group === inChannels && group === out && group > 1) return 'outer';
  if (group === 1 && inPerGroup < e.block) return 'outer';
  const whole = inPerGroup % e.block === 0 && (out / group) % e.block === 0;
  return whole ? 'dense' : undefined;
}

const conv: EmissionRule = (node, e) => {
  if (weightGradient(node, e) || depthwiseGradient(node, e)) return true;
  const [x, w, bias] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2] ?? null];
  const [xShape, filter] = [knownShape(x), knownShape(w)];
  if (x.dtype !== 'float32' || !xShape || xShape.length !== 4 || !filter || typeof filter[0] !== 'number') return false;
  const group = intAttribute(node, 'group', 1);
  const order = orderFor(e, xShape[1]!, filter, group);
  if (!order) return false;
  const { kernel, strides, dilations, pads } = windowOf(node, xShape.slice(2), filter.slice(2));
  if (pads.some((p) => p < 0)) return false;
  const fewChannels = group === 1 && order === 'outer';
  const before = factorsBefore(e, x, w, group);
  e.setPending(node.outputs[0]!, {
    name: node.name,
    input: before?.input ?? (fewChannels ? e.plain(x) : e.blocked(x)),
    filter: e.filter(w, order, group, before?.factors),
    order,
    bias: bias && e.operand(bias),
    sum: null,
    window: { kernel_shape: kernel, strides, dilations, pads, group },
  });
  return true;
};

/**
 * What `x` is times one factor a channel, when a filter can take the factors: nobody else reads `x`, or they are numbers of the run
 * (then every reader is likely to take them, and x itself need not be written).
 */
function factorsBefore(e: Emission, x: Value, filter: Value, group: number) {
  const before = e.pendingOf(x);
  if (!before?.factors) return undefined;
  const known = isKnown(before.factors);
  if (known && e.usesLeft(x) !== 1) return undefined;
  const simple = group === 1 || group === x.shape[1];
  if (!simple && !(known && e.constantOf(filter))) return undefined;
  return { input: before.input, factors: before.factors };
}

/**
 * The transpose of a (strided) convolution. Output pixels of the same phase (row mod stride, column mod stride) come from
 * an ordinary convolution of the input; all phases are computed as one convolution with stride^2 times the filters, and
 * then interleaved.
 */
const convTranspose: EmissionRule = (node, e) => {
  const [x, w, bias] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2] ?? null];
  const y = node.outputs[0]!;
  const [xShape, yShape, filter] = [knownShape(x), knownShape(y), knownShape(w)];
  if (xShape?.length !== 4 || !yShape || !filter || !e.blockable(x) || !e.blockable(y)) return false;
  const channels = xShape[1]!;
  const depthwise = channels > 1 && intAttribute(node, 'group', 1) === channels && filter[1] === 1;
  if (!(depthwise || intAttribute(node, 'group', 1) === 1) || intsAttribute(node, 'output_shape')) return false;
  const window = windowOf(node, xShape.slice(2), filter.slice(2));
  const phases = phasesOf(filter.slice(2), window, xShape.slice(2), yShape.slice(2));
  if (!phases) return false;
  const { count, pads } = phases;
  const biases = bias && e.constantOf(bias);
  if (bias && !biases) return false;
  const { group, ...operands } = (depthwise ? depthwisePhases : densePhases)(e, x, w, phases);
  const conv: PendingConv = {
    name: node.name,
    ...operands,
    bias: biases ? tiledOperand(biases, count) : null,
    sum: null,
    window: { kernel_shape: phases.kernel, pads, group },
  };
  const strides = window.strides as readonly [number, number];
  e.setPending(y, count === 1 ? conv : { ...conv, interleave: { strides, shape: y.shape } });
  return true;
};

/** Filters [Ci, Co, kh, kw] of a transposed convolution as those of its phases, their input channels scaled. */
function phaseOperand(e: Emission, filters: Value, phases: Phases, factors: Operand | undefined): Operand {
  const known = e.constantOf(filters);
  if (known && (!factors || isKnown(factors))) {
    const made = phaseFilters(known, phases);
    return factors ? scaleInput(made, factors.data as Float32Array, 1) : made;
  }
  const made = phaseFiltersInGraph(e.builder, e.plain(filters), phases);
  const scaled = factors ? e.builder.mul(made, e.inputFactors(made, 1, factors)) : made;
  return blockedFilter(e.builder, scaled, e.block, 'dense');
}

type PhaseOperands = Pick<PendingConv, 'input' | 'filter' | 'order'> & { readonly group: number };

/** What the phases of a transposed convolution are made of. */
function densePhases(e: Emission, x: Value, filters: Value, phases: Phases): PhaseOperands {
  const before = factorsBefore(e, x, filters, 1);
  const filter = phaseOperand(e, filters, phases, before?.factors);
  return { input: before?.input ?? e.blocked(x), filter, order: 'dense', group: 1 };
}

/** The same of a depthwise one, with filters [C, 1, kh, kw]: each phase has its own copy of the channels, [count C, 1, kh', kw']. */
function depthwisePhases(e: Emission, x: Value, filters: Value, phases: Phases): PhaseOperands {
  const { builder: b } = e;
  const { count, kernel } = phases;
  const group = count * (filters.shape[0] as number);
  const shape = [group, 1, ...kernel];
  const input = count > 1 ? b.op('Concat', Array(count).fill(e.blocked(x)), { axis: 1 }) : e.blocked(x);
  const known = e.constantOf(filters);
  const filter = known
    ? { ...phaseFilters(known, phases), shape }
    : blockedFilter(b, b.reshape(phaseFiltersInGraph(b, e.plain(filters), phases), shape), e.block, 'outer');
  return { input, filter, order: 'outer', group };
}

/** Evaluation: one scale and one offset a channel. */
const batchNormalization: EmissionRule = (node, e) => {
  const [x, gamma, beta, mean, variance] = node.inputs as readonly Value[];
  if (!x || !gamma || !beta || !mean || !variance) return false;
  if (!e.blockable(x) || !e.isBlocked(x)) return false;
  if (intAttribute(node, 'training_mode', 0) === 1) return batchNormalizationInTraining(node, e);
  if (node.outputs.length !== 1) return false;
  const { builder: b } = e;
  const y = node.outputs[0]!;
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const known = [gamma, beta, mean, variance].map((v) => e.constantOf(v)?.data as Float32Array | undefined);
  const [g, o, m, v] = known;
  if (g && o && m && v) {
    const scale = g.map((gi, i) => gi / Math.sqrt(v[i]! + epsilon));
    setAffine(
      e,
      node,
      x,
      scale,
      o.map((oi, i) => oi - m[i]! * scale[i]!),
    );
    return true;
  }
  const deviation = b.op('Sqrt', [b.add(e.plain(variance), b.scalar(epsilon))]);
  const scale = b.div(e.plain(gamma), deviation);
  const offset = b.sub(e.plain(beta), b.mul(e.plain(mean), scale));
  e.setPending(y, e.depthwise(node.name, e.blocked(x), scale, offset));
  return true;
};

/**
 * Training: statistics by pooling and by the dot product of each channel with itself, then one scale and one offset a channel.
 * ONNX Runtime's own kernel is single-threaded.
 */
function batchNormalizationInTraining(node: Node, e: Emission): boolean {
  const [x, gamma, beta, oldMean, oldVariance] = node.inputs as readonly Value[];
  const [y, newMean, newVariance] = node.outputs;
  if (!x!.shape.every((d) => typeof d === 'number')) return false;
  const { builder: b } = e;
  const mean = overImages(e, [x!], 'ReduceMean', `${node.name}_mean`);
  const squares = overImages(e, [x!, x!], 'ReduceMean', node.name);
  // Rounding can make the difference negative.
  const variance = b.relu(b.sub(squares, b.mul(mean, mean)));
  const deviation = b.op('Sqrt', [b.add(variance, b.scalar(floatAttribute(node, 'epsilon', 1e-5)))]);
  const scale = b.div(e.plain(gamma!), deviation);
  const offset = b.sub(e.plain(beta!), b.mul(mean, scale));
  const kept = floatAttribute(node, 'momentum', 0.9);
  const running = (old: Value, fresh: Value) =>
    kept === 0 ? fresh : b.add(b.scale(e.plain(old), kept), b.scale(fresh, 1 - kept));
  if (newMean) e.setPlain(newMean, running(oldMean!, mean));
  if (newVariance) e.setPlain(newVariance, running(oldVariance!, variance));
  e.setPending(y!, e.depthwise(node.name, e.blocked(x!), scale, offset));
  return true;
}

/** y = scale x + offset, one known number of each a channel: inside the convolution before it where that is possible. */
export function setAffine(
  e: Emission,
  node: Node,
  x: Value,
  scale: Float32Array | null,
  offset: Float32Array | null,
): void {
  const conv = e.fusible(x);
  const joined = conv && scaleOutput(conv, scale, offset);
  const channels = x.shape[1] as number;
  const vector = (data: Float32Array): TensorData => ({ dtype: 'float32', shape: [channels], data });
  const scales = scale ? vector(scale) : ones(channels);
  e.setPending(node.outputs[0]!, joined ?? e.depthwise(node.name, e.blocked(x), scales, offset && vector(offset)));
}

export const convolutionRules: Readonly<Record<string, EmissionRule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  BatchNormalization: batchNormalization,
};
