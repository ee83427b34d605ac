/**
 * Forward pass of CIFAR ResNets with random weights: our blocked emission against plain ONNX, ONNX Runtime's own layout
 * pass, and eager PyTorch in both memory formats.
 *
 *     npm run bench -- emission [DEPTHS [BATCHES]]       e.g. 20,56 1,64,128,500
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { UsageError } from '../src/base/errors.ts';
import { RandomStream } from '../src/base/random.ts';
import { modelNamed } from '../src/models/index.ts';
import { initialize, type Params } from '../src/nn/index.ts';
import { type Graph, sizeOf, tensor, writeModel } from '../src/onnx/index.ts';
import { compile, defaultThreads, sessionOptions } from '../src/runtime/index.ts';
import {
  alternate,
  type Bench,
  type Case,
  type Contestant,
  Peer,
  timed,
  torchMissing,
  writeParameters,
} from './harness.ts';

function list(text: string | undefined, fallback: readonly number[]): readonly number[] {
  const values = text?.split(',').map(Number) ?? fallback;
  if (!values.every((v) => Number.isInteger(v) && v > 0)) {
    throw new UsageError(`expected whole numbers separated by commas, got "${text}"`);
  }
  return values;
}

/** Fresh values with running statistics that are not trivial, so that folding normalization is put to the test. */
function randomParameters(depth: number): Params {
  const { parameters } = modelNamed(`resnet${depth}`);
  const params = new Map(initialize(parameters, 0));
  for (const { name, shape } of parameters) {
    if (!/running_(mean|var)$|bn\d\.(weight|bias)$/.test(name)) continue;
    const stream = new RandomStream({ seed: 0, purpose: `bench/${name}` });
    const positive = /running_var$|weight$/.test(name);
    const data = Float32Array.from({ length: sizeOf(shape) }, () => stream.uniform() * 0.4 + (positive ? 0.8 : -0.2));
    params.set(name, tensor('float32', shape, data));
  }
  return params;
}

/** What the contestants answer, for comparing. */
type Logits = Map<string, Float32Array>;

function relativeError(logits: Logits, name: string): number {
  const reference = logits.get('plain')!;
  const largest = reference.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return logits.get(name)!.reduce((m, v, i) => Math.max(m, Math.abs(v - reference[i]!)), 0) / largest;
}

async function ours(graph: Graph, image: Float32Array, repeats: number, logits: Logits) {
  const shape = graph.inputs[0]!.shape as readonly number[];
  const feeds = { image: tensor('float32', shape, image) };
  const contestants: Contestant[] = [];
  const closing: (() => Promise<void>)[] = [];
  for (const [name, emission] of [
    ['ballast', 'auto'],
    ['plain', 'plain'],
  ] as const) {
    const program = await compile(graph, { emission });
    const run = () =>
      timed(async () => logits.set(name, (await program.run(feeds)).logits!.data as Float32Array), repeats);
    contestants.push({ name, run, error: () => relativeError(logits, name) });
    closing.push(() => program.dispose());
  }
  const name = "onnxruntime's layout pass";
  const session = await InferenceSession.create(writeModel(graph), sessionOptions());
  const input = { image: new Tensor('float32', image, shape) };
  const run = () =>
    timed(async () => logits.set(name, (await session.run(input)).logits!.data as Float32Array), repeats);
  contestants.push({ name, run, error: () => relativeError(logits, name) });
  closing.push(() => session.release());
  return { contestants, close: () => Promise.all(closing.map((c) => c())) };
}

async function measure(depth: number, batch: number, folder: string, params: Params): Promise<Case> {
  const graph = modelNamed(`resnet${depth}`).build(params, batch);
  const image = new Float32Array(batch * 3 * 32 * 32);
  const stream = new RandomStream({ seed: 1, purpose: 'bench/images' });
  for (let i = 0; i < image.length; i++) image[i] = stream.uniform();
  writeFileSync(join(folder, 'images.bin'), Buffer.from(image.buffer));
  const logits: Logits = new Map();
  const repeats = Math.max(1, Math.round(16 / batch));
  const { contestants, close } = await ours(graph, image, repeats, logits);
  const peers: Peer[] = [];
  for (const format of ['nchw', 'channels_last']) {
    const peer = Peer.start('emission.py', [folder, `${depth}`, `${batch}`, `${defaultThreads()}`, format]);
    if (!peer) continue;
    peers.push(peer);
    const name = `torch ${format}`;
    const run = async () => {
      const { seconds } = await peer.ask<{ seconds: number }>({ repeats });
      const bytes = readFileSync(join(folder, `logits_${format}.bin`));
      logits.set(name, new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)));
      return seconds;
    };
    contestants.push({ name, run, error: () => relativeError(logits, name) });
  }
  try {
    const rounds = batch <= 128 ? 9 : 5;
    const names = contestants.filter((c) => c.name.startsWith('torch')).map((c) => c.name);
    const name = `ResNet-${depth}, batch ${batch}`;
    return await alternate({ name, unit: 'images/s', work: batch, rounds, warmup: 2, peers: names }, contestants);
  } finally {
    for (const peer of peers) peer.stop();
    await close();
  }
}

const bench: Bench = async ([depths, batches]) => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const cases: Case[] = [];
  try {
    for (const depth of list(depths, [20, 56])) {
      const params = randomParameters(depth);
      writeParameters(params, folder);
      for (const batch of list(batches, [1, 64, 128, 500])) cases.push(await measure(depth, batch, folder, params));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    what: `Forward pass of CIFAR ResNets in evaluation mode, float32, ${defaultThreads()} threads`,
    error: 'largest difference of a logit from plain ONNX, over the largest logit',
    cases,
    notes: cases.some((c) => c.ratio !== undefined) ? [] : [torchMissing],
  };
};

export default bench;
