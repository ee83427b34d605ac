import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { networkIdentity } from '../../../src/models/identity.ts';
import { loadNetwork } from '../../../src/models/load-network.ts';
import type { NetworkRequest } from '../../../src/models/network.ts';
import { type Graph, tensor, tensorOf, toNumbers } from '../../../src/onnx/index.ts';
import { compile } from '../../../src/runtime/index.ts';
import {
  encode,
  type FileModel,
  type FileNode,
  int,
  ints,
  type ModelMessage,
  modelMessage,
  randomTensor,
} from '../../support/onnx-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-foreign-'));
let count = 0;

function saved(message: ModelMessage): string {
  const path = join(folder, `model${++count}.onnx`);
  writeFileSync(path, encode(message));
  return path;
}

/** A small residual classifier of 3 x 8 x 8 images. */
const plain: FileModel = {
  opset: 17,
  inputs: { x: ['batch', 3, 8, 8] },
  outputs: ['y'],
  tensors: { stem: randomTensor([4, 3, 3, 3], 1), w: randomTensor([4, 4, 3, 3], 2), fc: randomTensor([4, 5], 3) },
  nodes: [
    { op: 'Conv', in: ['x', 'stem'], out: ['a'], attributes: { pads: ints(1, 1, 1, 1) } },
    { op: 'Conv', in: ['a', 'w'], out: ['b'], attributes: { pads: ints(1, 1, 1, 1) } },
    { op: 'Relu', in: ['b'], out: ['c'] },
    { op: 'Add', in: ['a', 'c'], out: ['d'] },
    { op: 'GlobalAveragePool', in: ['d'], out: ['e'] },
    { op: 'Flatten', in: ['e'], out: ['f'] },
    { op: 'Gemm', in: ['f', 'fc'], out: ['y'] },
  ],
};

/** The classifier with other nodes behind its scores, under the name z; those are called y still. */
const ending = (...nodes: FileNode[]): FileModel => ({ ...plain, outputs: ['z'], nodes: [...plain.nodes, ...nodes] });
/** The classifier with other nodes in front of its first convolution, from `raw` to x. */
const beginning = (shape: (number | string)[], ...nodes: FileNode[]): FileModel => ({
  ...plain,
  inputs: { raw: shape },
  nodes: [...nodes, ...plain.nodes],
});

async function logitsOf(graph: Graph): Promise<number[]> {
  const shape = graph.inputs[0]!.shape as number[];
  // Multiples of 1/255, so that bytes stand for them.
  const pixels = toNumbers(randomTensor(shape, 9)).map((v) => (Math.abs(Math.round(v * 90)) % 256) / 255);
  const program = await compile(graph);
  try {
    return toNumbers((await program.run({ image: tensorOf('float32', shape, pixels) })).logits!);
  } finally {
    await program.dispose();
  }
}

async function loaded(message: ModelMessage, request: Partial<NetworkRequest> = {}, batch = 2) {
  const network = await loadNetwork({ model: saved(message), ...request });
  return { network, logits: await logitsOf(network.graph(batch)) };
}

const expected = loaded(modelMessage(plain)).then((p) => p.logits);

async function expectSame(logits: readonly number[], tolerance = 1e-5): Promise<void> {
  const wanted = await expected;
  expect(logits).toHaveLength(wanted.length);
  logits.forEach((v, i) => {
    expect(Math.abs(v - wanted[i]!)).toBeLessThan(tolerance);
  });
}

