import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/base/errors.ts';
import { writeNpz, writeSafetensors } from '../../src/formats/index.ts';
import { loadNetwork } from '../../src/models/load-network.ts';
import { modelNamed } from '../../src/models/registry.ts';
import { initialize } from '../../src/nn/index.ts';
import { type TensorData, tensorOf } from '../../src/onnx/index.ts';
import { type FileNode, modelBytes } from '../support/onnx-files.ts';
import { pickle, tensorText, zipCheckpoint } from '../support/torch-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-'));
const at = (name: string) => join(folder, name);
const inputShape = [1, 2, 2];
const model = modelNamed('mlp2', { inputShape, classes: 2 });
const values = initialize(model.parameters, 1);
const load = (weights: string, weightsKey?: string) =>
  loadNetwork({ model: 'mlp2', weights, weightsKey, inputShape, classes: 2 });

/** A state dict of the values times `scale` in a checkpoint, whose storages begin with `key`. */
function stateOf(key: string, scale: number, prefix = ''): { state: Uint8Array; storages: Record<string, Uint8Array> } {
  const storages: Record<string, Uint8Array> = {};
  const entries = [...values].map(([name, t], i) => {
    const data = (t.data as Float32Array).map((v) => scale * v);
    storages[`${key}${i}`] = new Uint8Array(data.buffer);
    const strides = t.shape.map((_, d) => t.shape.slice(d + 1).reduce((n, s) => n * s, 1));
    return [prefix + name, tensorText({ key: `${key}${i}`, count: data.length, shape: t.shape, strides })];
  });
  return { state: pickle.dict(Object.fromEntries(entries)), storages };
}

describe('a checkpoint with moving averages and options beside the weights', () => {
  const [plain, ema] = [stateOf('a', 1, 'model.'), stateOf('b', 2, 'module.')];
  const options = Buffer.concat([
    pickle.global('argparse', 'Namespace'),
    pickle.raw(')\x81'),
    pickle.dict({}),
    pickle.raw('b'),
  ]);
  const program = pickle.program(pickle.dict({ args: options, ema: ema.state, state_dict: plain.state }));
  beforeAll(() => writeFileSync(at('ema.pt'), zipCheckpoint(program, { ...plain.storages, ...ema.storages })));
  const bias = async (weightsKey?: string) =>
    (await load(at('ema.pt'), weightsKey)).builtFrom!.params.get('fc1.bias')!.data;

  it('gives the weights that were trained, and says what else there is', async () => {
    expect(await bias()).toEqual(values.get('fc1.bias')!.data);
    expect((await load(at('ema.pt'))).notes).toEqual([
      `${at('ema.pt')}: the weights taken are those under "state_dict"; it holds another set, "ema", too, which can be chosen by key`,
      `${at('ema.pt')}: passed over what is no tensor and was not built: argparse.Namespace`,
    ]);
  });

  it('gives the others by their key, and refuses a key that is not there', async () => {
    expect(await bias('ema')).toEqual((values.get('fc1.bias')!.data as Float32Array).map((v) => 2 * v));
    expect((await load(at('ema.pt'), 'ema')).notes?.length).toBe(1);
    await expect(bias('emo')).rejects.toThrow(
      `${at('ema.pt')}: has no weights under "emo"; expected "state_dict", "ema", "model"`,
    );
    await expect(load('random', 'ema')).rejects.toThrow(UsageError);
  });

  it('of any format may hold its sets under prefixes of the names', async () => {
    const both = new Map(
      [...values].flatMap(
        ([name, t]) =>
          [
            [`a.${name}`, t],
            [`b.${name}`, t],
          ] as [string, TensorData][],
      ),
    );
    await writeSafetensors(at('both.safetensors'), both);
    await writeNpz(at('both.npz'), both);
    for (const name of ['both.safetensors', 'both.npz']) {
      expect((await load(at(name), 'b')).builtFrom!.params).toEqual(values);
      await expect(load(at(name))).rejects.toThrow('weights do not fit the model; missing 4');
    }
  });
});

describe('a checkpoint of a training run of ours', () => {
  const state = new Map([...values, ...[...values].map(([name, t]) => [`momentum/${name}`, t] as const)]);
  const written = async (metadata: Readonly<Record<string, string>>) => {
    await writeSafetensors(at('step.safetensors'), state, { ...metadata, progress: '{}' });
    return at('step.safetensors');
  };

  it('gives its weights without what else a step depends on, and says so', async () => {
    const network = await load(await written({ normalize: 'none' }));
    expect(network.builtFrom!.params).toEqual(values);
    expect(network.notes).toEqual([expect.stringMatching(/the state of the optimizer is not$/)]);
  });

  it('that does not say how pixels were normalized is refused until that is said', async () => {
    const weights = await written({});
    await expect(load(weights)).rejects.toThrow('which does not say how pixels were normalized');
    const said = await loadNetwork({ model: 'mlp2', weights, normalize: 'none', inputShape, classes: 2 });
    expect(said.builtFrom!.params).toEqual(values);
  });
});

