/** Attacks on the published ResNet-56, against PyTorch where a Python has it and against each other. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Peer, pythonWithTorch } from '../../bench/harness.ts';
import { loadDataset, toFloat } from '../../src/data/index.ts';
import { loadNetwork } from '../../src/models/index.ts';
import {
  type AttackedItem,
  type AttackItems,
  type AttackName,
  type AttackOptions,
  DifferentiableClassifier,
  normOf,
  overRadii,
  runAttack,
} from '../../src/stability/index.ts';
import { realData } from '../support/real-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-attacks-'));
const file = (name: string) => join(folder, name);
const weights = realData('checkpoints/resnet56-4bfd9763.th');
const count = 200;
const size = 3 * 32 * 32;

let classifier: DifferentiableClassifier;
let images: Omit<AttackItems, 'radii'>;

const firstOf = (n: number): Omit<AttackItems, 'radii'> => ({
  count: n,
  ids: images.ids.slice(0, n),
  origin: images.origin.slice(0, n * size),
  labels: images.labels.slice(0, n),
  targets: null,
});

async function attack(name: AttackName, items: AttackItems, options: Partial<AttackOptions>) {
  const before = classifier.gradientCount;
  const result = await runAttack(classifier, name, items, {
    ...{ norm: 'linf', steps: 10, restarts: 1, randomStart: false, seed: 0 },
    ...options,
  });
  const attacked = result.items.filter((i) => i.attacked).length;
  return { ...result, gradientsPerImage: (classifier.gradientCount - before) / attacked };
}

const successes = (items: readonly AttackedItem[]) => items.filter((i) => i.success).length;
const accuracy = (items: readonly AttackedItem[]) => items.filter((i) => i.perturbed === i.label).length / items.length;

describe.skipIf(!weights)('attacks on ResNet-56 at test images', () => {
  beforeAll(async () => {
    const dataset = await loadDataset({ name: 'cifar10', dir: realData('cifar10')!, split: 'test' });
    classifier = new DifferentiableClassifier(await loadNetwork({ model: 'resnet56', weights: weights! }));
    const ids = Int32Array.from({ length: count }, (_, i) => i);
    images = {
      count,
      ids,
      origin: toFloat(dataset, [...ids]),
      labels: ids.map((i) => dataset.labels[i]!),
      targets: null,
    };
    writeFileSync(file('pixels'), dataset.pixels.subarray(0, count * size));
    writeFileSync(file('labels'), Uint8Array.from(images.labels));
  });
  afterAll(async () => {
    await classifier?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it.skipIf(!pythonWithTorch())(
    'FGSM and PGD-10 leave the same accuracy as PyTorch to 1 percentage point, and give the same perturbations',
    async () => {
      const peer = Peer.start('attacks.py', ['56', weights!, file('pixels'), file('labels'), '2', '100', 'nchw'])!;
      for (const [name, norm, eps, steps, step] of [
        ['fgsm', 'linf', 2 / 255, 1, 2 / 255],
        ['pgd', 'linf', 2 / 255, 10, 0.5 / 255],
        ['pgd', 'l2', 0.1, 10, 0.025],
      ] as const) {
        const what = `${name} in ${norm}`;
        const own = await attack(name, overRadii(images, [eps]), { norm, steps, stepSize: step });
        const job = { norm, eps, steps, step, out: file('perturbed') };
        const other = await peer.ask<{ clean: number; accuracy: number }>(job);
        const bytes = readFileSync(file('perturbed'));
        const theirs = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
        expect(own.items.filter((i) => i.attacked).length, what).toBe(Math.round(count * other.clean));
        expect(Math.abs(accuracy(own.items) - other.accuracy), what).toBeLessThanOrEqual(0.01 + 1e-6);
        expect(own.warnings).toEqual([]);
        // Image by image: the sign of a gradient that is nearly zero depends on rounding, and where the softmax is saturated many are.
        const difference = own.perturbed.map((v, i) => v - theirs[i]!);
        const moved = theirs.map((v, i) => v - images.origin[i]!);
        const relative = own.items
          .flatMap((item, i) =>
            item.attacked ? [normOf('l2', difference, i, size) / normOf('l2', moved, i, size)] : [],
          )
          .sort((a, b) => a - b);
        expect(relative[Math.floor(relative.length / 2)], what).toBeLessThan(0.1);
        for (const [i, item] of own.items.entries()) {
          if (item.attacked) expect(item[norm], what).toBeLessThanOrEqual(eps * 1.0001);
          else expect(normOf('linf', difference, i, size), what).toBe(0);
        }
      }
      peer.stop();
    },
  );

  it('APGD is at least as strong as PGD with as many gradients, in both norms', async () => {
    const some = firstOf(100);
    for (const [norm, radius] of [
      ['linf', 1 / 255],
      ['l2', 0.1],
    ] as const) {
      const items = overRadii(some, [radius]);
      const pgd = await attack('pgd', items, { norm, steps: 10 });
      // The start costs APGD a gradient of its own.
      const apgd = await attack('apgd', items, { norm, steps: 9 });
      expect([pgd.gradientsPerImage, apgd.gradientsPerImage]).toEqual([10, 10]);
      expect(successes(pgd.items), 'the radius is neither hopeless nor sure').toBeGreaterThan(10);
      expect(successes(apgd.items), norm).toBeGreaterThanOrEqual(successes(pgd.items));
    }
  });

  it('Carlini-Wagner reaches within every radius at least as many images as PGD with as many gradients, and less far than DeepFool', async () => {
    const some = firstOf(20);
    const steps = 40;
    const unlimited = overRadii(some, [Number.POSITIVE_INFINITY]);
    const cw = await attack('cw', unlimited, { norm: 'l2', steps, stepSize: 0.01 });
    const deepfool = await attack('deepfool', unlimited, { norm: 'l2', steps: 20 });
    expect(cw.gradientsPerImage).toBeLessThanOrEqual(9 * steps);
    for (const { items } of [cw, deepfool]) expect(successes(items)).toBe(items.filter((i) => i.attacked).length);
    const median = (items: readonly AttackedItem[]) =>
      items.flatMap((i) => (i.success ? [i.l2] : [])).sort((a, b) => a - b)[successes(items) >> 1]!;
    expect(median(cw.items)).toBeLessThanOrEqual(median(deepfool.items));
    const radii = [0.75, 1].map((share) => share * median(cw.items));
    const pgd = await attack('pgd', overRadii(some, radii), { norm: 'l2', steps: 9 * steps });
    for (const [r, radius] of radii.entries()) {
      const within = cw.items.filter((i) => i.success && i.l2 <= radius).length;
      const reached = successes(pgd.items.slice(r * some.count, (r + 1) * some.count));
      expect(within, `radius ${radius}`).toBeGreaterThanOrEqual(reached);
    }
  });
});
