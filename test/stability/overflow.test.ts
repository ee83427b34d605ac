/** A network whose weights are all finite and whose activations are not: nothing that is said of it may look like a measurement. */
import { describe, expect, it } from 'vitest';
import { OverflowError } from '../../src/base/errors.ts';
import { RandomStream } from '../../src/base/random.ts';
import type { ImageDataset } from '../../src/data/index.ts';
import { evaluate, withOwnAnswers } from '../../src/evaluate/index.ts';
import { type Network, resnet, withValues } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import {
  CurvatureMeasurement,
  measureAlignment,
  measureEigenvalues,
  measureIntervention,
  measurePerturbations,
  measureSpectra,
  plainPgd,
} from '../../src/stability/index.ts';

const stream = new RandomStream({ seed: 4, purpose: 'overflow' });
const dataset: ImageDataset = {
  name: 'noise',
  classes: ['a', 'b', 'c'],
  count: 6,
  shape: [3, 8, 8],
  pixels: Uint8Array.from({ length: 6 * 192 }, () => 255 * stream.uniform()),
  // All of the first class: what the largest of several NaN would be.
  labels: new Uint8Array(6),
};
const model = resnet({ depth: 14, width: 2, classes: 3, inputShape: [3, 8, 8] });
const values = initialize(model.parameters, 1);
const names = ['layer2.0.conv1.weight', 'layer2.0.bn2.weight', 'fc.weight'];
const vast = new Map(
  [...values].map(([name, t]) => {
    const data = Float32Array.from(t.data as Float32Array, (v) => (names.includes(name) ? v * 1e30 : v));
    return [name, { ...t, data }];
  }),
);
const network: Network = { ...withValues(model, vast), weights: 'vast' };
const at = { network, dataset, images: [0, 1], runtime: { device: 'cpu', threads: 1 } } as const;

describe('activations that overflow', () => {
  it('are no answers: an evaluation counts none as right, and no labels are made of them', async () => {
    const { accuracy, loss } = await evaluate(network, dataset);
    expect(accuracy).toBe(0);
    expect(Number.isFinite(loss)).toBe(false);
    await expect(withOwnAnswers(network, { ...dataset, classes: [], labels: new Uint8Array(0) })).rejects.toThrow(
      OverflowError,
    );
  });

  it.each([
    ['spectra', () => measureSpectra({ ...at, units: 'all', stages: false, finalRelu: false, method: 'auto', top: 3 })],
    ['perturbations', () => measurePerturbations({ ...at, ...plainPgd(0.01, 2), seed: 0 })],
    ['eigenvalues', () => measureEigenvalues({ ...at, units: 'all', method: 'auto', top: 3 })],
    ['alignment', () => measureAlignment({ ...at, top: 2 })],
    [
      'curvature',
      async () => {
        const measurement = await CurvatureMeasurement.prepare({
          ...{ ...at, split: 'test', largest: 1, smallest: 0, probes: 1 },
        });
        return measurement.run().finally(() => measurement.dispose());
      },
    ],
  ])('are refused by %s, naming the network', async (_, measured) => {
    const error = await measured().then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(OverflowError);
    expect(String(error)).toMatch(/resnet14.*not finite.*overflow float32/);
  });

  it('of an intervention are said of its scales, and are no answers of the changed network', async () => {
    const intact: Network = { ...withValues(model, values), weights: 'fresh' };
    const wanted = {
      ...{ ...at, network: intact, units: 'layer1.0', evaluationImages: 6, finalRelu: false, method: 'auto' as const },
      ...{ top: 3, skipScales: [1], weightScales: [3e38], growth: { images: [0, 1], eps: 0.01, steps: 1 } },
    };
    const { scales } = await measureIntervention({ ...wanted, operatingPoint: 'frozen' }).catch((error: Error) => {
      expect(error.message).toMatch(/overflow/);
      return { scales: [] };
    });
    for (const { accuracy, loss, growth } of scales.slice(1))
      expect([accuracy, loss, growth?.followed, growth?.layers]).toEqual([0, null, 0, []]);
  });
});
