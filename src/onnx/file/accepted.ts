import { attributeOf, describeNode, type Graph, GraphError, intsAttribute, type Node, type Value } from '../graph.ts';
import { isKnownOperator } from '../inference/index.ts';
import { fail } from '../inference/rule.ts';
import { isFloat, toNumbers } from '../tensor.ts';

/**
 * What is taken from a file. ONNX Runtime's kernels trust much that a graph says; a graph from elsewhere is held to what they need
 * before one of them sees it. Its domain of blocked kernels (com.microsoft.nchwc), which Ballast itself emits, checks nothing
 * and is never read.
 */
const contributed = new Set('Gelu FastGelu QuickGelu BiasGelu FusedMatMul FusedGemm'.split(' '));

/** Whether a file may hold the operator: those of ONNX that Ballast knows, and a few of com.microsoft. */
export function isAcceptedOperator(opType: string, domain: string): boolean {
  if (domain === '') return isKnownOperator(opType, '');
  return domain === 'com.microsoft' && contributed.has(opType);
}

const unlimited = Number.POSITIVE_INFINITY;

/** How many inputs an operator has: at least, at most. One unless told. */
const inputCounts: Readonly<Record<string, readonly [number, number]>> = {
  ...counted(
    'Sub Mul Div Add Pow Mod And Or Xor BitwiseAnd BitwiseOr BitwiseXor Equal Less LessOrEqual Greater GreaterOrEqual ' +
      'MatMul PRelu CumSum CastLike Gather GatherElements GatherND Expand Tile BiasGelu FusedMatMul',
    2,
    2,
  ),
  ...counted('Min Max Sum Mean Concat Einsum', 1, unlimited),
  ...counted('Where ScatterElements Scatter ScatterND OneHot Range InstanceNormalization GroupNormalization', 3, 3),
  ...counted('Conv ConvTranspose Gemm FusedGemm LayerNormalization', 2, 3),
  ...counted('BatchNormalization', 5, 5),
  ...counted('Clip Dropout DequantizeLinear', 1, 3),
  ...counted('Slice', 1, 5),
  ...counted('Pad Resize', 1, 4),
  ...counted('Squeeze Unsqueeze Split Trilu Upsample TopK', 1, 2),
  ...counted('Reshape', 1, 2),
  ...counted('ReduceSum ReduceMean ReduceMax ReduceMin ReduceProd ReduceSumSquare ReduceL1 ReduceL2', 1, 2),
  ...counted('ReduceLogSum ReduceLogSumExp RMSNormalization', 1, 2),
  ...counted('RotaryEmbedding', 3, 4),
  ...counted('Attention', 3, 7),
};

function counted(operators: string, least: number, most: number): Record<string, readonly [number, number]> {
  return Object.fromEntries(operators.split(' ').map((op) => [op, [least, most] as const]));
}

/** Checks that a node as it stands in a file has as many inputs as its operator needs, the first of them given. */
export function checkInputCount(opType: string, inputs: readonly (Value | null)[], label: string): void {
  const [least, most] = Object.hasOwn(inputCounts, opType) ? inputCounts[opType]! : [1, 1];
  const given = inputs.findLastIndex((v) => v !== null) + 1;
  const present = inputs.slice(0, least).every((v) => v !== null) && given >= least;
  if (!present || given > most) {
    const expected = least === most ? `${least}` : most === unlimited ? `at least ${least}` : `${least} to ${most}`;
    throw new GraphError(
      `${label}: has ${given} inputs${present ? '' : ', some of them left out'}; expected ${expected}`,
    );
  }
}

/** Operators whose parameters must be finite: an infinite one makes every number behind it meaningless. */
const parametric = new Set(
  'Conv ConvTranspose Gemm MatMul FusedMatMul FusedGemm BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization'.split(
    ' ',
  ),
);

export const takesParameters = (node: Pick<Node, 'opType'>): boolean => parametric.has(node.opType);

