/** Every built-in model against its PyTorch original with the same weights, where a Python has PyTorch. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Peer, pythonWithTorch } from '../bench/harness.ts';
import { lstm, type Model, modelNamed, transformer } from '../src/models/index.ts';
import { parameterCount } from '../src/nn/index.ts';
import { sizeOf, staticShape, type TensorData, tensorOf } from '../src/onnx/index.ts';
import { RandomStream } from '../src/random.ts';
import { compile } from '../src/runtime/index.ts';
import { calibratedParams } from './models/training.ts';

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

describe.skipIf(!pythonWithTorch())('against PyTorch', () => {
  it.each(subjects.map((s) => [s.model.name, s] as const))(
    '%s gives the same outputs to 1e-4 with as many parameters',
    async (_, subject) => {
      const { model, length, options = {} } = subject;
      const params = calibratedParams(model);
      const graph = model.build(params, 3, length);
      const feeds = Object.fromEntries(
        graph.inputs.map((v) => [v.name, inputOf(v.name, staticShape(v), model.classes)]),
      );
      const program = await compile(graph);
      const ours = await program.run(feeds);
      await program.dispose();

      writeFileSync(
        file('params'),
        Buffer.concat([...params.values()].map((t) => Buffer.from((t.data as Float32Array).buffer))),
      );
      const inputs = Object.fromEntries(
        Object.entries(feeds).map(([name, t]) => {
          writeFileSync(file(name), t.data as Float32Array);
          return [name, [file(name), t.dtype, t.shape]];
        }),
      );
      const peer = Peer.start('models.py', [])!;
      const shapes = Object.fromEntries(model.parameters.map((p) => [p.name, p.shape]));
      const answer = await peer.ask<{ outputs: number[][]; parameters: number }>({
        model: subject.peer,
        options,
        params: file('params'),
        shapes,
        inputs,
        out: file('out'),
      });
      peer.stop();
      expect(answer.parameters).toBe(parameterCount(model.parameters));
      expect(answer.outputs).toEqual(graph.outputs.map((o) => ours[o.name]!.shape));
      const bytes = readFileSync(file('out'));
      const theirs = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
      let at = 0;
      for (const { name } of graph.outputs) {
        const values = ours[name]!.data as Float32Array;
        const reference = theirs.subarray(at, at + values.length);
        at += values.length;
        const size = Math.max(...reference.map(Math.abs).subarray(0, 1e5));
        const worst = values.reduce((m, v, i) => Math.max(m, Math.abs(v - reference[i]!)), 0);
        expect(size, `${name} is of order 1`).toBeGreaterThan(0.05);
        expect(worst, `${name} of size ${size}`).toBeLessThan(1e-4 * Math.max(1, size));
      }
      expect(at).toBe(theirs.length);
    },
  );
});