describe('the scores of a user’s classifier are its logits', () => {
  it.each([
    ['a Softmax', [{ op: 'Softmax', in: ['y'], out: ['z'], attributes: { axis: int(1) } }], /Softmax/],
    ['a Sigmoid', [{ op: 'Sigmoid', in: ['y'], out: ['z'] }], /Sigmoid/],
    [
      'a Softmax of [N, C, 1, 1], flattened',
      [
        { op: 'Unsqueeze', in: ['y', 'axes'], out: ['y4'] },
        { op: 'Softmax', in: ['y4'], out: ['p4'], attributes: { axis: int(1) } },
        { op: 'Flatten', in: ['p4'], out: ['z'] },
      ],
      /Softmax/,
    ],
  ])('where there is %s at the end: it is taken off, and said so', async (_, nodes, note) => {
    const file = ending(...(nodes as FileNode[]));
    const { network, logits } = await loaded(
      modelMessage({ ...file, tensors: { ...file.tensors, axes: tensorOf('int64', [2], [2, 3]) } }),
    );
    await expectSame(logits);
    expect(network.notes?.join()).toMatch(note);
  });

  it('where its output is [N, C, 1, 1]', async () => {
    const file = ending({ op: 'Unsqueeze', in: ['y', 'axes'], out: ['z'] });
    const { network, logits } = await loaded(
      modelMessage({ ...file, tensors: { ...file.tensors, axes: tensorOf('int64', [2], [2, 3]) } }),
    );
    await expectSame(logits);
    expect(network.classes).toBe(5);
  });

  it('where it has several outputs: the one called logits, or the one that is named', async () => {
    const several = { ...ending({ op: 'Identity', in: ['y'], out: ['logits'] }), outputs: ['d', 'logits'] };
    await expectSame((await loaded(modelMessage(several))).logits);
    const other = { ...plain, outputs: ['d', 'y'] };
    await expectSame((await loaded(modelMessage(other), { logits: 'y' })).logits);
    await expect(loaded(modelMessage(other))).rejects.toThrow(
      /expected an output \[batch, classes\], got d.*name another output as the logits: y/,
    );
    await expect(loaded(modelMessage(other), { logits: 'q' })).rejects.toThrow(/has no output "q", only d, y/);
  });

  it('but log-probabilities stay, which are logits as good as any', async () => {
    const { network } = await loaded(modelMessage(ending({ op: 'LogSoftmax', in: ['y'], out: ['z'] })));
    expect(network.notes).toEqual([]);
  });
});

describe('images are given as the file wants them', () => {
  const scale = { ...plain.tensors, by: tensorOf('float32', [], [255]) };
  const divided: FileNode = { op: 'Div', in: ['real', 'by'], out: ['x'] };

  it('as bytes that it divides by 255', async () => {
    const message = modelMessage({
      ...beginning(['batch', 3, 8, 8], { op: 'Cast', in: ['raw'], out: ['real'], attributes: { to: int(1) } }, divided),
      tensors: scale,
    });
    message.graph!.input![0]!.type!.tensorType!.elemType = 2;
    const { network, logits } = await loaded(message);
    await expectSame(logits, 1e-4);
    expect(network.notes?.join()).toMatch(/pixels from 0 to 255 as uint8/);
  });

  it('as numbers up to 255, or as it is told', async () => {
    const message = modelMessage({
      ...beginning(['batch', 3, 8, 8], { op: 'Identity', in: ['raw'], out: ['real'] }, divided),
      tensors: scale,
    });
    await expectSame((await loaded(message)).logits, 1e-4);
    const { logits } = await loaded(message, { inputRange: 1 });
    expect(Math.max(...logits.map(Math.abs))).toBeLessThan(Math.max(...(await expected).map(Math.abs)) / 100);
    await expect(loaded(message, { normalize: 'imagenet' })).rejects.toThrow(
      /takes pixels from 0 to 255 and normalizes them itself/,
    );
  });

  it('with the channels last', async () => {
    const file = beginning(['batch', 8, 8, 3], {
      op: 'Transpose',
      in: ['raw'],
      out: ['x'],
      attributes: { perm: ints(0, 3, 1, 2) },
    });
    const { network, logits } = await loaded(modelMessage(file));
    expect(network.inputShape).toEqual([3, 8, 8]);
    await expectSame(logits);
  });

  it('in the size of the data, or the one that is bound', async () => {
    const message = modelMessage({ ...plain, inputs: { x: ['n', 3, 'height', 'width'] } });
    await expectSame((await loaded(message, { inputShape: [3, 8, 8] })).logits);
    await expectSame((await loaded(message, { bind: { height: 8, width: 8 } })).logits);
    await expect(loaded(message)).rejects.toThrow(/bind height, width to sizes \(as height=224,width=224\)/);
    await expect(loaded(message, { bind: { depth: 8 } })).rejects.toThrow(
      /no open dimension "depth" to bind: its open dimensions are height, width/,
    );
  });
});

