import { describe, expect, it } from 'vitest';
import { readModel } from '../../../src/onnx/read.ts';
import { type TensorData, tensorOf, toNumbers } from '../../../src/onnx/tensor.ts';
import { writeModel } from '../../../src/onnx/write.ts';
import { compile } from '../../../src/runtime/index.ts';
import {
  type FileModel,
  type FileNode,
  float,
  floats,
  int,
  ints,
  modelBytes,
  randomTensor,
  runBytes,
  text,
} from '../../support/onnx-files.ts';

const f32 = (...values: number[]) => tensorOf('float32', [values.length], values);
const i64 = (...values: number[]) => tensorOf('int64', [values.length], values);

/** One node in the middle of a file: x -> y, with tensors as further operands. */
interface Old {
  readonly opset: number;
  readonly op: string;
  readonly x: readonly number[];
  readonly with?: FileNode['attributes'];
  readonly tensors?: Readonly<Record<string, TensorData>>;
  readonly operands?: readonly string[];
  readonly outputs?: readonly string[];
  readonly domain?: string;
}

const cases: Old[] = [
  { opset: 9, op: 'ReduceSum', x: [2, 3, 4], with: { axes: ints(1, 2), keepdims: int(0) } },
  { opset: 11, op: 'ReduceMean', x: [2, 3, 4], with: { axes: ints(-1) } },
  { opset: 17, op: 'ReduceMax', x: [2, 3, 4], with: { axes: ints(0) } },
  { opset: 13, op: 'ReduceL2', x: [2, 3, 4] },
  { opset: 13, op: 'ReduceSum', x: [2, 3, 4], tensors: { axes: i64(1) } },
  { opset: 9, op: 'Squeeze', x: [1, 3, 1], with: { axes: ints(2) } },
  { opset: 11, op: 'Unsqueeze', x: [2, 3], with: { axes: ints(0, -1) } },
  { opset: 9, op: 'Slice', x: [5, 6], with: { starts: ints(1, -3), ends: ints(2 ** 63, 5), axes: ints(1, 0) } },
  { opset: 9, op: 'Slice', x: [5, 6], with: { starts: ints(2), ends: ints(-1) } },
  { opset: 11, op: 'Split', x: [6, 3], with: { split: ints(2, 4) }, outputs: ['y', 'z'] },
  { opset: 13, op: 'Split', x: [6, 3], outputs: ['y', 'z'] },
  { opset: 9, op: 'Clip', x: [4, 5], with: { min: float(-0.5), max: float(1) } },
  { opset: 10, op: 'Clip', x: [4, 5], with: { min: float(0) } },
  { opset: 10, op: 'Pad', x: [2, 3], with: { pads: ints(1, 0, 0, 2), value: float(7) } },
  { opset: 10, op: 'Pad', x: [2, 3], with: { pads: ints(1, 0, 0, 2), mode: text('reflect') } },
  { opset: 10, op: 'Dropout', x: [2, 3], with: { ratio: float(0.3) } },
  { opset: 9, op: 'Softmax', x: [2, 3, 4, 5] },
  { opset: 11, op: 'LogSoftmax', x: [2, 3, 4, 5], with: { axis: int(-2) } },
  { opset: 11, op: 'Softmax', x: [2, 3], with: { axis: int(-1) } },
  { opset: 9, op: 'Softmax', x: [2, 3, 1, 1], with: { axis: int(1) } },
  { opset: 9, op: 'Hardmax', x: [2, 3, 4], with: { axis: int(0) } },
  {
    opset: 8,
    op: 'BatchNormalization',
    x: [2, 2, 3],
    with: { spatial: int(1), epsilon: float(0.01) },
    tensors: { s: f32(1, 2), b: f32(3, 4), m: f32(0.5, 1), v: f32(1, 4) },
  },
  {
    opset: 9,
    op: 'BatchNormalization',
    x: [2, 2, 3],
    tensors: { s: f32(1, 2), b: f32(3, 4), m: f32(0.5, 1), v: f32(1, 4) },
  },
  { opset: 7, op: 'Upsample', x: [1, 2, 3, 4], with: { scales: floats(1, 1, 2, 3), mode: text('nearest') } },
  { opset: 9, op: 'Upsample', x: [1, 2, 3, 4], with: { mode: text('linear') }, tensors: { s: f32(1, 1, 2, 1.5) } },
  { opset: 10, op: 'Resize', x: [1, 2, 3, 4], tensors: { s: f32(1, 1, 2, 1.7) } },
  { opset: 10, op: 'Resize', x: [1, 2, 7, 9], tensors: { s: f32(1, 1, 0.6, 0.5) } },
  { opset: 10, op: 'Resize', x: [1, 2, 3, 4], with: { mode: text('linear') }, tensors: { s: f32(1, 1, 2, 1.5) } },
  {
    opset: 11,
    op: 'Resize',
    x: [1, 2, 3, 4],
    with: { coordinate_transformation_mode: text('align_corners'), mode: text('linear') },
    tensors: { roi: f32(), scales: f32(), sizes: i64(1, 2, 5, 7) },
  },
  {
    opset: 13,
    op: 'Resize',
    x: [1, 2, 3, 4],
    with: { nearest_mode: text('floor') },
    tensors: { roi: f32(), scales: f32(1, 1, 2, 2) },
  },
  {
    opset: 9,
    op: 'Scatter',
    x: [3, 2],
    tensors: { i: tensorOf('int64', [1, 2], [2, 0]), u: tensorOf('float32', [1, 2], [9, 8]) },
  },
  { opset: 9, op: 'TopK', x: [2, 5], with: { k: int(2), axis: int(1) }, outputs: ['y', 'z'] },
  { opset: 15, op: 'CastLike', x: [2, 3], tensors: { like: i64(1) } },
  {
    opset: 7,
    op: 'Gemm',
    x: [2, 3],
    with: { transB: int(1) },
    tensors: { w: tensorOf('float32', [2, 3], [1, 2, 3, 4, 5, 6]), c: f32(1, 2) },
  },
  { opset: 8, op: 'MaxPool', x: [1, 2, 5, 5], with: { kernel_shape: ints(3, 3), strides: ints(2, 2) } },
  {
    opset: 7,
    op: 'AveragePool',
    x: [1, 2, 5, 5],
    with: { kernel_shape: ints(3, 3), pads: ints(1, 1, 1, 1), count_include_pad: int(1) },
  },
  {
    opset: 18,
    op: 'GroupNormalization',
    x: [2, 4, 3],
    with: { num_groups: int(2) },
    tensors: { s: f32(1, 2), b: f32(3, 4) },
  },
  {
    opset: 21,
    op: 'GroupNormalization',
    x: [2, 4, 3],
    with: { num_groups: int(2) },
    tensors: { s: f32(1, 2, 3, 4), b: f32(3, 4, 5, 6) },
  },
  { opset: 23, op: 'Transpose', x: [2, 3], with: { perm: ints(1, 0) } },
  { opset: 13, op: 'Sum', x: [2, 3], tensors: { a: f32(1, 2, 3), b: f32(4) } },
  { opset: 24, op: 'Swish', x: [2, 3], with: { alpha: float(1.5) } },
  {
    opset: 23,
    op: 'Attention',
    x: [2, 5, 12],
    operands: ['x', 'k', 'v'],
    with: { q_num_heads: int(3), kv_num_heads: int(3), is_causal: int(1), scale: float(0.4) },
    tensors: { k: randomTensor([2, 5, 12], 5), v: randomTensor([2, 5, 6], 6) },
  },
  {
    opset: 23,
    op: 'Attention',
    x: [1, 4, 3, 8],
    operands: ['x', 'k', 'v', 'mask'],
    tensors: { k: randomTensor([1, 2, 7, 8], 5), v: randomTensor([1, 2, 7, 4], 6), mask: randomTensor([3, 7], 7) },
  },
  {
    opset: 23,
    op: 'Attention',
    x: [1, 2, 3, 4],
    operands: ['x', 'k', 'k', 'mask'],
    tensors: { k: randomTensor([1, 2, 3, 4], 5), mask: tensorOf('bool', [3, 3], [1, 0, 0, 1, 1, 0, 0, 1, 1]) },
  },
  {
    opset: 23,
    op: 'Attention',
    x: [1, 2, 3, 4],
    operands: ['x', 'x', 'x'],
    with: { softcap: float(0.7) },
  },
  { opset: 23, op: 'RMSNormalization', x: [2, 3, 4], tensors: { s: f32(1, 2, 3, 4) }, with: { epsilon: float(0.01) } },
  { opset: 23, op: 'RMSNormalization', x: [2, 3, 4], tensors: { s: randomTensor([3, 4]) }, with: { axis: int(1) } },
  {
    opset: 23,
    op: 'RotaryEmbedding',
    x: [2, 3, 8],
    tensors: { c: randomTensor([2, 3, 2], 1), s: randomTensor([2, 3, 2], 2) },
    with: { num_heads: int(2) },
  },
  {
    opset: 23,
    op: 'RotaryEmbedding',
    x: [1, 2, 3, 8],
    tensors: { c: randomTensor([9, 2], 1), s: randomTensor([9, 2], 2), at: tensorOf('int64', [1, 3], [0, 4, 8]) },
    with: { interleaved: int(1), rotary_embedding_dim: int(4) },
  },
  {
    opset: 13,
    op: 'FusedMatMul',
    domain: 'com.microsoft',
    x: [2, 3],
    with: { transB: int(1), alpha: float(2) },
    tensors: { w: tensorOf('float32', [4, 3], Array(12).fill(0.5)) },
  },
];

