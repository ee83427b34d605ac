import { describe, expect, it } from 'vitest';
import { FileError } from '../../src/base/errors.ts';
import { GraphError } from '../../src/onnx/graph.ts';
import { specialize } from '../../src/onnx/passes/specialize.ts';
import { readModel } from '../../src/onnx/read.ts';
import { tensorOf, toNumbers } from '../../src/onnx/tensor.ts';
import { writeModel } from '../../src/onnx/write.ts';
import {
  encode,
  type FileModel,
  type FileNode,
  float,
  int,
  ints,
  modelBytes,
  modelMessage,
  randomTensor,
  runBytes,
} from '../support/onnx-files.ts';

const i64 = (...values: number[]) => tensorOf('int64', [values.length], values);

/** A residual network as PyTorch writes it with an open batch: the shape arithmetic of `pad` and of `view(size(0), -1)`. */
const exported: FileModel = {
  opset: 13,
  inputs: { x: ['batch', 3, 8, 8] },
  outputs: ['logits'],
  tensors: {
    'stem.weight': randomTensor([4, 3, 3, 3], 1),
    'conv1.weight': randomTensor([8, 4, 3, 3], 2),
    'conv1.bias': randomTensor([8], 3),
    'fc.weight': randomTensor([10, 8], 4),
    'fc.bias': randomTensor([10], 5),
    zero: i64(0),
    ends: i64(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  },
  nodes: [
    { op: 'Conv', name: '/stem/Conv', in: ['x', 'stem.weight'], out: ['h0'], attributes: { pads: ints(1, 1, 1, 1) } },
    { op: 'Relu', in: ['h0'], out: ['h1'] },
    {
      op: 'Conv',
      name: '/conv1/Conv',
      in: ['h1', 'conv1.weight', 'conv1.bias'],
      out: ['h2'],
      attributes: { pads: ints(1, 1, 1, 1), strides: ints(2, 2) },
    },
    ...constants({
      starts: i64(0, 0),
      axes: i64(2, 3),
      steps: i64(2, 2),
      unpadded: i64(0, 0, 0, 0, 2, 2),
      fill: i64(2),
    }),
    { op: 'Slice', in: ['h1', 'starts', 'ends', 'axes', 'steps'], out: ['sub'] },
    // F.pad: the pads are padded with zeros to the rank, turned from [axis, side] to [side, axis] and reversed.
    { op: 'ConstantOfShape', in: ['fill'], out: ['zeros'], attributes: { value: { type: 'tensor', value: i64(0) } } },
    { op: 'Concat', in: ['unpadded', 'zeros'], out: ['all'], attributes: { axis: int(0) } },
    ...constants({ pairs: i64(-1, 2), minusOne: i64(-1), lowest: i64(-Number.MAX_SAFE_INTEGER), flat: i64(-1) }),
    { op: 'Reshape', in: ['all', 'pairs'], out: ['table'] },
    { op: 'Slice', in: ['table', 'minusOne', 'lowest', 'zero', 'minusOne'], out: ['reversed'] },
    { op: 'Transpose', in: ['reversed'], out: ['sides'], attributes: { perm: ints(1, 0) } },
    { op: 'Reshape', in: ['sides', 'flat'], out: ['list'] },
    { op: 'Cast', in: ['list'], out: ['pads'], attributes: { to: int(7) } },
    { op: 'Pad', in: ['sub', 'pads'], out: ['shortcut'] },
    { op: 'Add', name: '/Add', in: ['h2', 'shortcut'], out: ['sum'] },
    { op: 'GlobalAveragePool', in: ['sum'], out: ['pooled'] },
    { op: 'Shape', in: ['pooled'], out: ['size'] },
    { op: 'Constant', in: [], out: ['first'], attributes: { value_int: int(0) } },
    { op: 'Gather', in: ['size', 'first'], out: ['n'], attributes: { axis: int(0) } },
    { op: 'Unsqueeze', in: ['n', 'zero'], out: ['n1'] },
    { op: 'Concat', in: ['n1', 'minusOne'], out: ['target'], attributes: { axis: int(0) } },
    { op: 'Reshape', in: ['pooled', 'target'], out: ['features'] },
    { op: 'Identity', in: ['fc.weight'], out: ['shared'] },
    {
      op: 'Gemm',
      in: ['features', 'shared', 'fc.bias'],
      out: ['logits'],
      attributes: { transB: int(1), alpha: float(1) },
    },
  ],
};

function constants(tensors: NonNullable<FileModel['tensors']>): FileNode[] {
  return Object.entries(tensors).map(([name, value]) => ({
    op: 'Constant',
    in: [],
    out: [name],
    attributes: { value: { type: 'tensor', value } },
  }));
}

describe('a network as PyTorch exports it', () => {
  const bytes = modelBytes(exported);

  it('is read without its shape arithmetic, with the batch open', () => {
    const graph = readModel(bytes);
    expect(graph.nodes.map((n) => n.opType)).toEqual(
      'Conv Relu Conv Slice Pad Add GlobalAveragePool Reshape Gemm'.split(' '),
    );
    expect(graph.outputs[0]!.value.shape).toEqual(['batch', 10]);
  });

  it('keeps the names of nodes and weights', () => {
    const graph = readModel(bytes);
    expect(graph.nodes.filter((n) => n.name.startsWith('/')).map((n) => n.name)).toEqual([
      '/stem/Conv',
      '/conv1/Conv',
      '/Add',
    ]);
    expect([...graph.constants.keys()].map((v) => v.name)).toEqual(
      expect.arrayContaining(['stem.weight', 'conv1.weight', 'conv1.bias', 'fc.weight', 'fc.bias']),
    );
    expect(new Set(graph.nodes.map((n) => n.name)).size).toBe(graph.nodes.length);
  });

  it.each([
    ['open', readModel(bytes)],
    ['bound on reading', readModel(bytes, { bind: 5 })],
    ['bound by name', readModel(bytes, { bind: { batch: 5 } })],
    ['renamed', readModel(bytes, { bind: 'n' })],
    ['bound later', specialize(readModel(bytes), 5)],
  ])('computes what the file computes, %s', async (_, graph) => {
    const feeds = { x: randomTensor([5, 3, 8, 8], 9) };
    const original = (await runBytes(bytes, feeds)).logits!;
    const again = (await runBytes(writeModel(graph), feeds)).logits!;
    expect(again.shape).toEqual([5, 10]);
    toNumbers(again).forEach((v, i) => {
      expect(v).toBeCloseTo(toNumbers(original)[i]!, 4);
    });
  });
});

describe('open dimensions that shapes depend on', () => {
  const rows = (): FileModel => ({
    opset: 13,
    inputs: { x: ['batch', 'time', 6] },
    outputs: ['y'],
    tensors: { target: i64(-1, 6) },
    nodes: [{ op: 'Reshape', name: 'merge', in: ['x', 'target'], out: ['y'] }],
  });

  it('are asked for by name of the node, and the file is read when they are bound', () => {
    expect(() => readModel(modelBytes(rows()))).toThrow(/Reshape "merge".*\[batch,time.*specialize/);
    expect(readModel(modelBytes(rows()), { bind: { batch: 2, time: 3 } }).outputs[0]!.value.shape).toEqual([6, 6]);
  });

  it('cannot be bound under a name that is not there', () => {
    expect(() => readModel(modelBytes(rows()), { bind: { length: 3 } })).toThrow(
      'graph file has no open dimension "length" (only batch, time)',
    );
    expect(() => readModel(modelBytes(rows()), { bind: { time: 0 } })).toThrow('must be a positive integer, got 0');
  });

  it('cannot be bound when the file fixes them', () => {
    const fixed = modelBytes({ ...rows(), inputs: { x: [1, 2, 6] } });
    expect(() => readModel(fixed, { bind: 8 })).toThrow(
      'batch size 8 was asked for, but the file fixes x float32[1, 2, 6]; export it with an open batch',
    );
    expect(readModel(fixed, { bind: 1 }).inputs[0]!.shape).toEqual([1, 2, 6]);
  });

  it('get names of their own when the file gives them none', () => {
    const message = modelMessage(rows());
    message.graph!.input![0]!.type!.tensorType!.shape!.dim![0] = {};
    expect(() => readModel(encode(message))).toThrow(/x_0/);
    expect(readModel(encode(message), { bind: { x_0: 2, time: 2 } }).inputs[0]!.shape).toEqual([2, 2, 6]);
  });

  it('survive an expansion to a computed shape, with the choice that exporters write for -1', async () => {
    const file: FileModel = {
      opset: 13,
      inputs: { x: ['batch', 1, 4] },
      outputs: ['y'],
      tensors: { zero: i64(0), one: i64(1), rest: i64(3, -1), minus: i64(-1) },
      nodes: [
        { op: 'Shape', in: ['x'], out: ['size'] },
        { op: 'Slice', in: ['size', 'zero', 'one'], out: ['n'] },
        { op: 'Concat', in: ['n', 'rest'], out: ['list'], attributes: { axis: int(0) } },
        { op: 'Reshape', in: ['list', 'minus'], out: ['wanted'] },
        { op: 'Shape', in: ['wanted'], out: ['rank'] },
        {
          op: 'ConstantOfShape',
          in: ['rank'],
          out: ['ones'],
          attributes: { value: { type: 'tensor', value: i64(1) } },
        },
        { op: 'Mul', in: ['ones', 'minus'], out: ['negative'] },
        { op: 'Equal', in: ['wanted', 'negative'], out: ['kept'] },
        { op: 'Where', in: ['kept', 'ones', 'wanted'], out: ['target'] },
        { op: 'Expand', in: ['x', 'target'], out: ['y'] },
      ],
    };
    const graph = readModel(modelBytes(file));
    expect(graph.nodes.map((n) => n.opType)).toEqual(['Expand']);
    expect(graph.outputs[0]!.value.shape).toEqual(['batch', 3, 4]);
    const feeds = { x: randomTensor([2, 1, 4]) };
    expect((await runBytes(writeModel(graph), feeds)).y).toEqual((await runBytes(modelBytes(file), feeds)).y);
  });

  it('survive an interpolation to a computed size', async () => {
    const file: FileModel = {
      opset: 13,
      inputs: { x: ['batch', 2, 4, 6] },
      outputs: ['y'],
      tensors: { zero: i64(0), two: i64(2), wanted: i64(8, 9), none: tensorOf('float32', [0], []) },
      nodes: [
        { op: 'Shape', in: ['x'], out: ['size'] },
        { op: 'Slice', in: ['size', 'zero', 'two', 'zero'], out: ['head'] },
        { op: 'Concat', in: ['head', 'wanted'], out: ['sizes'], attributes: { axis: int(0) } },
        { op: 'Resize', in: ['x', 'none', 'none', 'sizes'], out: ['y'], attributes: {} },
      ],
    };
    const graph = readModel(modelBytes(file));
    expect(graph.outputs[0]!.value.shape).toEqual(['batch', 2, 8, 9]);
    const feeds = { x: randomTensor([3, 2, 4, 6]) };
    expect((await runBytes(writeModel(graph), feeds)).y).toEqual((await runBytes(modelBytes(file), feeds)).y);
  });
});

describe('the tensors of a file', () => {
  const withTensor = (change: (t: Record<string, unknown>) => void) => {
    const message = modelMessage({
      opset: 13,
      inputs: { x: [2] },
      outputs: ['y'],
      tensors: { w: tensorOf('float32', [2], [1, 2]) },
      nodes: [{ op: 'Add', name: 'sum', in: ['x', 'w'], out: ['y'] }],
    });
    change(message.graph!.initializer![0] as Record<string, unknown>);
    return encode(message);
  };

  it('may be typed instead of raw', () => {
    const graph = readModel(withTensor((t) => Object.assign(t, { rawData: undefined, floatData: [3, 4] })));
    expect([...graph.constants.values()].map(toNumbers)).toEqual([[3, 4]]);
  });

  it('may be listed among the inputs (IR version 3), and are no inputs then', () => {
    const message = modelMessage({
      opset: 9,
      irVersion: 3,
      inputs: { x: [2], w: [2] },
      outputs: ['y'],
      tensors: { w: tensorOf('float32', [2], [1, 2]) },
      nodes: [{ op: 'Add', in: ['x', 'w'], out: ['y'] }],
    });
    expect(readModel(encode(message)).inputs.map((v) => v.name)).toEqual(['x']);
  });

  it('are not decoded when nothing needs them', () => {
    const bytes = withTensor((t) => Object.assign(t, { name: 'unused', dataType: 8 }));
    expect(() => readModel(bytes)).toThrow('Add "sum": "w" is not computed before it is used');
  });

  it.each([
    [
      'lie in another file',
      { dataLocation: 1, externalData: [{ key: 'location', value: 'w.bin' }] },
      'tensor "w": its data lie in w.bin',
    ],
    ['hold strings', { dataType: 8 }, 'tensor "w": element type string is not supported; expected float32'],
    ['are of complex numbers', { dataType: 14 }, 'tensor "w": element type complex64 is not supported'],
    [
      'are NaN',
      { rawData: new Uint8Array(new Float32Array([1, Number.NaN]).buffer) },
      'tensor "w": element 1 of 2 is NaN',
    ],
    ['have a negative size', { dims: [-2] }, 'tensor "w": a tensor cannot have the shape [-2]'],
    [
      'have a hundred thousand dimensions',
      { dims: Array(100_000).fill(1) },
      'tensor "w": has 100000 dimensions; expected at most 32',
    ],
    ['are too short', { dims: [3] }, 'tensor "w": float32[3] needs 12 bytes of data, got 8'],
    ['have no data', { rawData: undefined }, 'tensor "w": float32[2] needs 2 elements, got 0'],
  ])('are refused by name when they %s', (_, change, message) => {
    const bytes = withTensor((t) => Object.assign(t, change));
    expect(() => readModel(bytes, { path: 'net.onnx' })).toThrow(`net.onnx: ${message}`);
    expect(() => readModel(bytes)).toThrow(GraphError);
  });

  it('are refused when they are sparse', () => {
    const message = modelMessage({ opset: 13, inputs: { x: [2] }, outputs: ['x'], nodes: [] });
    message.graph!.sparseInitializer = [{ values: { name: 's' } }];
    expect(() => readModel(encode(message))).toThrow('tensor "s": sparse tensors are not supported');
  });
});

describe('what Ballast does not know is refused by the name of the node', () => {
  const one = (node: FileNode): FileModel => ({ opset: 17, inputs: { x: [1, 2] }, outputs: ['y'], nodes: [node] });

  it('operators', () => {
    const lstm = one({ op: 'LSTM', name: 'rnn/LSTM', in: ['x', 'x', 'x'], out: ['y'] });
    expect(() => readModel(modelBytes(lstm), { path: 'a.onnx' })).toThrow(
      'a.onnx: LSTM "rnn/LSTM": operator is not supported',
    );
  });

  it('operators of other domains that have the name of a known one', () => {
    const conv = one({ op: 'Conv', domain: 'ai.example', in: ['x'], out: ['y'] });
    expect(() => readModel(modelBytes(conv))).toThrow('ai.example.Conv "y": operator is not supported');
  });

  it('control flow', () => {
    const message = modelMessage(one({ op: 'If', name: 'branch', in: ['x'], out: ['y'] }));
    message.graph!.node![0]!.attribute = [{ name: 'then_branch', type: 5, g: { name: 'then' } }];
    expect(() => readModel(encode(message))).toThrow(
      'If "branch": control flow is supported only where its condition is known',
    );
  });

  it('functions with another number of inputs than their call, and those that call themselves', () => {
    const call = { op: 'Block', domain: 'local', name: 'block', in: ['x'], out: ['y'] };
    const message = modelMessage(one(call));
    message.functions = [{ name: 'Block', domain: 'local' }];
    expect(() => readModel(encode(message))).toThrow('local.Block "block": has 1 inputs, its function takes 0');
    const node = { opType: 'Block', domain: 'local', name: 'again', input: ['a'], output: ['b'] };
    message.functions = [{ name: 'Block', domain: 'local', input: ['a'], output: ['b'], node: [node] }];
    expect(() => readModel(encode(message))).toThrow('functions call each other more than 32 deep');
  });

  it('the blocked kernels of ONNX Runtime, which trust whatever they are told', () => {
    const node = {
      op: 'ReorderOutput',
      domain: 'com.microsoft.nchwc',
      in: ['x'],
      out: ['y'],
      attributes: { channels: int(64) },
    };
    expect(() => readModel(modelBytes(one(node)))).toThrow(
      'com.microsoft.nchwc.ReorderOutput "y": operator is not supported',
    );
  });

  it('inputs that are not tensors, or have no shape', () => {
    const message = modelMessage(one({ op: 'Relu', in: ['x'], out: ['y'] }));
    message.graph!.input![0]!.type = { sequenceType: {} };
    expect(() => readModel(encode(message))).toThrow('input "x": expected a tensor');
    message.graph!.input![0]!.type = { tensorType: { elemType: 1 } };
    expect(() => readModel(encode(message))).toThrow('input "x": its shape is not in the file');
  });

  it('but not when no output needs it', () => {
    const model = one({ op: 'Relu', in: ['x'], out: ['y'] });
    const graph = readModel(modelBytes({ ...model, nodes: [...model.nodes, { op: 'LSTM', in: ['x'], out: ['z'] }] }));
    expect(graph.nodes.map((n) => n.opType)).toEqual(['Relu']);
  });

  it('a shape that does not fit is found on reading', () => {
    const bytes = modelBytes({
      ...one({ op: 'MatMul', name: 'mm', in: ['x', 'w'], out: ['y'] }),
      tensors: { w: randomTensor([3, 2]) },
    });
    expect(() => readModel(bytes)).toThrow(
      'MatMul "mm": inner dimensions 2 and 3 differ (inputs: float32[1, 2], float32[3, 2])',
    );
  });
});

describe('bytes that are no model', () => {
  const whole = modelBytes(exported);

  it.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('<!DOCTYPE html><html><body>Not found</body></html>')],
    ['zeros', new Uint8Array(64)],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13)],
  ])('%s is a FileError that names the path', (_, bytes) => {
    expect(() => readModel(bytes, { path: 'x.onnx' })).toThrow(FileError);
    expect(() => readModel(bytes, { path: 'x.onnx' })).toThrow(/^x\.onnx: /);
  });

  it('a file that is cut off anywhere is an error of ours, never a crash or a graph', () => {
    for (let length = 0; length < whole.length - 30; length += 37) {
      expect(() => readModel(whole.subarray(0, length), { path: 'x.onnx' })).toThrow(/^x\.onnx: /);
    }
  });

  it('a file with flipped bytes is read or refused with its path', () => {
    for (let at = 0; at < whole.length; at += 53) {
      const damaged = Uint8Array.from(whole);
      damaged[at] = damaged[at]! ^ 0xff;
      try {
        readModel(damaged, { path: 'x.onnx' });
      } catch (error) {
        expect(String((error as Error).message)).toMatch(/^x\.onnx: /);
      }
    }
  });
});
