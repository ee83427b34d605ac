import type { RandomStream } from '../../src/base/random.ts';
import type {
  AttributeMessage,
  GraphMessage,
  ModelMessage,
  NodeMessage,
  TensorMessage,
} from '../../src/onnx/file/messages.ts';
import { tensorOf } from '../../src/onnx/index.ts';
import { encode, type FileModel, float, floats, int, ints, modelMessage, randomTensor, text } from './onnx-files.ts';

const i64 = (...values: number[]) => tensorOf('int64', [values.length], values);

/** Small files of every kind of operator, to be damaged. */
export const wholeModels: readonly FileModel[] = [
  {
    opset: 17,
    inputs: { x: ['batch', 3, 8, 8] },
    outputs: ['y'],
    tensors: {
      w: randomTensor([4, 3, 3, 3]),
      s: randomTensor([4]),
      v: tensorOf('float32', [4], [1, 2, 3, 4]),
      f: randomTensor([4, 5]),
    },
    nodes: [
      {
        op: 'Conv',
        in: ['x', 'w'],
        out: ['a'],
        attributes: { pads: ints(1, 1, 1, 1), group: int(1), strides: ints(1, 1) },
      },
      {
        op: 'BatchNormalization',
        in: ['a', 's', 's', 's', 'v'],
        out: ['b'],
        attributes: { epsilon: float(1e-5), training_mode: int(0) },
      },
      { op: 'Relu', in: ['b'], out: ['c'] },
      { op: 'MaxPool', in: ['c'], out: ['d'], attributes: { kernel_shape: ints(2, 2), strides: ints(2, 2) } },
      { op: 'GlobalAveragePool', in: ['d'], out: ['e'] },
      { op: 'Flatten', in: ['e'], out: ['g'] },
      { op: 'Gemm', in: ['g', 'f'], out: ['h'] },
      { op: 'Softmax', in: ['h'], out: ['y'], attributes: { axis: int(1) } },
    ],
  },
  {
    opset: 21,
    inputs: { x: [2, 4, 6, 6] },
    outputs: ['y'],
    tensors: {
      s: randomTensor([4]),
      pads: i64(0, 0, 1, 1, 0, 0, 1, 1),
      shape: i64(2, 4, -1),
      k: i64(2),
      starts: i64(0),
      ends: i64(3),
      axes: i64(1),
    },
    nodes: [
      { op: 'GroupNormalization', in: ['x', 's', 's'], out: ['a'], attributes: { num_groups: int(2) } },
      { op: 'Pad', in: ['a', 'pads'], out: ['b'], attributes: { mode: text('reflect') } },
      { op: 'Reshape', in: ['b', 'shape'], out: ['c'] },
      { op: 'TopK', in: ['c', 'k'], out: ['d', 'i'], attributes: { axis: int(2) } },
      { op: 'Slice', in: ['d', 'starts', 'ends', 'axes'], out: ['e'] },
      { op: 'ReduceMean', in: ['e'], out: ['y'], attributes: { keepdims: int(0) } },
    ],
  },
  {
    opset: 13,
    inputs: { x: ['n', 'm', 4] },
    outputs: ['y'],
    tensors: { zero: i64(0), two: i64(2), minus: i64(-1), table: randomTensor([7, 4]), list: i64(1, 6, 3) },
    nodes: [
      { op: 'Shape', in: ['x'], out: ['size'] },
      { op: 'Gather', in: ['size', 'zero'], out: ['n'] },
      { op: 'Div', in: ['two', 'two'], out: ['one'] },
      { op: 'Concat', in: ['n', 'minus'], out: ['target'], attributes: { axis: int(0) } },
      { op: 'Reshape', in: ['x', 'target'], out: ['a'] },
      { op: 'Gather', in: ['table', 'list'], out: ['b'], attributes: { axis: int(0) } },
      { op: 'ReduceSum', in: ['b', 'zero'], out: ['c'] },
      { op: 'ConstantOfShape', in: ['two'], out: ['d'] },
      { op: 'Split', in: ['c'], out: ['e', 'f'], attributes: { axis: int(1) } },
      { op: 'Tile', in: ['e', 'repeats'], out: ['g'] },
      { op: 'Constant', in: [], out: ['repeats'], attributes: { value_ints: ints(1, 2) } },
      { op: 'Add', in: ['c', 'd'], out: ['y'] },
    ],
  },
  {
    opset: 23,
    inputs: { x: [1, 4, 8] },
    outputs: ['y'],
    tensors: { s: randomTensor([8]), cos: randomTensor([1, 4, 2]), up: tensorOf('float32', [3], [1, 2, 2]) },
    nodes: [
      { op: 'RMSNormalization', in: ['x', 's'], out: ['a'] },
      { op: 'RotaryEmbedding', in: ['a', 'cos', 'cos'], out: ['b'], attributes: { num_heads: int(2) } },
      {
        op: 'Attention',
        in: ['b', 'b', 'a'],
        out: ['c'],
        attributes: { q_num_heads: int(2), kv_num_heads: int(2), is_causal: int(1), scale: float(0.5) },
      },
      { op: 'Resize', in: ['c', '', 'up'], out: ['d'], attributes: { mode: text('nearest') } },
      { op: 'Sum', in: ['d', 'd', 'd'], out: ['y'] },
    ],
  },
  {
    opset: 9,
    inputs: { x: [1, 4, 4, 4] },
    outputs: ['y'],
    tensors: { s: randomTensor([4]) },
    nodes: [
      { op: 'BatchNormalization', in: ['x', 's', 's', 's', 's'], out: ['a', 'm', 'v', 'sm', 'sv'] },
      { op: 'Upsample', in: ['a', 'scales'], out: ['b'], attributes: { mode: text('nearest') } },
      { op: 'Clip', in: ['a'], out: ['c'], attributes: { min: float(0), max: float(6) } },
      { op: 'Dropout', in: ['c'], out: ['d'], attributes: { ratio: float(0.5) } },
      { op: 'LRN', in: ['d'], out: ['e'], attributes: { size: int(3), alpha: float(1e-4) } },
      { op: 'Slice', in: ['e'], out: ['f'], attributes: { starts: ints(0), ends: ints(2), axes: ints(1) } },
      { op: 'ConvTranspose', in: ['f', 'w'], out: ['g'], attributes: { group: int(1), strides: ints(2, 2) } },
      { op: 'Constant', in: [], out: ['unused'], attributes: { value_floats: floats(1, 2) } },
      { op: 'Softmax', in: ['d'], out: ['y'] },
    ],
  },
];