describe('a node of another operator set computes the same after reading', () => {
  const shown = (c: Old) =>
    Object.entries(c.with ?? {})
      .map(([name, a]) => `${name}=${a.value}`)
      .join(' ');
  it.each(cases.map((c) => [`${c.op} of ${c.opset}: [${c.x}] ${shown(c)}`, c] as const))('%s', async (_, c) => {
    const outputs = c.outputs ?? ['y'];
    const node: FileNode = {
      op: c.op,
      in: c.operands ?? ['x', ...Object.keys(c.tensors ?? {})],
      out: outputs,
      domain: c.domain ?? '',
      attributes: c.with ?? {},
    };
    const file: FileModel = { opset: c.opset, inputs: { x: c.x }, outputs, nodes: [node], tensors: c.tensors ?? {} };
    const bytes = modelBytes(file);
    const feeds = { x: randomTensor(c.x, 3) };
    const graph = readModel(bytes);
    const [original, upgraded] = [await runBytes(bytes, feeds), await runBytes(writeModel(graph), feeds)];
    for (const { name, value } of graph.outputs) {
      expect(value.shape).toEqual(original[name]!.shape);
      expect(upgraded[name]!.shape).toEqual(original[name]!.shape);
      expect(upgraded[name]!.dtype).toBe(original[name]!.dtype);
      toNumbers(upgraded[name]!).forEach((v, i) => {
        expect(v).toBeCloseTo(toNumbers(original[name]!)[i]!, 5);
      });
    }
  });
});

