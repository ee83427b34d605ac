import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import type { ImageDataset } from '../../../src/data/index.ts';
import { evaluate } from '../../../src/evaluate/index.ts';
import { type Network, resnet, withValues } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { intervenedNetwork } from '../../../src/stability/interventions/intervention.ts';
import {
  InterventionMeasurement,
  measureIntervention,
} from '../../../src/stability/interventions/intervention-measurement.ts';
import type { ScaledNetwork } from '../../../src/stability/interventions/intervention-result.ts';
import type { InterventionRequest } from '../../../src/stability/interventions/intervention-setting.ts';
import { measureSpectra } from '../../../src/stability/spectra/spectrum.ts';

const draw = new RandomStream({ seed: 1, purpose: 'test' });
const dataset: ImageDataset = {
  name: 'noise',
  classes: ['a', 'b', 'c'],
  count: 30,
  shape: [3, 8, 8],
  pixels: Uint8Array.from({ length: 30 * 192 }, () => 255 * draw.uniform()),
  labels: Uint8Array.from({ length: 30 }, (_, i) => i % 3),
};
const model = resnet({ depth: 8, width: 4, classes: 3, inputShape: [3, 8, 8] });
const network: Network = { ...withValues(model, initialize(model.parameters, 3)), weights: 'test' };

const base: InterventionRequest = {
  network,
  dataset,
  images: [0],
  units: 'layer3.0',
  skipScales: [0.5],
  weightScales: [1],
  operatingPoint: 'frozen',
  evaluationImages: 20,
  finalRelu: false,
  method: 'auto',
  top: 5,
};

const valuesOf = (scaled: ScaledNetwork, name: string, image = 0) =>
  scaled.units.find((u) => u.name === name && u.image === image)!.singularValues;