const numbers = [0, -1, 1, 2, 3, 7, 61, 65536, 1e5, 2 ** 31 - 1, -(2 ** 31), 2 ** 32, 2 ** 53, -(2 ** 63), 5e8];
const names = [
  '',
  'x',
  'y',
  '\u001b]0;pwn\u0007',
  '__proto__',
  'constructor',
  'w',
  'a'.repeat(5000),
  '../x',
  '\u202e\n',
];
const operators =
  'Relu Clip Pad Softmax Conv MaxPool Gather Div Mod Reshape Split Tile Expand TopK OneHot Range Loop If Scan Constant Identity Einsum Resize GroupNormalization ScatterND NonZero DepthToSpace Attention DequantizeLinear Dropout Cast PRelu Squeeze Unsqueeze CumSum'.split(
    ' ',
  );
const domains = ['', 'ai.onnx', 'com.microsoft', 'com.microsoft.nchwc', 'ai.onnx.ml', 'local'];

/** A file with one to four of its parts changed, then perhaps some of its bytes. The same seed gives the same file. */
export function mutated(stream: RandomStream, models: readonly FileModel[] = wholeModels): Uint8Array {
  const pick = <T>(list: readonly T[]): T => list[stream.integer(list.length)]!;
  const message: ModelMessage = structuredClone(modelMessage(pick(models)));
  const graph = message.graph as Required<GraphMessage>;
  const nodes = graph.node as NodeMessage[];
  const change = () => {
    const node = pick(nodes);
    const changes: readonly (() => void)[] = [
      () => Object.assign(node, { opType: pick(operators) }),
      () => Object.assign(node, { domain: pick(domains) }),
      () => Object.assign(node, { input: node.input?.slice(0, stream.integer(node.input.length + 1)) }),
      () => Object.assign(node, { input: [...(node.input ?? []), pick(nodes).output?.[0] ?? ''] }),
      () => Object.assign(node, { input: node.input?.map((name) => (stream.integer(2) ? name : pick(names))) }),
      () => Object.assign(node, { output: node.output?.map((name) => (stream.integer(2) ? name : pick(names))) }),
      () => Object.assign(node, { name: pick(names) }),
      () => nodes.splice(stream.integer(nodes.length), 1),
      () => nodes.push(structuredClone(node)),
      () => nodes.reverse(),
      () => changeAttribute(node.attribute ?? []),
      () => changeAttribute(pick(nodes).attribute ?? []),
      () => changeTensor(pick(graph.initializer as TensorMessage[])),
      () => changeTensor(pick(graph.initializer as TensorMessage[])),
      () => graph.initializer!.push(structuredClone(pick(graph.initializer!))),
      () => changeInput(),
      () => Object.assign(message.opsetImport![0]!, { version: pick([0, 6, 7, 11, 13, 18, 22, 24, 99]) }),
      () =>
        (message.functions = [
          { name: node.opType ?? '', domain: 'local', input: ['x'], output: ['y'], node: [structuredClone(node)] },
        ]),
      () =>
        Object.assign(node, {
          attribute: [
            { name: 'then_branch', type: 5, g: structuredClone(graph) },
            { name: 'else_branch', type: 5, g: {} },
          ],
        }),
    ];
    pick(changes)();
  };
  const changeAttribute = (attributes: AttributeMessage[]) => {
    if (attributes.length === 0) return;
    const a = pick(attributes);
    if (a.i !== undefined) a.i = pick(numbers);
    if (a.ints) a.ints = Array.from(a.ints, (v) => (stream.integer(2) ? v : pick(numbers)));
    if (a.floats) a.floats = [pick([Number.NaN, 0, -1, 1e30, Number.POSITIVE_INFINITY])];
    if (stream.integer(4) === 0) a.type = stream.integer(16);
    if (stream.integer(6) === 0) a.refAttrName = pick(names);
    if (stream.integer(6) === 0) attributes.push({ ...a, name: pick(['axis', 'group', 'pads', a.name ?? '']) });
  };
  const changeTensor = (t: TensorMessage) => {
    const changes: readonly (() => void)[] = [
      () => (t.dims = Array.from(t.dims ?? [], (d) => (stream.integer(2) ? d : pick(numbers)))),
      () => (t.dims = Array<number>(pick([0, 3, 33, 1000])).fill(1)),
      () => (t.dataType = stream.integer(30)),
      () => (t.rawData = t.rawData?.map(() => stream.integer(256))),
      () => (t.rawData = t.rawData?.slice(0, stream.integer(1 + t.rawData.length))),
      () => Object.assign(t, { rawData: undefined, int32Data: [1, 2], floatData: [1] }),
      () => Object.assign(t, { dataLocation: 1, externalData: [{ key: 'location', value: pick(names) }] }),
    ];
    pick(changes)();
  };
  const changeInput = () => {
    const type = graph.input![0]!.type!.tensorType!;
    const dim = Array.from({ length: pick([0, 1, 3, 4, 40]) }, () => ({ dimValue: pick(numbers) }));
    if (stream.integer(2)) type.shape = { dim };
    else type.elemType = stream.integer(25);
  };
  for (let i = stream.integer(4); i >= 0 && nodes.length > 0; i--) change();
  const bytes = encode(message);
  if (stream.integer(4) > 0) return bytes;
  const damaged = Uint8Array.from(bytes);
  for (let i = stream.integer(5); i >= 0; i--) damaged[stream.integer(damaged.length)] = stream.integer(256);
  return damaged.subarray(0, stream.integer(8) ? damaged.length : stream.integer(damaged.length));
}