describe('pads beside auto_pad', () => {
  const window = { kernel_shape: ints(1, 1000), strides: ints(2, 17), auto_pad: text('SAME_LOWER'), ceil_mode: int(1) };
  it.each(['MaxPool', 'AveragePool', 'LpPool'])('say nothing to %s', async (op) => {
    const read = (attributes: NonNullable<FileNode['attributes']>) =>
      readModel(
        modelBytes({
          opset: 20,
          inputs: { x: [1, 2, 6, 5] },
          outputs: ['y'],
          nodes: [{ op, in: ['x'], out: ['y'], attributes }],
        }),
      );
    const feeds = { x: randomTensor([1, 2, 6, 5], 3) };
    const graph = read({ ...window, pads: ints(17, 2, 1, 2) });
    const [program, plain] = [await compile(graph), await compile(read(window))];
    const [both, alone] = [await program.run(feeds), await plain.run(feeds)];
    await Promise.all([program.dispose(), plain.dispose()]);
    expect(both.y!.shape).toEqual([1, 2, 3, 1]);
    expect(toNumbers(both.y!)).toEqual(toNumbers(alone.y!));
  });

  it('while it means no padding for a window smaller than its stride', async () => {
    const attributes = { kernel_shape: ints(1, 1), strides: ints(2, 2), auto_pad: text('SAME_UPPER') };
    const nodes = [{ op: 'MaxPool', in: ['x'], out: ['y'], attributes }];
    const graph = readModel(modelBytes({ opset: 20, inputs: { x: [1, 1, 4, 3] }, outputs: ['y'], nodes }));
    const program = await compile(graph);
    const { y } = await program.run({ x: tensorOf('float32', [1, 1, 4, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) });
    await program.dispose();
    expect(y!.shape).toEqual([1, 1, 2, 2]);
    expect(toNumbers(y!)).toEqual([1, 3, 7, 9]);
  });
});

describe('a query that may attend to nothing', () => {
  const inf = Number.NEGATIVE_INFINITY;
  it.each([
    ['by a mask of booleans', tensorOf('bool', [2, 2], [0, 0, 1, 0]), 0],
    ['by a mask of minus infinity', tensorOf('float32', [2, 2], [inf, inf, 0, inf]), 0],
    ['by a mask and causality together', tensorOf('bool', [2, 2], [0, 1, 1, 0]), 1],
  ])('gets 0, %s', async (_, mask, causal) => {
    const x = randomTensor([1, 1, 2, 3], 1);
    const attributes = { is_causal: int(causal) };
    const node: FileNode = { op: 'Attention', in: ['x', 'x', 'x', 'mask'], out: ['y'], attributes };
    const file: FileModel = {
      opset: 23,
      inputs: { x: x.shape as number[] },
      outputs: ['y'],
      nodes: [node],
      tensors: { mask },
    };
    const { y } = await runBytes(writeModel(readModel(modelBytes(file))), { x });
    // The second query hears the first token alone.
    const first = toNumbers(x).slice(0, 3);
    toNumbers(y!).forEach((v, i) => {
      expect(v).toBeCloseTo([0, 0, 0, ...first][i]!, 6);
    });
  });
});

describe('quantized weights', () => {
  /** y = x W', W' dequantized. */
  const file = (
    q: TensorData,
    scale: TensorData,
    zero: TensorData,
    attributes: FileNode['attributes'] = {},
  ): FileModel => ({
    opset: 21,
    inputs: { x: [2, 4] },
    outputs: ['y'],
    tensors: { q, scale, zero },
    nodes: [
      { op: 'DequantizeLinear', in: ['q', 'scale', 'zero'], out: ['w'], attributes },
      { op: 'MatMul', in: ['x', 'w'], out: ['y'] },
    ],
  });
  const q = tensorOf('int8', [4, 3], [1, -2, 3, 4, 5, -6, 7, 100, -128, 0, 11, 12]);

  it.each([
    ['for the tensor', file(q, tensorOf('float32', [], [0.1]), tensorOf('int8', [], [3]))],
    ['for each column', file(q, f32(0.1, 0.2, 0.3), tensorOf('int8', [3], [1, 0, -1]), { axis: int(1) })],
    ['for each row', file(q, f32(0.1, 0.2, 0.3, 0.4), tensorOf('int8', [4], [1, 0, -1, 2]), { axis: int(0) })],
    [
      'for blocks of two rows',
      file(q, tensorOf('float32', [2, 3], [1, 2, 3, 4, 5, 6]), tensorOf('int8', [2, 3], [1, 0, 2, 0, 0, 1]), {
        axis: int(0),
        block_size: int(2),
      }),
    ],
  ])('with a scale %s are the numbers that they stand for', async (_, model) => {
    const notes: string[] = [];
    const graph = readModel(modelBytes(model), { onNote: (note) => notes.push(note) });
    expect(graph.nodes.map((n) => n.opType)).toEqual(['MatMul']);
    expect(notes.join()).toMatch(/quantized weights/);
    const feeds = { x: randomTensor([2, 4], 3) };
    const [own, original] = [await runBytes(writeModel(graph), feeds), await runBytes(modelBytes(model), feeds)];
    toNumbers(own.y!).forEach((v, i) => {
      expect(v).toBeCloseTo(toNumbers(original.y!)[i]!, 4);
    });
  });

  it('but not what is computed: that has no derivative', () => {
    const model = file(q, f32(0.1), tensorOf('int8', [], [0]));
    const nodes = [{ op: 'DequantizeLinear', name: 'd', in: ['x', 'scale'], out: ['y'] }];
    expect(() => readModel(modelBytes({ ...model, nodes }))).toThrow(/DequantizeLinear "d": only quantized weights/);
  });
});

describe('what no longer exists is refused', () => {
  const file = (opset: number, node: FileNode, tensors: FileModel['tensors'] = {}): FileModel => ({
    opset,
    inputs: { x: [2, 2, 3, 3] },
    outputs: ['y'],
    nodes: [{ name: 'old', ...node }],
    tensors,
  });
  const stats = { s: f32(1, 1), b: f32(0, 0), m: f32(0, 0), v: f32(1, 1) };

  it('batch normalization per pixel', () => {
    const node = {
      op: 'BatchNormalization',
      in: ['x', 's', 'b', 'm', 'v'],
      out: ['y'],
      attributes: { spatial: int(0) },
    };
    expect(() => readModel(modelBytes(file(8, node, stats)))).toThrow(/"old": statistics per pixel/);
  });

  it('the saved statistics of a training batch', () => {
    const node = { op: 'BatchNormalization', in: ['x', 's', 'b', 'm', 'v'], out: ['y', 'rm', 'rv', 'saved', 'sv'] };
    const model = { ...file(9, node, stats), outputs: ['y', 'saved'] };
    expect(() => readModel(modelBytes(model))).toThrow(/"old": its outputs saved no longer exist/);
  });

  it('but a node that only could have had them is read, in training mode', () => {
    const node = { op: 'BatchNormalization', in: ['x', 's', 'b', 'm', 'v'], out: ['y', 'rm', 'rv', 'saved', 'sv'] };
    const graph = readModel(modelBytes({ ...file(9, node, stats), outputs: ['y', 'rm', 'rv'] }));
    expect(graph.nodes[0]!.attributes.training_mode).toEqual(int(1));
    expect(graph.nodes[0]!.outputs.map((v) => v.name)).toEqual(['y', 'rm', 'rv']);
  });

  it.each([6, 25])('operator set %i', (opset) => {
    const node = { op: 'Relu', in: ['x'], out: ['y'] };
    expect(() => readModel(modelBytes(file(opset, node)), { path: 'a.onnx' })).toThrow(
      `a.onnx: operator set ${opset}: expected 7 to 24; export the model with another opset_version`,
    );
  });
});
