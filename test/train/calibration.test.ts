import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { loadNetwork, type Network, networkIdentity } from '../../src/models/index.ts';
import { tensor, type Value } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/index.ts';
import { calibrateBatchNorm } from '../../src/train/calibration.ts';

const images = (count: number, seed = 1) =>
  Float32Array.from(
    { length: count * 3072 },
    (
      (draw) => () =>
        draw.uniform()
    )(new RandomStream({ seed, purpose: 'px' })),
  );

/** Mean and biased variance of each channel of a value over a batch. */
async function channelStatistics(network: Network, pixels: Float32Array, value: (network: Network) => Value) {
  const count = pixels.length / 3072;
  const graph = network.graph(count);
  const y = value({ ...network, graph: () => graph });
  const program = await compile({ ...graph, outputs: [{ name: 'y', value: y }] });
  const out = (await program.run({ image: tensor('float32', [count, 3, 32, 32], pixels) })).y!;
  await program.dispose();
  const [n, channels, height, width] = out.shape as [number, number, number, number];
  const area = height * width;
  return Array.from({ length: channels }, (_, c) => {
    const values = Array.from({ length: n * area }, (_, i) =>
      Number(out.data[(Math.floor(i / area) * channels + c) * area + (i % area)]),
    );
    const mean = values.reduce((s, v) => s + v, 0) / values.length;
    return { mean, variance: values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length, values: values.length };
  });
}

const lastNormalized = (network: Network): Value =>
  network
    .graph(1)
    .nodes.filter((n) => n.opType === 'BatchNormalization')
    .at(-1)!.outputs[0]!;

describe('batch norm calibrated on data', () => {
  it('normalizes these data at every depth, as in training mode', async () => {
    const fresh = await loadNetwork({ model: 'resnet20', weights: 'random', seed: 3 });
    const pixels = images(16);
    const calibrated = await calibrateBatchNorm({ network: fresh, images: pixels, batchSize: 16 });
    for (const { mean, variance, values } of await channelStatistics(calibrated, pixels, lastNormalized)) {
      expect(Math.abs(mean)).toBeLessThan(5e-3);
      // The running variance is the unbiased one, in every layer before as well.
      expect(Math.abs(variance - (values - 1) / values)).toBeLessThan(5e-3);
    }
    // What it is for: without it the same place is orders of magnitude larger.
    const [before] = await channelStatistics(fresh, pixels, lastNormalized);
    expect(before!.variance).toBeGreaterThan(100);
    expect(networkIdentity(calibrated)).not.toBe(networkIdentity(fresh));
    expect(calibrated.weights).toBe('freshly initialized (seed 3), batch norm calibrated on 16 images');
  });

  it('takes the mean of the statistics of several batches', async () => {
    const network = await loadNetwork({ model: 'resnet8', weights: 'random' });
    const pixels = images(24);
    const parts = await Promise.all(
      [0, 1, 2].map((i) =>
        calibrateBatchNorm({ network, images: pixels.subarray(i * 8 * 3072, (i + 1) * 8 * 3072), batchSize: 8 }),
      ),
    );
    const whole = await calibrateBatchNorm({ network, images: pixels, batchSize: 8 });
    const of = (n: Network) => n.builtFrom!.params.get('layer3.0.bn2.running_var')!.data as Float32Array;
    of(whole).forEach((v, i) => {
      const mean = parts.reduce((s, p) => s + of(p)[i]!, 0) / 3;
      expect(Math.abs(v - mean)).toBeLessThan(1e-5 * mean);
    });
  });

  it('leaves a network without batch norm as it is, and refuses fewer images than a batch', async () => {
    const plain = await loadNetwork({ model: 'mlp16', weights: 'random' });
    expect(await calibrateBatchNorm({ network: plain, images: images(2), batchSize: 2 })).toBe(plain);
    const network = await loadNetwork({ model: 'resnet8', weights: 'random' });
    await expect(calibrateBatchNorm({ network, images: images(3), batchSize: 4 })).rejects.toThrow(
      'takes batches of 4 images, got 3 images',
    );
  });
});
