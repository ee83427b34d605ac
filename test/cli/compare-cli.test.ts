/** `ballast compare` as a user meets it, on two narrow networks with fresh weights. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resnet } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
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

  it('refuses one network alone in one line', async () => {
    expectFailure(await compare([files[0]!]), 2, /two or more|at least two/);
  });
});
