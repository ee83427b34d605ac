/** Every built-in model against its PyTorch original with the same weights, where a Python has PyTorch. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Peer, pythonWithTorch } from '../../bench/harness.ts';
import { vjp } from '../../src/autodiff/index.ts';
import { RandomStream } from '../../src/base/random.ts';
import { lstm, type Model, modelNamed, transformer } from '../../src/models/index.ts';
import { type Params, parameterCount } from '../../src/nn/index.ts';
import { type Graph, mapGraph, sizeOf, staticShape, type TensorData, tensor, tensorOf } from '../../src/onnx/index.ts';
import { compile, type Tensors } from '../../src/runtime/index.ts';
import { calibratedParams } from './training.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => join(folder, name.replaceAll('/', '_'));

function inputOf(name: string, shape: readonly number[], words: number): TensorData {
  const stream = new RandomStream({ seed: 5, purpose: `test/${name}` });
  const draw = {
    tokens: () => stream.integer(words),
    image: () => stream.uniform(),
    state: () => 0.5 * stream.normal(),
  };
  const values = Array.from({ length: sizeOf(shape) }, draw[name as keyof typeof draw]);
  return tensorOf(name === 'tokens' ? 'int64' : 'float32', shape, values);
}

interface Subject {
  readonly peer: string;
  readonly model: Model;
  readonly options?: object;
  readonly length?: number;
}

const image = (name: string): Subject => ({ peer: name, model: modelNamed(name) });

const subjects: readonly Subject[] = [
  ...['vgg11', 'vgg16', 'alexnet', 'mobilenetv2', 'mlp', 'unet', 'drn22'].map(image),
  { peer: 'lstm', model: lstm(), length: 35 },
  {
    peer: 'lstm',
    model: lstm({ layers: 1, hidden: 64, vocabulary: 500, tied: true }),
    options: { layers: 1, hidden: 64, vocabulary: 500, tied: true },
    length: 20,
  },
  { peer: 'transformer', model: transformer(), length: 50 },
  {
    peer: 'transformer',
    model: transformer({ layers: 2, width: 64, context: 32, vocabulary: 100, untied: true }),
    options: { layers: 2, width: 64, heads: 2, context: 32, vocabulary: 100, untied: true },
  },
];

/** Softplus for ReLU and mean for maximum pooling: rounding cannot choose another branch of the derivative. */
const smooth = (graph: Graph): Graph =>
  mapGraph(graph, (node, [x], b) => {
    if (node.opType === 'Relu') return [b.op('Softplus', [x!])];
    if (node.opType === 'MaxPool') return b.node('AveragePool', [x!], node.attributes);
    return undefined;
  });

const readFloats = (path: string): Float32Array => {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};

const writeAll = (path: string, tensors: readonly TensorData[]) =>
  writeFileSync(path, Buffer.concat(tensors.map((t) => Buffer.from((t.data as Float32Array).buffer))));

/** What the peer makes of the same weights and inputs. */
async function ask(subject: Subject, params: Params, feeds: Tensors, cotangents: readonly TensorData[]) {
  const { model, peer: name, options = {} } = subject;
  writeAll(file('params'), [...params.values()]);
  writeAll(file('cotangents'), cotangents);
  const inputs = Object.entries(feeds).map(([input, t]) => {
    writeAll(file(input), [t]);
    return [input, [file(input), t.dtype, t.shape]];
  });
  const peer = Peer.start('models.py', [])!;
  const answer = await peer.ask<{ outputs: number[][]; parameters: number }>({
    model: name,
    options,
    params: file('params'),
    shapes: Object.fromEntries(model.parameters.map((p) => [p.name, p.shape])),
    trained: model.parameters.filter((p) => p.trainable).map((p) => p.name),
    inputs: Object.fromEntries(inputs),
    cotangents: file('cotangents'),
    gradients: file('gradients'),
    out: file('out'),
  });
  peer.stop();
  return { ...answer, values: readFloats(file('out')), gradients: readFloats(file('gradients')) };
}

describe.skipIf(!pythonWithTorch())('against PyTorch', () => {
  it.each(subjects.map((s) => [s.model.name, s] as const))(
    '%s has the same outputs to 1e-4, as many parameters, and in its smooth variant the same gradients to 1e-4',
    async (_, subject) => {
      const { model, length } = subject;
      const params = calibratedParams(model);
      const [graph, trace] = [model.build(params, 3, length), model.trace(3, length)];
      const feeds = Object.fromEntries(
        graph.inputs.map((v) => [v.name, inputOf(v.name, staticShape(v), model.classes)]),
      );
      const of = graph.outputs.map((o) => o.name);
      const cotangents = trace.outputs.map(({ name, value }) => {
        const stream = new RandomStream({ seed: 6, purpose: `test/${name}` });
        return tensor('float32', staticShape(value), stream.fillNormal(new Float32Array(sizeOf(staticShape(value)))));
      });
      const theirs = await ask(subject, params, feeds, cotangents);
      expect(theirs.parameters).toBe(parameterCount(model.parameters));
      expect(theirs.outputs).toEqual(trace.outputs.map((o) => o.value.shape));

      const program = await compile(graph);
      const outputs = await program.run(feeds);
      await program.dispose();
      let at = 0;
      for (const name of of) {
        const values = outputs[name]!.data as Float32Array;
        const reference = theirs.values.subarray(at, at + values.length);
        at += values.length;
        const size = reference.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
        const worst = values.reduce((m, v, i) => Math.max(m, Math.abs(v - reference[i]!)), 0);
        expect(size, `${name} is of order 1`).toBeGreaterThan(0.05);
        expect(worst, `${name} of size ${size}`).toBeLessThan(1e-4 * Math.max(1, size));
      }
      expect(at).toBe(theirs.values.length);

      const wrt = model.parameters.filter((p) => p.trainable).map((p) => p.name);
      const backward = await compile(vjp(smooth(trace), { wrt, of }));
      const seeds = Object.fromEntries(of.map((name, i) => [`${name}_cotangent`, cotangents[i]!]));
      const gradients = await backward.run({ ...feeds, ...Object.fromEntries(params), ...seeds });
      await backward.dispose();
      at = 0;
      for (const name of wrt) {
        const values = gradients[`${name}_gradient`]!.data as Float32Array;
        const reference = theirs.gradients.subarray(at, at + values.length);
        at += values.length;
        const norm = Math.sqrt(reference.reduce((s, v) => s + v * v, 0));
        const error = Math.sqrt(values.reduce((s, v, i) => s + (v - reference[i]!) ** 2, 0));
        expect(norm, `${name} matters`).toBeGreaterThan(0);
        expect(error / norm, `gradient of ${name}`).toBeLessThan(1e-4);
      }
      expect(at).toBe(theirs.gradients.length);
    },
  );
});
