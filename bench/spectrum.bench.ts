/**
 * Exact singular values of the residual units of ResNet-56 (real weights, one real image), against torch.linalg.svdvals of
 * the same Jacobians.
 *
 *     npm run bench -- spectrum [UNITS|all [PEERS_PER_SHAPE [final-relu]]]
 *
 * Our time includes everything from the activations on (building the Jacobian in factored form, too); the peer's is svdvals
 * alone, on a matrix already in memory. The peer takes about an hour for all units; with PEERS_PER_SHAPE it runs on that many
 * units of each shape only and the others of that shape count with its mean, which is said in the notes.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError } from '../src/base/errors.ts';
import { loadDataset, toFloat } from '../src/data/index.ts';
import { loadNetwork } from '../src/models/index.ts';
import { tensor } from '../src/onnx/index.ts';
import { defaultThreads } from '../src/runtime/index.ts';
import {
  activationsAt,
  BlockMeasurement,
  findUnits,
  probeDense,
  selectUnits,
  valuesNeeded,
} from '../src/stability/index.ts';
import { realData } from '../test/support/real-data.ts';
import { type Bench, type Case, type Measurement, Peer, torchMissing } from './harness.ts';

const float64Limit = 4096;

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < b.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst / b[0]!;
}

function measurement(contestant: string, seconds: number, error: number | undefined, runs = 1): Measurement {
  const times = { medianSeconds: seconds, minSeconds: seconds, maxSeconds: seconds };
  return { contestant, ...times, runs, rate: 1 / seconds, ...(error === undefined ? {} : { error }) };
}

export default (async ([selection = 'all', perShape = '27', relu]) => {
  const [data, weights] = [realData('cifar10'), realData('checkpoints/resnet56-4bfd9763.th')];
  if (!data || !weights) throw new BallastError('the spectrum bench needs real data: set BALLAST_DATA');
  const dataset = await loadDataset({ name: 'cifar10', dir: data, split: 'test' });
  const network = await loadNetwork({ model: 'resnet56', weights });
  const graph = network.graph(1);
  const blocks = selectUnits(findUnits(graph), selection);
  const image = tensor('float32', [1, 3, 32, 32], toFloat(dataset, [0]));
  const [at] = await activationsAt(graph, blocks.flatMap(valuesNeeded), [image]);
  const finalRelu = relu === 'final-relu';
  const peer = Peer.start('spectrum.py', []);
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const cases: Case[] = [];
  const peerTimes = new Map<string, number[]>();
  const shapes: string[] = [];
  try {
    for (const block of blocks) {
      const options = { finalRelu, method: 'auto' as const, top: 10, seed: 0, runtime: {} };
      const measured = new BlockMeasurement(graph, block, options);
      const spectrum = await measured.measure(at!);
      const shape = spectrum.shape.join(' x ');
      shapes.push(shape);
      const own = measurement(`ballast (${spectrum.method})`, spectrum.seconds, undefined);
      let entry: Case = { name: `${block.name} ${shape}`, unit: 'spectra/s', measurements: [own] };
      const times = peerTimes.get(shape) ?? [];
      if (peer && times.length < Number(perShape)) {
        const { matrix, rows, cols } = await probeDense(await measured.operator(at!), 256);
        const [path, out] = [join(folder, 'jacobian'), join(folder, 'values')];
        writeFileSync(path, matrix);
        const job = { path, rows, cols, threads: defaultThreads(), out };
        const { seconds } = await peer.ask<{ seconds: number }>(job);
        const valuesOf = () => {
          const bytes = readFileSync(out);
          return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
        };
        const theirs = valuesOf();
        let reference = theirs;
        let against = 'torch float32';
        if (Math.min(rows, cols) <= float64Limit) {
          await peer.ask({ ...job, float64: true });
          reference = valuesOf();
          against = 'LAPACK float64';
        }
        peerTimes.set(shape, [...times, seconds]);
        entry = {
          ...entry,
          name: `${entry.name} vs ${against}`,
          measurements: [
            { ...own, error: difference(spectrum.singularValues, reference) },
            measurement('torch.linalg.svdvals', seconds, difference(theirs, reference)),
          ],
          ratio: seconds / spectrum.seconds,
        };
      }
      await measured.dispose();
      cases.push(entry);
      const [a, b] = entry.measurements;
      console.log(
        `${entry.name}: ${a!.medianSeconds.toFixed(1)} s${b ? ` against ${b.medianSeconds.toFixed(1)} s, error ${a!.error?.toExponential(1)}` : ''}`,
      );
    }
  } finally {
    peer?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const ours = cases.reduce((sum, c) => sum + c.measurements[0]!.medianSeconds, 0);
  const notes = peer ? [] : [torchMissing];
  const mean = (xs: readonly number[]) => xs.reduce((s, x) => s + x, 0) / xs.length;
  const theirs = peer ? shapes.reduce((sum, shape) => sum + mean(peerTimes.get(shape)!), 0) : Number.NaN;
  for (const [shape, times] of peerTimes) {
    const count = shapes.filter((s) => s === shape).length;
    if (times.length < count)
      notes.push(
        `torch ran on ${times.length} of ${count} units of shape ${shape}; the others count with its mean, ${mean(times).toFixed(1)} s`,
      );
  }
  const total = measurement('ballast', ours, undefined);
  cases.push({
    name: `total of ${cases.length} units`,
    unit: 'runs/s',
    measurements: peer ? [total, measurement('torch.linalg.svdvals', theirs, undefined)] : [total],
    ...(peer ? { ratio: theirs / ours } : {}),
  });
  return {
    what: `exact singular values of ${network.name}'s units at test image 0, final ReLU ${finalRelu ? 'in' : 'out'}`,
    error: 'largest difference of a singular value from the reference, relative to the largest value',
    cases,
    notes,
  };
}) satisfies Bench;
