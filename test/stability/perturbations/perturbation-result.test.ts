/** The whole result with its directed control, and results from before it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import type { ImageDataset } from '../../../src/data/index.ts';
import { resnet, withValues } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { perturbationTable } from '../../../src/report/index.ts';
import { renderPerturbationReport } from '../../../src/report/pages.ts';
import { checkDocument, kindNamed, toDocument } from '../../../src/schema/index.ts';
import { measurePerturbations, type PerturbationResult } from '../../../src/stability/index.ts';

const stream = new RandomStream({ seed: 1, purpose: 'images' });
const shape = [3, 8, 8] as const;
const dataset: ImageDataset = {
  ...{ name: 'noise', classes: ['a', 'b', 'c'], count: 24, shape },
  pixels: Uint8Array.from({ length: 24 * 192 }, () => 255 * stream.uniform()),
  labels: Uint8Array.from({ length: 24 }, (_, i) => i % 3),
};
const model = resnet({ depth: 20, width: 4, classes: 3, inputShape: [3, 8, 8] });
const withSeed = (seed: number) => ({
  ...withValues(model, initialize(model.parameters, seed)),
  name: 'small',
  weights: 'fresh',
});

/** What results of version 1 lack. */
const added = new Set(['directed', 'toDirected', 'overDirected', 'gradient', 'fooled', 'leading']);
const ofVersion1 = (value: unknown, key = ''): unknown => {
  if (Array.isArray(value)) return value.map((v) => ofVersion1(v));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([k]) => !added.has(k) && !(key === 'untrained' && k === 'projections'));
  return Object.fromEntries(kept.map(([k, v]) => [k, ofVersion1(v, k)]));
};

