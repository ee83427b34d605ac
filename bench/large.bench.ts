/**
 * The leading singular values of residual units of a network on large images, against SciPy's `svds` on PyTorch's Jacobian-vector products.
 *
 *     npm run bench -- large [ARCHITECTURE [SIZE [UNITS [TOP]]]]
 *
 * ARCHITECTURE is one of torchvision's ResNets (resnet50), with random weights and batch statistics of random pictures; UNITS are positions
 * (`0,4,9`) or `all`. Both search the same values of the same map in float32 from a random start; each says the true residual of what it
 * found, relative to the largest value, beside its time. ARPACK is asked for 1e-3 of a squared value, which it mostly does better than.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BallastError } from '../src/base/errors.ts';
import { loadNetwork } from '../src/models/index.ts';
import { tensor } from '../src/onnx/index.ts';
import { defaultThreads } from '../src/runtime/index.ts';
import { activationsAt, BlockMeasurement, findUnits, planBlock, valuesNeeded } from '../src/stability/index.ts';
import { type Bench, type Case, type Measurement, Peer, torchMissing } from './harness.ts';

interface Answer {
  readonly seconds: number;
  readonly values: readonly number[];
  readonly residual: number;
  readonly products: number;
}

const once = (contestant: string, seconds: number, error: number): Measurement => ({
  contestant,
  medianSeconds: seconds,
  minSeconds: seconds,
  maxSeconds: seconds,
  runs: 1,
  rate: 1 / seconds,
  error,
});

export default (async ([architecture = 'resnet50', size = '224', chosen = '0,1,5,14', count = '5']) => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const top = Number(count);
  const cases: Case[] = [];
  const notes: string[] = [];
  try {
    const peer = Peer.start('large.py', [architecture, size, folder]);
    if (!peer) throw new BallastError(torchMissing);
    try {
      const { torch } = await peer.ask<{ torch: string }>(null);
      notes.push(`PyTorch ${torch}, ${defaultThreads()} threads`);
      const graph = (await loadNetwork({ model: join(folder, 'network.onnx') })).graph(1);
      const units = findUnits(graph);
      const positions = chosen === 'all' ? units.map((_, i) => i) : chosen.split(',').map(Number);
      const pixels = new Float32Array(Uint8Array.from(readFileSync(join(folder, 'image'))).buffer);
      const image = tensor('float32', [1, 3, Number(size), Number(size)], pixels);
      for (const position of positions) {
        const unit = units[position];
        if (!unit) throw new BallastError(`${architecture} has ${units.length} units; there is none at ${position}`);
        const block = { name: unit.name, units: [unit] };
        const [at] = await activationsAt(graph, valuesNeeded(block), [image]);
        const options = { finalRelu: false, method: 'lanczos' as const, top, seed: 0, runtime: {} };
        const plan = planBlock(block, at!, options);
        const measured = new BlockMeasurement(graph, block, options);
        const spectrum = await measured.measure(at!, plan);
        await measured.dispose();
        const peak = process.resourceUsage().maxRSS * 1024;
        const theirs = await peer.ask<Answer>({ unit: position, top, tolerance: 1e-3, threads: defaultThreads() });
        const apart = Math.max(...theirs.values.map((v, i) => Math.abs(v - (spectrum.singularValues[i] ?? 0))));
        notes.push(
          `${unit.name}: planned ${(plan.bytes / 1e9).toFixed(2)} GB and ${plan.seconds.toFixed(0)} s, peak of the process so far ` +
            `${(peak / 1e9).toFixed(2)} GB; ${spectrum.singularValues.length} of ${top} values converged, apart by ` +
            `${(apart / theirs.values[0]!).toExponential(1)} of the largest; svds took ${theirs.products} products`,
        );
        console.log(notes.at(-1));
        cases.push({
          name: `${unit.name} ${spectrum.shape.join(' x ')}, ${top} values`,
          unit: 'spectra/s',
          measurements: [
            once('ballast', spectrum.seconds, spectrum.maxResidual),
            once('svds of jvp and vjp', theirs.seconds, theirs.residual),
          ],
          ratio: theirs.seconds / spectrum.seconds,
        });
      }
    } finally {
      peer.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    what: `leading singular values of units of torchvision's ${architecture} at ${size} x ${size}, final ReLU out`,
    error: 'largest true residual of a value, relative to the largest value',
    cases,
    notes,
  };
}) satisfies Bench;
