import type { GraphBuilder } from '../builder.ts';
import { attention, rmsNormalization, rotaryEmbedding } from '../expansions/attention.ts';
import { dequantize } from '../expansions/dequantize.ts';
import { Expansion, fail, operand, type UpgradeContext } from '../expansions/expansion.ts';
import { type Attributes, attributeOf, floatAttribute, type Value } from '../graph.ts';
import { windowOf } from '../inference/spatial.ts';
import { dtypes, isFloat, tensorOf, toNumbers } from '../tensor.ts';
import type { Planned } from './fold.ts';

/** Operator sets that `upgrade` knows the differences of. */
export const oldestOpset = 7;
export const newestOpset = 24;

/** The node as operator set 20 writes it, or the values that take its outputs' place. */
type Upgrade = (node: Planned, context: UpgradeContext) => Planned | readonly Value[];

/** Applies to files whose operator set is at least `from` and below `before`. */
interface Step {
  readonly from?: number;
  readonly before: number;
  readonly upgrade: Upgrade;
}

function without(attributes: Attributes, ...names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** Slices write "to the end" as 2^63-1, which a number cannot hold; any size is far below 2^53. */
const index = (v: number) => Math.max(Math.min(v, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);

/** Turns attributes that are lists of integers into inputs, in this order from input 1 on. */
const intsToInputs =
  (...names: readonly string[]): Upgrade =>
  (node, { b }) => {
    const moved = names.map((name) => attributeOf(node, name, 'ints'));
    const inputs = [node.inputs[0] ?? null, ...moved.map((v) => (v ? b.integers(v.map(index)) : null))];
    return { ...node, inputs, attributes: without(node.attributes, ...names) };
  };

/** A number of x's element type. */
function numberLike(node: Planned, value: number, x: Value, b: GraphBuilder): Value {
  if (!isFloat(x.dtype) && !Number.isSafeInteger(value)) fail(node, `${value} is no ${x.dtype}`);
  return b.scalar(value, x.dtype);
}

/** Clip's bounds become inputs of x's element type. */
const clip: Upgrade = (node, { b }) => {
  const x = operand(node, 0);
  const bound = (name: string) => {
    const v = attributeOf(node, name, 'float');
    return v === undefined ? null : numberLike(node, v, x, b);
  };
  return { ...node, inputs: [x, bound('min'), bound('max')], attributes: without(node.attributes, 'min', 'max') };
};

const pad: Upgrade = (node, { b }) => {
  const x = operand(node, 0);
  const pads = attributeOf(node, 'pads', 'ints') ?? fail(node, 'attribute pads is missing');
  const inputs = [x, b.integers(pads), numberLike(node, attributeOf(node, 'value', 'float') ?? 0, x, b)];
  return { ...node, inputs, attributes: without(node.attributes, 'pads', 'value') };
};

/**
 * Evaluation mode: dropout is the identity, whatever its ratio. Only where its mask is read does a node stay, and that one
 * leaves everything as it is, too.
 */
const dropout: Upgrade = (node, { b, note }) => {
  const training = node.inputs[2];
  const known = training && b.constantOf(training);
  if (training && (!known || toNumbers(known).some((v) => v !== 0)))
    note('dropout in training mode is computed in evaluation mode');
  if (node.outputNames.length < 2) return [operand(node, 0)];
  return { ...node, inputs: [operand(node, 0)], attributes: {} };
};

/** Without sizes, the number of parts is an attribute now. */
const countParts: Upgrade = (node) =>
  node.inputs[1]
    ? node
    : { ...node, attributes: { ...node.attributes, num_outputs: { type: 'int', value: node.outputNames.length } } };

/**
 * Evaluation mode: results of an example must not depend on which others are in the batch, so the statistics are the running ones of the
 * file. Before version 14 more than one output meant training. Only where the new running statistics are read, in the graph of a training step,
 * does the mode stay: outputs 1 and 2, those of the batch are gone.
 */
const batchNormalization: Upgrade = (node, { version, note }) => {
  if (attributeOf(node, 'spatial', 'int') === 0) fail(node, 'statistics per pixel (spatial = 0) are not supported');
  const training = version < 14 ? node.outputNames.length > 1 : (attributeOf(node, 'training_mode', 'int') ?? 0) === 1;
  const attributes = without(node.attributes, 'spatial', 'training_mode');
  if (!training) return { ...node, attributes };
  if (node.outputNames.slice(1).some((name) => name !== '')) {
    const outputNames = node.outputNames.slice(0, 3);
    return { ...node, outputNames, attributes: { ...attributes, training_mode: { type: 'int', value: 1 } } };
  }
  note('batch normalization in training mode is computed in evaluation mode, with the running statistics of the file');
  return { ...node, outputNames: node.outputNames.slice(0, 1), attributes };
};

/**
 * Where `auto_pad` says how to pad, `pads` say nothing: ONNX forbids them side by side, and ONNX Runtime takes the one for its kernels and the
 * other for its shapes, which may end the process. For a window that is smaller than its stride, ONNX Runtime comes to pads below 0, which it
 * refuses: there they are written out.
 */
const padded: Upgrade = (node) => {
  if ((attributeOf(node, 'auto_pad', 'string') ?? 'NOTSET') === 'NOTSET') return node;
  const attributes = without(node.attributes, 'pads');
  const sizes = node.inputs[0]?.shape.slice(2) ?? [];
  const kernel = attributeOf(node, 'kernel_shape', 'ints') ?? (node.inputs[1]?.shape.slice(2) as readonly number[]);
  const small = attributeOf(node, 'strides', 'ints')?.some((stride, i) => stride > (kernel?.[i] ?? stride));
  if (node.opType === 'ConvTranspose' || !small || !sizes.every((d) => typeof d === 'number'))
    return { ...node, attributes };
  const { pads } = windowOf({ ...node, outputs: [] }, sizes, kernel);
  return { ...node, attributes: { ...without(attributes, 'auto_pad'), pads: { type: 'ints', value: pads } } };
};

/** A sum of several is additions one after another: units are found where two things are added. */
const sum: Upgrade = (node, context) => {
  const [first, ...rest] = node.inputs.map((_, i) => operand(node, i));
  if (rest.length === 0) return [first!];
  const e = new Expansion(node, context);
  const before = rest.slice(0, -1).reduce((total, v) => e.one('Add', [total, v]), first!);
  return { ...node, opType: 'Add', inputs: [before, rest.at(-1)!] };
};

const swish: Upgrade = (node, context) => {
  const e = new Expansion(node, context);
  const x = operand(node, 0);
  const alpha = floatAttribute(node, 'alpha', 1);
  const gate = e.one('Sigmoid', [alpha === 1 ? x : e.one('Mul', [x, e.number(alpha, x)])]);
  return { ...node, opType: 'Mul', inputs: [x, gate], attributes: {} };
};

/**
 * Softmax used to run over all axes from `axis` (1 unless told) on, taken together. That is the same when only one of them is
 * longer than 1; otherwise those axes are flattened first.
 */
const softmax: Upgrade = (node, { b, add }) => {
  const x = operand(node, 0);
  const rank = x.shape.length;
  const given = attributeOf(node, 'axis', 'int') ?? 1;
  const axis = given < 0 ? given + rank : given;
  const int = (value: number): Attributes => ({ axis: { type: 'int', value } });
  const long = x.shape.flatMap((d, i) => (i >= axis && d !== 1 ? [i] : []));
  if (long.length < 2) return { ...node, attributes: int(long[0] ?? rank - 1) };
  const open = x.shape.filter((d) => typeof d === 'string');
  if (open.length > 1) fail(node, `[${x.shape}] has more than one open dimension; bind them`);
  const [part, name] = [{ ...node, name: '' }, node.outputNames[0]!];
  const [flat] = add({ ...part, opType: 'Flatten', attributes: int(axis), outputNames: [`${name}_flat`] });
  const [soft] = add({ ...node, inputs: [flat!], attributes: int(1), outputNames: [`${name}_2d`] });
  const target = b.integers(x.shape.map((d) => (typeof d === 'number' ? d : -1)));
  return { ...part, opType: 'Reshape', inputs: [soft!, target], attributes: {} };
};

/**
 * Upsample, and Resize of version 10, place pixels at i / scale. To the nearest one means the lower one when enlarging and,
 * for Resize, the upper one when shrinking.
 */
const resize: Upgrade = (node, { b }) => {
  const [x, given] = node.inputs;
  const list = attributeOf(node, 'scales', 'floats');
  const scales = list ? b.constant(tensorOf('float32', [list.length], list)) : given;
  const data = scales && b.constantOf(scales);
  if (!data) fail(node, 'scales must be known');
  const numbers = toNumbers(data);
  const smaller = numbers.some((s) => s < 1);
  if (smaller && numbers.some((s) => s > 1)) fail(node, 'enlarging and shrinking in one node is not supported');
  const mode = attributeOf(node, 'mode', 'string') ?? 'nearest';
  const attributes: Attributes = {
    mode: { type: 'string', value: mode === 'bilinear' ? 'linear' : mode },
    coordinate_transformation_mode: { type: 'string', value: 'asymmetric' },
    nearest_mode: { type: 'string', value: smaller && node.opType === 'Resize' ? 'ceil' : 'floor' },
  };
  return { ...node, opType: 'Resize', inputs: [x!, null, scales], attributes };
};

/** Operands that are not used could be given as empty tensors; now they are left out. */
const emptyOperands: Upgrade = (node) => {
  if (attributeOf(node, 'coordinate_transformation_mode', 'string') === 'tf_half_pixel_for_nn') {
    fail(node, 'coordinate_transformation_mode tf_half_pixel_for_nn is not supported');
  }
  return { ...node, inputs: node.inputs.map((v) => (v && v.shape.length === 1 && v.shape[0] === 0 ? null : v)) };
};

const topK: Upgrade = (node, { b }) => {
  const k = attributeOf(node, 'k', 'int') ?? fail(node, 'attribute k is missing');
  return { ...node, inputs: [operand(node, 0), b.integers([k])], attributes: without(node.attributes, 'k') };
};

const castLike: Upgrade = (node) => {
  const like = node.inputs[1] ?? fail(node, 'input 1 is missing');
  const attributes: Attributes = { to: { type: 'int', value: dtypes[like.dtype].code } };
  return { ...node, opType: 'Cast', inputs: [operand(node, 0)], attributes };
};

/**
 * Since version 21 scale and bias have one entry a channel. Before, one a group: the normalization is written with ones and zeros
 * and the map per channel follows it.
 */
const groupNormalization: Upgrade = (node, { b, add }) => {
  const [x, scale, bias] = [0, 1, 2].map((i) => operand(node, i)) as [Value, Value, Value];
  const groups = attributeOf(node, 'num_groups', 'int') ?? fail(node, 'attribute num_groups is missing');
  const channels = x.shape[1];
  if (typeof channels !== 'number' || groups < 1 || channels % groups !== 0) {
    fail(node, `num_groups is ${groups}, which does not divide ${channels} channels`);
  }
  if ([scale, bias].some((v) => v.shape.length !== 1 || v.shape[0] !== channels)) {
    fail(node, `scale and bias must have one entry for each of ${channels} channels`);
  }
  const fill = (v: number) => b.constant(tensorOf(x.dtype, [groups], Array<number>(groups).fill(v)));
  const name = node.outputNames[0]!;
  const [normal] = add({
    ...node,
    inputs: [x, fill(1), fill(0)],
    attributes: without(node.attributes, 'stash_type'),
    outputNames: [`${name}_normalized`],
  });
  const wide = b.integers([1, -1, ...x.shape.slice(2).map(() => 1)]);
  const perChannel = (v: Value, suffix: string) =>
    add({ ...part, opType: 'Reshape', inputs: [v, wide], outputNames: [`${name}_${suffix}`] })[0]!;
  const part = { ...node, name: '', attributes: {} };
  const scaled = add({
    ...part,
    opType: 'Mul',
    inputs: [normal!, perChannel(scale, 'scale')],
    outputNames: [`${name}_scaled`],
  });
  return { ...part, opType: 'Add', inputs: [scaled[0]!, perChannel(bias, 'bias')] };
};

const axesToInput = intsToInputs('axes');
const windows = 'Conv ConvTranspose MaxPool AveragePool LpPool'.split(' ');
const reductions = 'Mean Max Min Prod SumSquare L1 L2 LogSum LogSumExp'.split(' ').map((r) => `Reduce${r}`);

/** The differences between operator sets that matter for the operators that Ballast knows. */
const upgrades: Readonly<Record<string, readonly Step[]>> = {
  ...Object.fromEntries(reductions.map((op) => [op, [{ before: 18, upgrade: axesToInput }]])),
  ...Object.fromEntries(windows.map((op) => [op, [{ before: newestOpset + 1, upgrade: padded }]])),
  ReduceSum: [{ before: 13, upgrade: axesToInput }],
  Squeeze: [{ before: 13, upgrade: axesToInput }],
  Unsqueeze: [{ before: 13, upgrade: axesToInput }],
  Slice: [{ before: 10, upgrade: intsToInputs('starts', 'ends', 'axes') }],
  Split: [
    { before: 13, upgrade: intsToInputs('split') },
    { before: 18, upgrade: countParts },
  ],
  Clip: [{ before: 11, upgrade: clip }],
  Pad: [{ before: 11, upgrade: pad }],
  Dropout: [{ before: newestOpset + 1, upgrade: dropout }],
  BatchNormalization: [{ before: newestOpset + 1, upgrade: batchNormalization }],
  Sum: [{ before: newestOpset + 1, upgrade: sum }],
  Cast: [
    {
      from: 24,
      before: newestOpset + 1,
      upgrade: (node) => ({ ...node, attributes: without(node.attributes, 'round_mode') }),
    },
  ],
  Softmax: [{ before: 13, upgrade: softmax }],
  LogSoftmax: [{ before: 13, upgrade: softmax }],
  Hardmax: [{ before: 13, upgrade: softmax }],
  Upsample: [{ before: 10, upgrade: resize }],
  Resize: [
    { before: 11, upgrade: resize },
    { from: 11, before: newestOpset + 1, upgrade: emptyOperands },
  ],
  Scatter: [{ before: 11, upgrade: (node) => ({ ...node, opType: 'ScatterElements' }) }],
  TopK: [{ before: 10, upgrade: topK }],
  CastLike: [{ before: newestOpset + 1, upgrade: castLike }],
  Swish: [{ from: 24, before: newestOpset + 1, upgrade: swish }],
  Attention: [{ from: 23, before: newestOpset + 1, upgrade: attention }],
  RMSNormalization: [{ from: 23, before: newestOpset + 1, upgrade: rmsNormalization }],
  RotaryEmbedding: [{ from: 23, before: newestOpset + 1, upgrade: rotaryEmbedding }],
  DequantizeLinear: [{ from: 10, before: newestOpset + 1, upgrade: dequantize }],
  GroupNormalization: [{ from: 21, before: newestOpset + 1, upgrade: groupNormalization }],
};

/** Whether a file of this operator set may hold the operator only because it is rewritten. */
export function isUpgraded(opType: string, version: number): boolean {
  return (
    Object.hasOwn(upgrades, opType) && upgrades[opType]!.some((s) => version < s.before && version >= (s.from ?? 0))
  );
}

/**
 * Adds a node of an older (7 to 19) or newer (21 to 24) operator set to the graph, as operator set 20 writes it.
 * Outputs that nothing reads must come without a name: some of them no longer exist. Returns the outputs that remain.
 */
export function addUpgraded(node: Planned, context: UpgradeContext): readonly Value[] {
  let current = node;
  const steps = node.domain === '' && Object.hasOwn(upgrades, node.opType) ? upgrades[node.opType]! : [];
  for (const { from = 0, before, upgrade } of steps) {
    if (context.version < from || context.version >= before) continue;
    const next = upgrade(current, context);
    if (!('opType' in next)) return next;
    current = next;
  }
  const used = current.outputNames.findLastIndex((name) => name !== '') + 1;
  const least = current.opType === 'TopK' && current.domain === '' ? 2 : used;
  const outputNames = Array.from({ length: Math.max(used, least) }, (_, i) => current.outputNames[i] ?? '');
  const outputs = context.add({ ...current, outputNames });
  const lost = node.outputNames.slice(outputs.length).filter((name) => name !== '');
  if (lost.length) fail(node, `its outputs ${lost.join(', ')} no longer exist in operator set 20`);
  return outputs;
}
