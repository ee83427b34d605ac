/** `ballast curvature` as a user meets it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resnet } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import type { CurvatureResult } from '../../src/stability/index.ts';
import { ballast, expectFailure, resultOf } from '../support/ballast.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-curvature-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// The procedural test split is smaller, and made sooner, than the training one.
const small = [
  'curvature',
  ...['--model', 'mlp8', '--weights', 'random', '--dataset', 'shapes', '--split', 'test', '--images', '0-9'],
];

describe('ballast curvature', () => {
  const out = join(folder, 'out');

  it('prints one JSON object and writes a report', async () => {
    const run = await ballast(
      ...small,
      '--density',
      '--probes',
      '3',
      '--steps',
      '8',
      '--micro-batch',
      '4',
      '--out',
      out,
      '--json',
    );
    expect(run.status).toBe(0);
    const result = resultOf(run.stdout) as CurvatureResult;
    expect(result).toMatchObject({ model: 'mlp8', dataset: 'shapes', split: 'test', examples: 10, images: '0-9' });
    expect(result.parameters).toBeGreaterThan(8 * 3072);
    expect(result.eigenvalues.length).toBe(5);
    const values = result.eigenvalues.map((e) => e.value);
    expect([...values].sort((a, b) => b - a)).toEqual(values);
    for (const { residual } of [...result.eigenvalues, ...result.smallest]) expect(residual).toBeLessThan(1e-4);
    expect(result.density!.rules.length).toBe(3);
    for (const { nodes, weights } of result.density!.rules) {
      expect(nodes.length).toBe(8);
      expect(weights.reduce((s, w) => s + w, 0)).toBeCloseTo(1, 9);
      expect(nodes[0]!).toBeLessThan(1.001 * values[0]!);
    }
    const { below, zero, above } = result.density!;
    expect(below.value + zero.value + above.value).toBeCloseTo(1, 9);
    expect(result.meanEigenvalue.value).toBeCloseTo(result.trace.value / result.parameters, 12);
    expect(readdirSync(out).sort()).toEqual(['report.html', 'request.json', 'result.json']);
    expect(resultOf(readFileSync(join(out, 'result.json'), 'utf8'))).toEqual(result);
  });

  it('says with --dry-run what it would do, and does nothing', async () => {
    const dry = join(folder, 'dry');
    const run = await ballast(...small, '--density', '--dry-run', '--out', dry);
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/parameters, 10 examples \(10 a call\): a Hessian-vector product takes /);
    expect(run.stdout).toMatch(/up to 112 of them for the eigenvalues, 500 for the probes: at most /);
    expect(existsSync(dry)).toBe(false);
  });

  const onnx = join(folder, 'small.onnx');
  const model = resnet({ depth: 8, width: 4 });
  writeFileSync(onnx, writeModel(model.build(initialize(model.parameters, 1), 'batch')));

  it.each([
    [['--images', '99999'], /image index 99999 is out of range/],
    [['--model', 'unet4'], /unet4 is for segmentation; the Hessian is there for classifiers so far/],
    [['--dataset', 'grammar'], /grammar is text; expected images/],
    [['--top', '0'], /expected a whole number of at least 1/],
  ])('refuses %j in one line', async (args, message) => {
    const run = await ballast(...small, ...args);
    expect(run.status).toBe(2);
    expect(run.lines.join('\n')).toMatch(message);
    expect(run.stdout).toBe('');
  });

  it('refuses an ONNX file, which does not say what is trained', async () => {
    const run = await ballast('curvature', '--model', onnx, '--dataset', 'shapes', '--split', 'test');
    expectFailure(run, 2, /does not say which of its constants are trained; expected a built-in model/);
  });
});