describe('weights that are not finite', () => {
  const broken = (value: number) => {
    const copy = new Map(values);
    const data = Float32Array.from(values.get('fc2.weight')!.data as Float32Array);
    data[3] = value;
    return copy.set('fc2.weight', { dtype: 'float32', shape: [2, 2], data });
  };

  it('wherever they stand in a network are refused, naming the tensor', async () => {
    const shape = { classes: 3, inputShape: [3, 8, 8] };
    const model = modelNamed('resnet8', shape);
    const fresh = [...initialize(model.parameters, 0)];
    const specials = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    await fc.assert(
      fc.asyncProperty(fc.nat(fresh.length - 1), fc.nat(), specials, async (which, place, value) => {
        const [name, tensor] = fresh[which]!;
        const data = Float32Array.from(tensor.data as Float32Array);
        data[place % data.length] = value;
        await writeSafetensors(at('any.safetensors'), new Map([...fresh, [name, { ...tensor, data }]]));
        await expect(loadNetwork({ model: 'resnet8', weights: at('any.safetensors'), ...shape })).rejects.toThrow(
          `in ${name}: 1 of ${data.length} value`,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('are refused from every format, naming the tensor, how many and the first', async () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      await writeSafetensors(at('x.safetensors'), broken(value));
      await writeNpz(at('x.npz'), broken(value));
      for (const name of ['x.safetensors', 'x.npz'])
        await expect(load(at(name))).rejects.toThrow(
          `${at(name)}: weights must be finite float32 numbers; in fc2.weight: 1 of 4 values is not finite, the first ${value} at [1, 1]`,
        );
    }
  });

  const onnx = async (nodes: readonly FileNode[], tensors: Record<string, TensorData>) => {
    const tail: FileNode[] = [
      { op: 'Flatten', in: ['h'], out: ['f'] },
      { op: 'MatMul', in: ['f', 'w'], out: ['y'] },
    ];
    const weights = { w: tensorOf('float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]), ...tensors };
    const bytes = modelBytes({
      opset: 17,
      nodes: [...nodes, ...tail],
      inputs: { x: ['n', 1, 2, 2] },
      outputs: ['y'],
      tensors: weights,
    });
    writeFileSync(at('m.onnx'), bytes);
    return loadNetwork({ model: at('m.onnx') });
  };
  const same: FileNode[] = [{ op: 'Relu', in: ['x'], out: ['h'] }];

  it('are refused in an ONNX file, NaN anywhere and infinity in what is multiplied', async () => {
    await expect(onnx(same, {})).resolves.toMatchObject({ classes: 2 });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const read = onnx(same, { w: tensorOf('float32', [4, 2], [1, 2, 3, 4, 5, value, 7, value]) });
      await expect(read).rejects.toThrow(/m\.onnx: .*"w".*(element 5 of 8 is NaN|holds an infinite number)/);
    }
    const half = { dtype: 'float16' as const, shape: [1], data: Uint16Array.of(0x7e00) };
    const cast: FileNode[] = [
      { op: 'Cast', in: ['c'], out: ['wide'], attributes: { to: { type: 'int', value: 1 } } },
      { op: 'Add', in: ['x', 'wide'], out: ['h'] },
    ];
    await expect(onnx(cast, { c: half })).rejects.toThrow('tensor "c": element 0 of 1 is NaN');
  });

  it('are read where infinity is a bound or a mask, as it is or in another shape', async () => {
    const minus = tensorOf('float32', [1], [Number.NEGATIVE_INFINITY]);
    const bound: FileNode[] = [{ op: 'Max', in: ['x', 'c'], out: ['h'] }];
    await expect(onnx(bound, { c: minus })).resolves.toMatchObject({ classes: 2 });
    const mask: FileNode[] = [
      { op: 'Reshape', in: ['c', 'shape'], out: ['m'] },
      { op: 'Add', in: ['x', 'm'], out: ['h'] },
    ];
    const shape = tensorOf('int64', [2], [1, 1]);
    await expect(onnx(mask, { c: minus, shape })).resolves.toMatchObject({ classes: 2 });
    const plus = tensorOf('float32', [1], [Number.POSITIVE_INFINITY]);
    await expect(onnx(mask, { c: plus, shape })).rejects.toThrow('weights must be finite numbers');
    await expect(onnx([{ op: 'Mul', in: ['x', 'c'], out: ['h'] }], { c: minus })).rejects.toThrow(
      'in c: 1 of 1 values',
    );
  });
});