describe('a measurement of perturbations', () => {
  let result: PerturbationResult;
  const told: { fraction: number; detail: string }[] = [];

  beforeAll(async () => {
    const measured = await measurePerturbations({
      ...{ network: withSeed(3), untrained: withSeed(5), dataset, images: Array.from({ length: 24 }, (_, i) => i) },
      ...{
        attack: 'pgd',
        norm: 'linf',
        radii: [4 / 255],
        steps: 3,
        restarts: 1,
        randomStart: false,
        noise: 'gaussian',
      },
      ...{ project: { steps: 3, top: 2, finalRelu: false, images: 3 }, seed: 0, runtime: { threads: 1 } },
      onProgress: (fraction, detail) => told.push({ fraction, detail }),
    });
    result = JSON.parse(JSON.stringify(measured.result));
  });

  it('tells its progress over attacks and projections, of the network and of its control, and never goes back', () => {
    const fractions = told.map((t) => t.fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeGreaterThan(0.9);
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
    const details = [
      ...new Set(told.map((t) => t.detail.replace(/layer[\d.]+/, 'a unit').replace(/^\w+ (?=perturbations)/, ''))),
    ];
    expect(details).toEqual([
      'pgd attack',
      'perturbations through the network',
      'attack on the untrained network',
      'projections, a unit',
      'projections, a unit of the untrained network',
    ]);
  });

  it('has the directed control wherever it has the others', () => {
    expect(result.followed).toBeGreaterThan(3);
    for (const layer of [...result.layers, ...result.untrained!.layers])
      expect(layer.directed!.distributions.growth!.count).toBe(layer.random!.distributions.growth!.count);
    const [entry] = result.layers;
    expect(entry!.directed!.relativeNorm / entry!.adversarial!.relativeNorm).toBeCloseTo(1, 4);
    for (const { toDirected } of result.growth) expect(toDirected!.value).toBeGreaterThan(0);
    for (const { toDirected } of result.byStage!.excess) expect(toDirected!.images).toBe(result.followed);
    const { directed, adversarial, overDirected } = result.byStage!.final!;
    // Geometric means of one set of images divide.
    expect(overDirected!.ratio).toBeCloseTo(adversarial!.ratio / directed!.ratio, 8);
    expect(result.fooled!.adversarial).toBe(result.attack.verified / result.followed);
    for (const { directed: own, gradient } of result.projections) {
      expect(own!.energyAbove + own!.energyPlateau + own!.energyBelow).toBeCloseTo(1, 5);
      expect(gradient!.energyAbove + gradient!.energyPlateau + gradient!.energyBelow).toBeCloseTo(1, 5);
    }
  });

  it('says how much of what enters the last units lies on their leading singular vectors, trained and untrained', () => {
    const { leading, projections, untrained } = result;
    expect(leading).toMatchObject({ stage: 'layer3', units: ['layer3.2'], count: 2, isotropic: 2 / 64 });
    const unit = projections.find((p) => p.name === 'layer3.2')!;
    expect(leading!.trained.adversarial!.images).toBe(3);
    expect(leading!.trained.adversarial!.share).toBeCloseTo(unit.adversarial!.energyTop!, 12);
    expect(leading!.trained.gradient!.share).toBeCloseTo(unit.gradient!.energyTop!, 12);
    expect(untrained!.projections.map((p) => p.name)).toEqual(['layer3.2']);
    expect(leading!.untrained!.random!.share).toBeCloseTo(untrained!.projections[0]!.random!.energyTop!, 12);
  });

  it('of version 1 is read with all its digits, null where there was no directed control, and shown without it', () => {
    const kind = kindNamed('perturb')!;
    const stored = toDocument(kind, null, ofVersion1(result) as PerturbationResult);
    expect(stored.version).toBe(2);
    const read = checkDocument({ ...stored, version: 1 }, 'old.json').result as PerturbationResult;
    expect(ofVersion1(read)).toEqual(ofVersion1(result));
    expect(read).toMatchObject({ fooled: null, leading: null, untrained: { projections: [] } });
    for (const row of [...read.layers, ...read.untrained!.layers]) expect(row.directed).toBeNull();
    for (const row of read.projections) expect(row).toMatchObject({ directed: null, gradient: null });
    expect(read.byStage!.final).toMatchObject({ directed: null, overDirected: null });
    // Before results were documents they were the result alone.
    expect((checkDocument(ofVersion1(result), 'older.json').result as PerturbationResult).fooled).toBeNull();
    for (const shown of [
      perturbationTable(read, { width: 200 }),
      renderPerturbationReport(read, { pixels: [], shape }),
    ])
      expect(shown).not.toMatch(/directed|NaN|undefined|null/);
    for (const shown of [
      perturbationTable(result, { width: 200 }),
      renderPerturbationReport(result, { pixels: [], shape }),
    ]) {
      expect(shown).toMatch(/leading\s+right\s+singular\s+vectors?\s+of\s+layer3\.2/);
      expect(shown).toMatch(/margin’s\s+gradient/);
      expect(shown).not.toMatch(/NaN|undefined|null/);
    }
  });

  it('within a reproduction, a comparison and published growth is read likewise', () => {
    const growth = ofVersion1(result.growth);
    const one = { model: 'small', weights: 'fresh', images: 3, growth };
    const read = checkDocument(
      { kind: 'growth', version: 1, ballast: '0.1.0', created: '', environment: null, request: null, result: one },
      'growth.json',
    );
    expect((read.result as { growth: PerturbationResult['growth'] }).growth.map((g) => g.toDirected)).toEqual(
      result.growth.map(() => null),
    );
    for (const name of ['reproduce-stability', 'compare']) {
      const { version, migrations } = kindNamed(name)!;
      expect(version).toBe(2);
      const inner = { perturbations: ofVersion1(result), networks: [{ growth: ofVersion1(result.byStage) }] };
      const stored = {
        kind: name,
        version: 1,
        ballast: '',
        created: '',
        environment: null,
        request: null,
        result: inner,
      };
      const made = migrations![1]!(stored).result as typeof inner & {
        networks: { growth: PerturbationResult['byStage'] }[];
      };
      if (name === 'compare') expect(made.networks[0]!.growth!.excess[0]!.toDirected).toBeNull();
      else expect((made.perturbations as PerturbationResult).leading).toBeNull();
    }
  });
});
