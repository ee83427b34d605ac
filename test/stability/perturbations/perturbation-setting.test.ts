import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { shapesDataset } from '../../../src/data/index.ts';
import { makeFolder } from '../../../src/formats/index.ts';
import { loadNetwork } from '../../../src/models/index.ts';
import {
  gradientsOf,
  incompleteGroups,
  measurePerturbationPiece,
  type PerturbationRequest,
  perturbationCache,
  perturbationCost,
  untrainedCache,
} from '../../../src/stability/index.ts';
import type { ImageEnergies } from '../../../src/stability/projections/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-perturbation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const dataset = shapesDataset({ seed: 1, split: 'test', count: 4 });
const request: PerturbationRequest = {
  network: await loadNetwork({ model: 'resnet8', weights: 'random', inputShape: dataset.shape }),
  dataset,
  images: [0, 1],
  attack: 'pgd',
  norm: 'linf',
  radii: [0.01, 0.02],
  steps: 10,
  restarts: 3,
  randomStart: false,
  noise: 'gaussian',
  project: { steps: 5, top: 2, finalRelu: false },
  seed: 0,
};
const side = { above: 0.2, plateau: 0.5, below: 0.3, uncertainty: 0.01, gain: 1.1, top: null };
const kind = { incoming: side, outgoing: side, gain: 1.2 };
const energies: ImageEnergies = {
  ...{ method: 'bound', isotropic: 1, top: null },
  kinds: { adversarial: kind, random: kind, shuffled: kind, directed: kind },
  gradient: { incoming: side, outgoing: side },
};

describe('the cache of projections', () => {
  it('serves other images and further radii, and no other attack, first radius, seed, projection or weights', async () => {
    await makeFolder(folder);
    await perturbationCache(folder, request).write('layer1.0@0', energies);
    const readWith = (change: Partial<PerturbationRequest>) =>
      perturbationCache(folder, { ...request, ...change }).read('layer1.0@0');
    for (const same of [{}, { images: [0, 3] }, { radii: [0.01] }]) expect(await readWith(same)).toEqual(energies);
    for (const other of [
      { attack: 'apgd' as const },
      { norm: 'l2' as const },
      { radii: [0.02, 0.01] },
      { stepSize: 0.001 },
      { restarts: 1 },
      { randomStart: true },
      { target: 'next' },
      { noise: 'sign' as const },
      { seed: 1 },
      { project: { steps: 6, top: 2, finalRelu: false } },
      { network: await loadNetwork({ model: 'resnet8', weights: 'random', seed: 1, inputShape: dataset.shape }) },
    ])
      expect(await readWith(other), Object.keys(other)[0]).toBeUndefined();
  });
});

describe('the cache of the untrained control’s projections', () => {
  it('does not take the place of the network’s own in the same folder', async () => {
    await makeFolder(folder);
    const untrained = await loadNetwork({ model: 'resnet8', weights: 'random', seed: 7, inputShape: dataset.shape });
    const both = { ...request, untrained };
    const other: ImageEnergies = { ...energies, isotropic: 2, gradient: null };
    await perturbationCache(folder, both).write('layer3.0@1', energies);
    await untrainedCache(folder, both)!.write('layer3.0@1', other);
    expect(await perturbationCache(folder, both).read('layer3.0@1')).toEqual(energies);
    expect(await untrainedCache(folder, both)!.read('layer3.0@1')).toEqual(other);
    expect(untrainedCache(folder, request)).toBeUndefined();
  });
});

describe('finished attacks', () => {
  it('on a network and on its untrained control are both there afterwards', async () => {
    const attacks = join(folder, 'attacks');
    await makeFolder(attacks);
    const untrained = await loadNetwork({ model: 'resnet8', weights: 'random', seed: 7, inputShape: dataset.shape });
    const { project: _, ...bare } = request;
    const both = { ...bare, attack: 'fgsm' as const, restarts: 1, untrained, attacks };
    expect(await incompleteGroups(both)).toEqual([[0, 1]]);
    await measurePerturbationPiece(both);
    expect(await incompleteGroups(both)).toEqual([]);
  });
});

describe('the number of gradients', () => {
  it('is that of images, radii, steps and restarts, the smallest perturbations looked for once, and one an image for the directed control', () => {
    const of = (attack: PerturbationRequest['attack']) => gradientsOf({ ...request, attack }) - 2;
    expect(of('fgsm')).toBe(2 * 2);
    expect(of('pgd')).toBe(2 * 2 * 3 * 10);
    expect(of('apgd')).toBe(2 * 2 * 3 * 11);
    expect(of('deepfool')).toBe(2 * (dataset.classes.length - 1) * 10);
    expect(of('cw')).toBe(2 * 9 * 10);
  });
});

describe('what perturbations are said to take', () => {
  const of = (more: Partial<PerturbationRequest>) => perturbationCost({ ...request, ...more });

  it('is more with projections, in time as their images and steps and in memory as their leading vectors', () => {
    const plain = of({ project: undefined });
    expect(plain.own.projections).toBe(0);
    expect(plain.seconds).toBe(plain.own.attack + plain.own.followed);
    const none = { steps: 5, top: 0, finalRelu: false };
    const [one, four] = [of({ images: [0], project: none }), of({ images: [0, 1, 2, 3], project: none })];
    expect(four.own.projections / one.own.projections).toBeCloseTo(4, 9);
    expect(of({ images: [0], project: { ...none, steps: 10 } }).own.projections / one.own.projections).toBeCloseTo(
      2,
      9,
    );
    expect(four.bytes).toBeGreaterThan(one.bytes);
    expect(one.bytes).toBeGreaterThan(plain.bytes);
    const [five, ten] = [5, 10].map((top) => of({ images: [0], project: { ...none, top } }).bytes);
    expect(five).toBeGreaterThan(one.bytes);
    expect(ten).toBeGreaterThan(five!);
  });

  it('counts the untrained control, in the units at the end of the final stage alone', () => {
    const [alone, both] = [of({}), of({ untrained: request.network })];
    expect(alone.control.total).toBe(0);
    expect(both.control.attack).toBe(both.own.attack);
    // The last one of three units, without stages.
    expect(both.control.projections / both.own.projections).toBeCloseTo(1 / 6, 9);
    expect(both.seconds).toBe(both.own.total + both.control.total);
  });
});