describe('16-bit floats', () => {
  /** The bits of a number that a half can hold, of usual size. */
  const half = (v: number): number => {
    if (v === 0) return 0;
    const exponent = Math.floor(Math.log2(Math.abs(v)));
    const fraction = Math.round((Math.abs(v) / 2 ** exponent - 1) * 1024);
    return (v < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
  };
  const rounded = (v: number) => Math.round(v * 64) / 64;

  it('are computed in float32, inputs, weights, constants and bounds alike', async () => {
    const tensors = Object.fromEntries(
      Object.entries(plain.tensors!).map(([k, t]) => [k, tensorOf('float32', t.shape, toNumbers(t).map(rounded))]),
    );
    const bound: FileModel = {
      ...plain,
      tensors: { ...tensors, low: tensorOf('float32', [], [0]), high: tensorOf('float32', [], [1.5]) },
      nodes: [...plain.nodes.map((n) => (n.op === 'Relu' ? { op: 'Clip', in: ['b', 'low', 'high'], out: ['c'] } : n))],
    };
    const inHalf = modelMessage(bound);
    inHalf.graph!.input![0]!.type!.tensorType!.elemType = 10;
    for (const t of inHalf.graph!.initializer!) {
      const values = new Float32Array(Uint8Array.from(t.rawData!).buffer);
      t.dataType = 10;
      t.rawData = new Uint8Array(Uint16Array.from(values, half).buffer);
    }
    const [wide, narrow] = [await loaded(modelMessage(bound)), await loaded(inHalf)];
    expect(narrow.network.notes).toEqual(['16-bit floats of the file are computed in float32']);
    expect(narrow.logits).toEqual(wide.logits);
  });
});

describe('batch normalization and dropout', () => {
  it.each([13, 14])('in training mode are computed in evaluation mode, opset %i', async (opset) => {
    const norm = (training: boolean): FileNode => ({
      op: 'BatchNormalization',
      in: ['a', 's', 's', 'm', 'v'],
      out: training ? ['n', 'rm', 'rv', ...(opset < 14 ? ['sm', 'sv'] : [])] : ['n'],
      ...(training && opset >= 14 ? { attributes: { training_mode: int(1) } } : {}),
    });
    const drop: FileNode = { op: 'Dropout', in: ['n', 'ratio', 'training'], out: ['p'] };
    const file = (training: boolean): FileModel => ({
      ...plain,
      opset,
      tensors: {
        ...plain.tensors,
        s: tensorOf('float32', [4], [1, 2, 3, 4]),
        m: tensorOf('float32', [4], [0.1, 0.2, 0.3, 0.4]),
        v: tensorOf('float32', [4], [1, 2, 1, 2]),
        ratio: tensorOf('float32', [], [0.5]),
        training: tensorOf('bool', [], [1]),
      },
      nodes: plain.nodes.flatMap((n) =>
        n.out[0] === 'b'
          ? [norm(training), ...(training ? [drop] : []), { ...n, in: [training ? 'p' : 'n', 'w'] }]
          : [n],
      ),
    });
    const [evaluated, trained] = [await loaded(modelMessage(file(false))), await loaded(modelMessage(file(true)))];
    expect(trained.logits).toEqual(evaluated.logits);
    expect(trained.network.notes?.join()).toMatch(
      /batch normalization in training mode.*evaluation mode.*dropout in training mode/,
    );
  });
});

describe('a file for one image', () => {
  /** Attention as an exporter writes it for one image: batch and heads merged in the targets of reshapes. */
  const fixed: FileModel = {
    opset: 17,
    inputs: { x: [1, 3, 8, 8] },
    outputs: ['y'],
    tensors: {
      patch: randomTensor([8, 3, 4, 4], 1),
      flat: tensorOf('int64', [3], [1, 8, 4]),
      token: randomTensor([1, 1, 8], 2),
      heads: tensorOf('int64', [3], [5, 2, 4]),
      back: tensorOf('int64', [3], [1, 5, 8]),
      first: tensorOf('int64', [], [0]),
      fc: randomTensor([8, 5], 3),
    },
    nodes: [
      { op: 'Conv', in: ['x', 'patch'], out: ['a'], attributes: { strides: ints(4, 4) } },
      { op: 'Reshape', in: ['a', 'flat'], out: ['b'] },
      { op: 'Transpose', in: ['b'], out: ['c'], attributes: { perm: ints(0, 2, 1) } },
      { op: 'Concat', in: ['token', 'c'], out: ['d'], attributes: { axis: int(1) } },
      { op: 'Transpose', in: ['d'], out: ['e'], attributes: { perm: ints(1, 0, 2) } },
      { op: 'Reshape', in: ['e', 'heads'], out: ['f'] },
      { op: 'Transpose', in: ['f'], out: ['q'], attributes: { perm: ints(1, 0, 2) } },
      { op: 'Transpose', in: ['f'], out: ['k'], attributes: { perm: ints(1, 2, 0) } },
      { op: 'MatMul', in: ['q', 'k'], out: ['s'] },
      { op: 'Softmax', in: ['s'], out: ['p'], attributes: { axis: int(-1) } },
      { op: 'MatMul', in: ['p', 'q'], out: ['o'] },
      { op: 'Transpose', in: ['o'], out: ['g'], attributes: { perm: ints(1, 0, 2) } },
      { op: 'Reshape', in: ['g', 'merged'], out: ['h'] },
      { op: 'Transpose', in: ['h'], out: ['i'], attributes: { perm: ints(1, 0, 2) } },
      { op: 'Gather', in: ['i', 'first'], out: ['j'], attributes: { axis: int(1) } },
      { op: 'Gemm', in: ['j', 'fc'], out: ['y'] },
    ],
  };
  const attention: FileModel = { ...fixed, tensors: { ...fixed.tensors, merged: tensorOf('int64', [3], [5, 1, 8]) } };

  async function singly(message: ModelMessage) {
    const network = await loadNetwork({ model: saved(message) });
    const shape = network.inputShape;
    const pixels = toNumbers(randomTensor([3, ...shape], 9)).map(Math.abs);
    const run = async (graph: Graph, values: number[]) => {
      const program = await compile(graph);
      const size = graph.inputs[0]!.shape[0] as number;
      const { logits } = await program.run({ image: tensor('float32', [size, ...shape], Float32Array.from(values)) });
      await program.dispose();
      return toNumbers(logits!);
    };
    const together = await run(network.graph(3), pixels);
    const apart: number[] = [];
    for (let i = 0; i < 3; i++) apart.push(...(await run(network.graph(1), pixels.slice(i * 192, (i + 1) * 192))));
    together.forEach((v, i) => {
      expect(v).toBeCloseTo(apart[i]!, 4);
    });
    return network;
  }

  it('takes batches, which are followed through attention and its class token', async () => {
    const network = await singly(modelMessage(attention));
    expect(network.notes?.join()).toMatch(/larger batches give what single images give/);
    expect(network.largestBatch).toBeUndefined();
  });

  it('goes image by image where the batch cannot be followed', async () => {
    const sorted: FileModel = {
      ...plain,
      inputs: { x: [1, 3, 8, 8] },
      tensors: { ...plain.tensors, axes: tensorOf('int64', [1], [0]), back: tensorOf('int64', [2], [1, 5]) },
      // A mean over the batch axis: of one image it is the image itself.
      nodes: [
        ...plain.nodes.slice(0, -1),
        { op: 'Gemm', in: ['f', 'fc'], out: ['g'] },
        { op: 'ReduceMean', in: ['g'], out: ['y'], attributes: { axes: ints(0) } },
      ],
    };
    const network = await singly(modelMessage(sorted));
    expect(network.largestBatch).toBe(1);
    expect(network.notes?.join()).toMatch(/one by one/);
  });
});

describe('weights in another file', () => {
  const external = (location: string, change: (entries: { key: string; value: string }[]) => void = () => {}) => {
    const message = modelMessage(plain);
    let at = 0;
    const parts: Uint8Array[] = [];
    for (const t of message.graph!.initializer!) {
      parts.push(Uint8Array.from(t.rawData!));
      t.externalData = [
        { key: 'location', value: location },
        { key: 'offset', value: `${at}` },
        { key: 'length', value: `${t.rawData!.length}` },
      ];
      change(t.externalData as { key: string; value: string }[]);
      at += t.rawData!.length;
      t.rawData = undefined;
      t.dataLocation = 1;
    }
    return { message, bytes: Buffer.concat(parts) };
  };

  it('beside the model are read, and are part of what the network is known by', async () => {
    const { message, bytes } = external('weights.data');
    writeFileSync(join(folder, 'weights.data'), bytes);
    const { network, logits } = await loaded(message);
    await expectSame(logits, 1e-6);
    const before = networkIdentity(network);
    bytes[0] = bytes[0]! ^ 1;
    writeFileSync(join(folder, 'weights.data'), bytes);
    expect(networkIdentity(await loadNetwork({ model: network.name }))).not.toBe(before);
  });

  it.each([
    ['outside of its folder', '../weights.data', /expected a file in the model's own folder/],
    ['at an absolute path', '/etc/passwd', /expected a file in the model's own folder/],
    ['nowhere', 'missing\u001b.data', /in "missing\\u001b.data", which is not beside the model/],
    ['in a folder', 'inner', /"inner", which is no file/],
    ['behind a link that leads out', 'link.data', /"link.data", a link that leads out of the model's folder/],
    ['in a file that is too short', 'short.data', /"short.data", which has 4; the file may be cut off/],
  ])('%s are refused', async (_, location, problem) => {
    mkdirSync(join(folder, 'inner'), { recursive: true });
    writeFileSync(join(folder, 'short.data'), 'abcd');
    try {
      symlinkSync('/etc/passwd', join(folder, 'link.data'));
    } catch {
      // It is there from the case before.
    }
    await expect(loaded(external(location).message)).rejects.toThrow(problem);
  });

  it('that say another length than the tensor has are refused', async () => {
    const { message } = external('weights.data', (entries) => {
      entries[2]!.value = '99999999999';
    });
    await expect(loaded(message)).rejects.toThrow(/needs 432 bytes of data, its external data have 99999999999/);
  });
});

describe('what makes too much of an image', () => {
  it('is refused before it is run', async () => {
    const file: FileModel = {
      ...plain,
      tensors: {
        ...plain.tensors,
        many: tensorOf('int64', [4], [1, 1, 4096, 4096]),
        one: tensorOf('int64', [2], [2, 3]),
      },
      nodes: [
        { op: 'Tile', name: 'huge', in: ['x', 'many'], out: ['t'] },
        { op: 'ReduceMax', in: ['t'], out: ['u'], attributes: { axes: ints(2, 3), keepdims: int(1) } },
        { op: 'Add', in: ['x', 'u'], out: ['x2'] },
        ...plain.nodes.map((n) => (n.out[0] === 'a' ? { ...n, in: ['x2', 'stem'] } : n)),
      ],
    };
    await expect(loaded(modelMessage(file))).rejects.toThrow(
      /Tile "huge" makes 3221225472 numbers of one image|would have the shape/,
    );
  });
});