/** Checks the graph that a file came to. Throws GraphError naming the first node that a kernel could not bear. */
export function checkAccepted(graph: Graph): void {
  for (const node of graph.nodes) {
    checkNotEmpty(node);
    checkDivision(graph, node);
    checkWindow(node);
    checkIndices(graph, node);
    checkContributed(node);
  }
}

const computing = /Conv|Pool|Normalization|Resize|Depth|Space|Softmax|Hardmax|TopK|Arg|LRN/;
const isEmpty = (v: Value) => v.shape.includes(0);

/** Nothing can be convolved, pooled or normalized without elements. */
function checkNotEmpty(node: Node): void {
  if (!computing.test(node.opType)) return;
  const data = [...node.inputs.slice(0, 2), ...node.outputs];
  if (data.some((v) => v && isEmpty(v))) fail(node, 'a tensor without elements is not supported');
}

/** Dividing an integer by zero, or the lowest by -1, ends the process. */
function checkDivision(graph: Graph, node: Node): void {
  const by = node.inputs[1];
  if (node.domain !== '' || (node.opType !== 'Div' && node.opType !== 'Mod') || !by || isFloat(by.dtype)) return;
  const data = graph.constants.get(by);
  if (!data) fail(node, 'divides integers by what is only known when it runs');
  const numbers = toNumbers(data);
  if (numbers.includes(0)) fail(node, 'divides integers by zero');
  if (numbers.includes(-1)) fail(node, 'divides integers by -1, which the lowest one does not bear');
}

const windows = new Set('Conv ConvTranspose MaxPool AveragePool LpPool'.split(' '));

/** Pixels that the widest window may span: more are in no picture, and loops over them would not end. */
const widestWindow = 2 ** 16;

function checkWindow(node: Node): void {
  if (!windows.has(node.opType)) return;
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const dilations = intsAttribute(node, 'dilations') ?? [];
  if (kernel.some((k, i) => (k - 1) * (dilations[i] ?? 1) >= widestWindow))
    fail(node, `kernel_shape [${kernel}] and dilations [${dilations}] span more than ${widestWindow} pixels`);
  const pads = intsAttribute(node, 'pads') ?? [];
  const extra = intsAttribute(node, 'output_padding') ?? [];
  if ([...pads, ...extra].some((p) => p < 0))
    fail(node, `pads [${pads}] and output_padding [${extra}] must not be negative`);
}

const indexed = new Set('Gather GatherElements ScatterElements'.split(' '));

/** Indices that are known must be inside of their axis. */
function checkIndices(graph: Graph, node: Node): void {
  const [x, indices] = node.inputs;
  const data = indices && graph.constants.get(indices);
  if (!indexed.has(node.opType) || !x || !data) return;
  const axis = attributeOf(node, 'axis', 'int') ?? 0;
  const size = x.shape.at(axis);
  if (typeof size !== 'number') return;
  const outside = toNumbers(data).find((i) => i < -size || i >= size);
  if (outside !== undefined) fail(node, `index ${outside} is outside of axis ${axis}, which has ${size} entries`);
}

const gemmActivations = new Set('Relu LeakyRelu Sigmoid Tanh Softplus HardSigmoid'.split(' '));

function checkContributed(node: Node): void {
  if (node.domain !== 'com.microsoft') return;
  const flag = (name: string) => attributeOf(node, name, 'int') ?? 0;
  if (node.opType === 'FusedMatMul' && (flag('transBatchA') || flag('transBatchB'))) {
    fail(node, 'transBatchA and transBatchB are not supported');
  }
  const activation = node.opType === 'FusedGemm' ? attributeOf(node, 'activation', 'string') : undefined;
  if (activation !== undefined && !gemmActivations.has(activation)) {
    throw new GraphError(`${describeNode(node)}: activation "${activation.slice(0, 20)}" is not supported`);
  }
}
