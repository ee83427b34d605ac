/** The Hessian of the published ResNet-20 against PyTorch's double backward in float64, where a Python has it; large models. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Peer, pythonWithTorch } from '../../bench/harness.ts';
import { RandomStream } from '../../src/base/random.ts';
import { loadDataset, shapesDataset, toFloat } from '../../src/data/index.ts';
import { extremeEigenpairs } from '../../src/linalg/index.ts';
import { loadNetwork, type Network } from '../../src/models/index.ts';
import { tensor } from '../../src/onnx/index.ts';
import { HessianOperator } from '../../src/stability/index.ts';
import { classificationObjective } from '../../src/train/index.ts';
import { realData } from '../support/real-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-hessian-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => join(folder, name);

const weights = realData('checkpoints/resnet20-12fca82f.th');

function operatorOf(network: Network, pixels: Float32Array, labels: readonly number[]): HessianOperator {
  const { model, params } = network.builtFrom!;
  const size = pixels.length / labels.length;
  return new HessianOperator({
    objective: (batch) => classificationObjective(model, batch),
    parameters: model.parameters,
    values: params,
    examples: labels.length,
    microBatch: 5,
    batch: (first, n) => ({
      inputs: {
        image: tensor('float32', [n, ...model.inputShape], pixels.subarray(first * size, (first + n) * size)),
        label: tensor('int64', [n], BigInt64Array.from(labels.slice(first, first + n), BigInt)),
      },
      targets: n,
    }),
  });
}

const normal = (n: number, seed: number) => new RandomStream({ seed, purpose: 'test' }).fillNormal(new Float32Array(n));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((s, x, i) => s + x * b[i]!, 0);

describe.skipIf(!weights || !pythonWithTorch())('against PyTorch in float64, at 8 images', () => {
  it('H v agrees to 1e-4, the loss and the largest eigenvalue too', async () => {
    const dataset = await loadDataset({ name: 'cifar10', dir: realData('cifar10')!, split: 'test' });
    const network = await loadNetwork({ model: 'resnet20', weights: weights! });
    // Two of them are misclassified: a loss that is not almost zero.
    const indices = [0, 1, 2, 3, 4, 5, 6, 58];
    const pixels = toFloat(dataset, indices);
    const labels = indices.map((i) => dataset.labels[i]!);
    const operator = operatorOf(network, pixels, labels);
    const v = normal(operator.rows, 1);
    writeFileSync(file('images'), pixels);
    writeFileSync(file('labels'), BigInt64Array.from(labels, BigInt));
    writeFileSync(file('vector'), v);
    const peer = Peer.start('hessian.py', ['20', weights!])!;
    const expected = await peer.ask<{ loss: number; largest: number; residual: number }>({
      images: file('images'),
      labels: file('labels'),
      vector: file('vector'),
      out: file('out'),
      steps: 20,
    });
    peer.stop();
    const bytes = readFileSync(file('out'));
    const reference = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const found = await operator.apply(v, 1);
    const error = found.map((x, i) => x - reference[i]!);
    expect(Math.sqrt(dot(error, error) / dot(reference, reference))).toBeLessThan(1e-4);
    const { loss } = await operator.gradient();
    expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(1e-4);
    const { largest } = await extremeEigenpairs(operator, { largest: 1 });
    expect(expected.residual).toBeLessThan(1e-4);
    expect(Math.abs(largest[0]!.value / expected.largest - 1)).toBeLessThan(1e-4);
    await operator.dispose();
  });
});

describe('large classifiers', () => {
  it.each(['vgg11', 'alexnet'])('%s: the product is symmetric', async (name) => {
    const dataset = shapesDataset({ seed: 1, split: 'test', count: 4 });
    const network = await loadNetwork({ model: name, weights: 'random', inputShape: dataset.shape });
    const indices = [0, 1];
    const operator = operatorOf(
      network,
      toFloat(dataset, indices),
      indices.map((i) => dataset.labels[i]!),
    );
    const [u, v] = [normal(operator.rows, 1), normal(operator.rows, 2)];
    const [hu, hv] = [await operator.apply(u, 1), await operator.apply(v, 1)];
    const size = Math.sqrt(dot(u, u) * dot(hv, hv));
    expect(size).toBeGreaterThan(1e-3);
    expect(Math.abs(dot(u, hv) - dot(v, hu)) / size).toBeLessThan(1e-4);
    await operator.dispose();
  });
});
