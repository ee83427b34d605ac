/** `ballast compare` as a user meets it, on two narrow networks with fresh weights. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/formats/index.ts';
import { resnet } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { toNumbers, writeModel } from '../../src/onnx/index.ts';
import type { ComparisonResult } from '../../src/schema/index.ts';
import type { PerturbationResult } from '../../src/stability/index.ts';
import { ballast, expectFailure, resultOf } from '../support/ballast.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-compare-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files = ['one', 'other'].map((name, seed) => {
  const path = join(folder, `${name}.onnx`);
  const model = resnet({ depth: 8, width: 2 });
  writeFileSync(path, writeModel(model.build(initialize(model.parameters, seed), 'batch')));
  return path;
});
const common = ['--normalize', 'none', '--dataset', 'shapes', '--images', '0-39', '--threads', '1'];
const attack = ['--eps', '4/255,16/255', '--steps', '2'];
const compare = (models: readonly string[], ...more: string[]) =>
  ballast('compare', '--model', models.join(','), ...common, ...attack, '--units', 'none', ...more);

describe('ballast compare', () => {
  it('has for each network the accuracies that perturb finds, and their differences in pairs', async () => {
    const out = join(folder, 'out');
    const run = await compare(files, '--json', '--out', out);
    expect(run.status).toBe(0);
    const { networks, differences } = resultOf(run.stdout) as ComparisonResult;
    expect(networks.map((n) => n.name)).toEqual(['one', 'other']);
    for (const [i, model] of files.entries()) {
      const alone = await ballast('perturb', '--model', model, ...common, ...attack, '--no-untrained', '--json');
      const { clean, byRadius } = resultOf(alone.stdout) as PerturbationResult;
      const { curve } = networks[i]!;
      expect(curve.map((point) => point.accuracy)).toEqual([clean.accuracy, ...byRadius.map((r) => r.accuracy)]);
      for (const { accuracy, low, high } of curve) expect(low <= accuracy && accuracy <= high).toBe(true);
    }
    const [baseline, second] = networks;
    expect(differences.map((d) => d.name)).toEqual(['other']);
    for (const [r, { onlyBaseline, onlyThis, difference, low, high }] of differences[0]!.points.entries()) {
      expect(difference).toBeCloseTo((onlyThis - onlyBaseline) / 40, 12);
      expect(difference).toBeCloseTo(second!.curve[r]!.accuracy - baseline!.curve[r]!.accuracy, 12);
      expect(low <= difference && difference <= high).toBe(true);
    }
    const page = readFileSync(join(out, 'report.html'), 'utf8');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
    expect(page).toContain('one');
  });

  it('shows no difference between a network and itself', async () => {
    const run = await compare([files[0]!, files[0]!], '--names', 'a,b', '--json');
    const { differences } = resultOf(run.stdout) as ComparisonResult;
    for (const { difference, p } of differences[0]!.points) expect([difference, p]).toEqual([0, 1]);
  });

  it('follows the checkpoints of a run, with what each was trained with and how far its weights have come', async () => {
    const run = join(folder, 'run');
    const trained = await ballast(
      ...['train', '--model', 'resnet8', '--dataset', 'shapes', '--fraction', '0.02', '--batch-size', '8'],
      ...['--lr', '0.05', '--schedule', 'constant', '--max-steps', '4', '--keep-checkpoints', '0st,2st,4st'],
      ...['--log-every', '1st', '--threads', '1', '--out', run],
    );
    expect(trained.status).toBe(0);
    const followed = await ballast(
      ...['compare', '--checkpoints', run, '--dataset', 'shapes', '--images', '0-3', '--eps', '4/255', '--steps', '1'],
      ...['--units', 'last', '--method', 'lanczos', '--top', '2', '--threads', '1', '--json'],
    );
    expect(followed.status).toBe(0);
    const { networks } = resultOf(followed.stdout) as ComparisonResult;
    expect(networks.map((n) => n.step)).toEqual([0, 2, 4]);
    expect(networks.map((n) => n.training!.batchSize)).toEqual([null, 8, 8]);
    expect(networks.map((n) => n.training!.learningRate)).toEqual([null, 0.05, 0.05]);
    // By hand, from the files.
    const weightsOf = async ({ name }: { readonly name: string }) => {
      const { tensors } = await readSafetensors(join(run, 'kept', `${name}.safetensors`));
      return [...tensors]
        .filter(([key]) => !/running_|num_batches/.test(key))
        .flatMap(([, t]) => Array.from(toNumbers(t)));
    };
    const [first, ...later] = await Promise.all(networks.map(weightsOf));
    const norm = Math.hypot(...first!);
    const expected = later.map((own) => Math.hypot(...own.map((w, i) => w - first![i]!)) / norm);
    expect(networks[0]!.training!.distance).toBe(0);
    for (const [i, distance] of expected.entries())
      expect(networks[i + 1]!.training!.distance).toBeCloseTo(distance, 6);
    expect(expected[1]!).toBeGreaterThan(expected[0]!);
    expect(expected[0]!).toBeGreaterThan(0.001);
  });

  it('refuses one network alone in one line', async () => {
    expectFailure(await compare([files[0]!]), 2, /two or more|at least two/);
  });
});