describe('an intervention', () => {
  it('measures the unchanged network first, and every pair of scales', async () => {
    const result = await measureIntervention({ ...base, images: [0, 4], skipScales: [0, 1], weightScales: [1, 2] });
    expect(result.scales.map((s) => [s.skipScale, s.weightScale])).toEqual([
      [0, 1],
      [0, 2],
      [1, 1],
      [1, 2],
    ]);
    expect(result.images).toEqual([0, 4].map((index) => ({ index, label: dataset.labels[index] })));
    expect(result.scales[2]).toEqual(result.unchanged);
    expect(result.unchanged.units.map((u) => [u.image, u.change])).toEqual([
      [0, 0],
      [4, 0],
    ]);
    const spectra = await measureSpectra({
      ...base,
      cache: undefined,
      images: [0, 4],
      units: 'layer3.0',
      stages: false,
    });
    spectra.images.forEach((image) => {
      expect(valuesOf(result.unchanged, 'layer3.0', image.index)).toEqual(image.units[0]!.singularValues);
      expect(result.unchanged.predicted[image.index === 0 ? 0 : 1]).toBe(image.predicted);
    });
    for (const { units } of result.scales) {
      for (const u of units) {
        expect(u.max).toBe(u.singularValues[0]);
        expect(u.min).toBe(u.singularValues.at(-1));
      }
    }
    expect(result.scales[3]!.units[0]!.change).toBeGreaterThan(0.05);
  });

  it('judges the changed network on the same fraction of every class', async () => {
    const whole = { ...base, skipScales: [2], weightScales: [0.5], measured: 'none', evaluationImages: 1000 };
    const { scales, unchanged } = await measureIntervention(whole);
    const changed = intervenedNetwork(network, [{ unit: 'layer3.0', skipScale: 2, weightScale: 0.5 }]);
    for (const [measured, judged] of [
      [unchanged, network],
      [scales[0]!, changed],
    ] as const) {
      const { accuracy, loss, count } = await evaluate(judged, dataset);
      expect(measured).toMatchObject({ accuracy, evaluated: count, units: [] });
      expect(measured.loss).toBeCloseTo(loss, 6);
    }
    const { scales: part } = await measureIntervention({ ...whole, evaluationImages: 12 });
    expect(part[0]!.evaluated).toBe(12);
  });

  it('of one unit finds the same there with frozen and with recomputed activations', async () => {
    const [frozen, recomputed] = [
      await measureIntervention(base),
      await measureIntervention({ ...base, operatingPoint: 'recomputed' }),
    ];
    expect(valuesOf(recomputed.scales[0]!, 'layer3.0')).toEqual(valuesOf(frozen.scales[0]!, 'layer3.0'));
    expect(recomputed.scales[0]!.accuracy).toBe(frozen.scales[0]!.accuracy);
  });

  it('of all units finds other spectra behind the first one with recomputed activations', async () => {
    const all = { ...base, units: 'all', finalRelu: true };
    const [frozen, recomputed] = [
      await measureIntervention(all),
      await measureIntervention({ ...all, operatingPoint: 'recomputed' }),
    ];
    expect(frozen.changed).toEqual(['layer1.0', 'layer2.0', 'layer3.0']);
    const relative = (name: string) => {
      const [a, b] = [valuesOf(frozen.scales[0]!, name)[0]!, valuesOf(recomputed.scales[0]!, name)[0]!];
      return Math.abs(a - b) / a;
    };
    expect(relative('layer1.0')).toBeLessThan(1e-6);
    expect(relative('layer3.0')).toBeGreaterThan(1e-3);
    expect(recomputed.unchanged.units.map((u) => u.max)).toEqual(frozen.unchanged.units.map((u) => u.max));
  });

  it('can look at other units than those that it changes', async () => {
    const later = { ...base, units: 'layer1.0', measured: 'layer3.0' };
    const frozen = await InterventionMeasurement.prepare(later);
    // With frozen activations nothing changes there: one spectrum serves both.
    expect(frozen.plan.spectra.map((s) => [s.name, s.skipScale])).toEqual([['layer3.0', 1]]);
    const result = await measureIntervention({ ...later, operatingPoint: 'recomputed' });
    expect([result.changed, result.measured]).toEqual([['layer1.0'], ['layer3.0']]);
    expect(result.scales[0]!.units[0]!.change).toBeGreaterThan(1e-4);
  });

  it('goes on from what is there already', async () => {
    const store = new Map<string, unknown>();
    const memory = <T>() => ({
      read: async (key: string) => store.get(key) as T | undefined,
      write: async (key: string, value: T) => void store.set(key, value),
    });
    const cache = { spectra: memory<never>(), accuracies: memory<never>() } as unknown as InterventionRequest['cache'];
    const first = await measureIntervention({ ...base, cache });
    expect([...store.keys()].sort()).toEqual([
      'layer3.0@0 skip 0.5, weights 1',
      'layer3.0@0 skip 1, weights 1',
      'skip 0.5, weights 1',
      'skip 1, weights 1',
    ]);
    let computed = 0;
    const again = await measureIntervention({ ...base, cache, onProgress: () => computed++ });
    expect(computed).toBe(0);
    expect(again.scales).toEqual(first.scales);
  });

  it('tells what is wrong in one line', async () => {
    const prepare = (change: Partial<InterventionRequest>) =>
      InterventionMeasurement.prepare({ ...base, method: 'lanczos', ...change });
    await expect(prepare({ units: 'layer9.0' })).rejects.toThrow('unit: there is no unit "layer9.0"; nearest: layer');
    await expect(prepare({ measured: 'layer9.0' })).rejects.toThrow('measure: there is no unit');
    await expect(prepare({ units: 'none' })).rejects.toThrow('unit: expected all or names of units');
    await expect(prepare({ skipScales: [Number.NaN] })).rejects.toThrow('expected a finite skip scale for layer3.0');
    await expect(prepare({ units: 'all', weightScales: [1e30], operatingPoint: 'recomputed' })).rejects.toThrow(
      /skip 0.5, weights 1e\+30: the activations of layer\d\.0 overflow/,
    );
    await expect(prepare({ network: { ...network, task: 'segmentation' } })).rejects.toThrow(/has no masks/);
  });
});
