/** Linearizations and spectra of the published ResNet-56 against PyTorch and LAPACK in float64, where a Python has them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Peer, pythonWithTorch } from '../../bench/harness.ts';
import { RandomStream } from '../../src/base/random.ts';
import { loadDataset, toFloat } from '../../src/data/index.ts';
import { loadNetwork } from '../../src/models/index.ts';
import { tensor } from '../../src/onnx/index.ts';
import {
  activationsAt,
  BlockMeasurement,
  findUnits,
  probeDense,
  selectUnits,
  valuesNeeded,
} from '../../src/stability/index.ts';
import { realData } from '../support/real-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-pytorch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const weights = realData('checkpoints/resnet56-4bfd9763.th');
const file = (name: string) => join(folder, name);

function readDoubles(path: string): Float64Array {
  const bytes = readFileSync(path);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

async function prepare(name: string, finalRelu: boolean) {
  const dataset = await loadDataset({ name: 'cifar10', dir: realData('cifar10')!, split: 'test' });
  const network = await loadNetwork({ model: 'resnet56', weights: weights! });
  const graph = network.graph(1);
  const [block] = selectUnits(findUnits(graph), name);
  const image = toFloat(dataset, [0]);
  const [at] = await activationsAt(graph, valuesNeeded(block!), [tensor('float32', [1, 3, 32, 32], image)]);
  const measurement = new BlockMeasurement(graph, block!, { finalRelu, method: 'auto', top: 5, seed: 0, runtime: {} });
  return { image, at: at!, measurement };
}

const relativeError = (a: ArrayLike<number>, b: Float64Array) =>
  Math.sqrt(b.reduce((s, y, i) => s + (a[i]! - y) ** 2, 0) / b.reduce((s, y) => s + y * y, 0));

describe.skipIf(!weights || !pythonWithTorch())('against PyTorch in float64', () => {
  it.each(['layer1.0', 'layer1.8', 'layer2.0', 'layer2.4', 'layer3.0', 'layer3.8'])(
    'J v and Jᵀ u of %s agree to 1e-5',
    async (name) => {
      const { image, at, measurement } = await prepare(name, true);
      const operator = await measurement.operator(at);
      const draw = new RandomStream({ seed: 1, purpose: 'test' });
      const v = draw.fillNormal(new Float32Array(operator.cols));
      const u = draw.fillNormal(new Float32Array(operator.rows));
      for (const [path, data] of [
        ['image', image],
        ['vector', v],
        ['cotangent', u],
      ] as const)
        writeFileSync(file(path), data);
      const peer = Peer.start('jacobian.py', ['56', weights!])!;
      await peer.ask({
        unit: name,
        image: file('image'),
        vector: file('vector'),
        cotangent: file('cotangent'),
        out: file('out'),
      });
      peer.stop();
      const answer = readDoubles(file('out'));
      expect(relativeError(await operator.apply(v, 1), answer.subarray(0, operator.rows))).toBeLessThan(1e-5);
      expect(relativeError(await operator.applyTranspose(u, 1), answer.subarray(operator.rows))).toBeLessThan(1e-5);
      await measurement.dispose();
    },
  );

  it.each([
    ['layer3.4', false],
    ['layer3.4', true],
    ['layer3.8', false],
    ['layer3.0', true],
  ])(
    'all singular values of %s (final ReLU %s) agree with LAPACK to 1e-4 of the largest, the plateau in number',
    async (name, finalRelu) => {
      const { at, measurement } = await prepare(name, finalRelu);
      const result = await measurement.measure(at);
      const { matrix, rows, cols } = await probeDense(await measurement.operator(at), 256);
      writeFileSync(file('jacobian'), matrix);
      const peer = Peer.start('spectrum.py', [])!;
      await peer.ask({ path: file('jacobian'), rows, cols, threads: 2, out: file('values'), float64: true });
      peer.stop();
      const reference = readDoubles(file('values'));
      expect(result.singularValues.length).toBe(reference.length);
      const worst = reference.reduce((m, y, i) => Math.max(m, Math.abs(y - result.singularValues[i]!)), 0);
      expect(worst / reference[0]!).toBeLessThan(1e-4);
      // The peer's Jacobian is float32, so its plateau is 1 to 1e-6 or so.
      expect(result.plateau!.count).toBe(reference.filter((y) => Math.abs(y - 1) <= result.tolerance).length);
      await measurement.dispose();
    },
  );
});
