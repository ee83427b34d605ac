import { attributeOf, type Dim, GraphError, intAttribute, intsAttribute, type Node, type Value } from './graph.ts';

/** Nodes that only move or describe data. */
const free = new Set(
  (
    'Reshape Flatten Squeeze Unsqueeze Transpose Slice Concat Split Pad Gather GatherElements GatherND Expand Tile ' +
    'Identity Dropout Shape Size ConstantOfShape Cast CastLike OneHot Range DepthToSpace SpaceToDepth ReorderInput ' +
    'ReorderOutput ScatterElements ScatterND NonZero Where'
  ).split(' '),
);

const count = (shape: readonly Dim[]) => (shape as readonly number[]).reduce((p, d) => p * d, 1);

function elements(v: Value | null | undefined): number {
  const open = v?.shape.find((d) => typeof d === 'string');
  if (open !== undefined) throw new GraphError(`${v?.name}: dimension "${open}" is open; bind it with specialize()`);
  return v ? count(v.shape) : 0;
}

/** Multiply-adds of one group of channels for one element, times two, plus the bias. */
function convolution(node: Node): number {
  const [x, w, bias] = node.inputs;
  const y = elements(node.outputs[0]);
  const transposed = node.opType === 'ConvTranspose';
  // Every element of the output sees C_in / group x kernel weights; transposed, every element of the input gives to C_out / group.
  const terms = transposed ? elements(x) * count(w!.shape.slice(1)) : y * count(w!.shape.slice(1));
  return 2 * terms + (bias ? y : 0);
}

function matMul(node: Node): number {
  const a = node.inputs[0]!;
  const transposed = node.opType === 'FusedMatMul' && intAttribute(node, 'transA', 0) === 1;
  const inner = a.shape.length === 1 ? a.shape[0] : a.shape.at(transposed ? -2 : -1);
  return 2 * elements(node.outputs[0]) * (inner as number);
}

function gemm(node: Node): number {
  const inner = node.inputs[0]!.shape[intAttribute(node, 'transA', 0) ? 0 : 1] as number;
  const y = elements(node.outputs[0]);
  return 2 * y * inner + (node.inputs[2] ? y : 0);
}

/** Every letter's size multiplied. */
function einsum(node: Node): number {
  const equation = (attributeOf(node, 'equation', 'string') ?? '').replaceAll(' ', '');
  const sizes = new Map<string, number>();
  (equation.split('->')[0] ?? '').split(',').forEach((term, i) => {
    [...term].forEach((letter, axis) => {
      sizes.set(letter, node.inputs[i]!.shape[axis] as number);
    });
  });
  return 2 * count([...sizes.values()]);
}

const pooling = (node: Node) => elements(node.outputs[0]) * count(intsAttribute(node, 'kernel_shape') ?? []);
const reading = (node: Node) => elements(node.inputs[0]);

const rules: Readonly<Record<string, (node: Node) => number>> = {
  Conv: convolution,
  ConvTranspose: convolution,
  MatMul: matMul,
  FusedMatMul: matMul,
  Gemm: gemm,
  FusedGemm: gemm,
  Einsum: einsum,
  MaxPool: pooling,
  AveragePool: pooling,
  LpPool: pooling,
  GlobalAveragePool: reading,
  GlobalMaxPool: reading,
  // A scale and an offset.
  BatchNormalization: (node) => 2 * reading(node),
};

/**
 * Floating-point operations of a node: a multiply-add of Conv, ConvTranspose, MatMul, Gemm and Einsum counts as two, a
 * pooling window as one for each of its places, a reduction as one for each element it reads, moving data as none,
 * anything else as one for each element of its first output. Throws GraphError when a dimension is open.
 */
export function flopsOf(node: Node): number {
  const rule = Object.hasOwn(rules, node.opType) ? rules[node.opType] : undefined;
  if (rule) return rule(node);
  if (free.has(node.opType)) return 0;
  return /^(Reduce|Arg|TopK)/.test(node.opType) ? reading(node) : elements(node.outputs[0]);
}
