/** `ballast convolutions`, `eigenvalues` and `alignment` as a user runs them, on procedural data without any files. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeModel } from '../src/onnx/index.ts';
import type { AlignmentResult, ConvolutionsResult, EigenvaluesResult } from '../src/stability/index.ts';
import { ballast, expectFailure } from './ballast.ts';
import { residualNetwork } from './residual-network.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-beyond-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const random = ['--model', 'resnet20', '--weights', 'random', '--threads', '1'];
const shapes = ['--dataset', 'shapes', '--images', '0'];

/** MNIST's test files with one image. */
function writeTestImages(dir: string, shape: readonly [number, number, number]): void {
  const size = shape[0] * shape[1] * shape[2];
  const header = (magic: number, sizes: readonly number[]) =>
    Buffer.from([0, 0, 8, magic, ...sizes.flatMap((s) => [0, 0, 0, s])]);
  mkdirSync(dir);
  writeFileSync(
    join(dir, 't10k-images-idx3-ubyte'),
    Buffer.concat([header(3, shape), Buffer.from(Array.from({ length: size }, (_, i) => 10 + 3 * i))]),
  );
  writeFileSync(join(dir, 't10k-labels-idx1-ubyte'), Buffer.concat([header(1, [1]), Buffer.from([7])]));
}

describe('ballast convolutions', () => {
  const out = join(folder, 'convolutions');
  const args = [
    'convolutions',
    ...random,
    '--method',
    'lanczos',
    '--top',
    '1',
    '--layers',
    'layer3.1.conv1,layer3.0.conv1',
  ];

  it('measures the named layers, writes a report and takes finished layers again', { timeout: 120_000 }, () => {
    const run = ballast(...args, '--fold-norm', '--json', '--out', out);
    expect(run.status).toBe(0);
    const result = JSON.parse(run.stdout) as ConvolutionsResult;
    expect(result.layers.map((l) => [l.name, l.shape.join(), l.strides.join(), l.normalized])).toEqual([
      ['layer3.1.conv1', '4096,4096', '1,1', true],
      ['layer3.0.conv1', '4096,8192', '2,2', true],
    ]);
    for (const l of result.layers) {
      expect(l.singularValues.length).toBeGreaterThan(0);
      expect(l.circular!.singularValues.length).toBe(l.shape[0]);
      // A border of zeros makes little difference to the norm of a layer of 8 x 8 pixels and more.
      expect(Math.abs(l.circular!.normError!)).toBeLessThan(0.1);
    }
    expect(readdirSync(join(out, 'layers')).sort()).toEqual(['layer3.0.conv1.json', 'layer3.1.conv1.json']);
    const page = readFileSync(join(out, 'report.html'), 'utf8');
    expect(page).toContain('layer3.0.conv1');
    const again = JSON.parse(ballast(...args, '--fold-norm', '--json', '--out', out).stdout) as ConvolutionsResult;
    expect(again.layers).toEqual(result.layers);
  });

  it('says with --dry-run what it would cost, and writes nothing', { timeout: 20_000 }, () => {
    const dry = join(folder, 'dry');
    const run = ballast('convolutions', ...random, '--dry-run', '--out', dry);
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/layer1.0.conv1, 16384 x 16384: exact/);
    expect(run.stdout).toMatch(/19 convolutions: about/);
    expect(existsSync(dry)).toBe(false);
  });

  it('refuses what is not there', { timeout: 20_000 }, () => {
    expectFailure(ballast('convolutions', ...random, '--layers', 'layer9'), 2, /no convolution "layer9"; nearest: /);
    expectFailure(
      ballast('convolutions', '--model', 'mlp', '--weights', 'random'),
      2,
      /no convolutions with constant weights/,
    );
  });
});

describe('ballast eigenvalues', () => {
  it('tells of the units with an identity shortcut, and names the others', { timeout: 120_000 }, () => {
    const out = join(folder, 'eigenvalues');
    const args = [
      'eigenvalues',
      ...random,
      ...shapes,
      '--units',
      'layer3.0,layer3.2',
      '--method',
      'arnoldi',
      '--top',
      '2',
    ];
    const run = ballast(...args, '--json', '--out', out);
    expect(run.status).toBe(0);
    const result = JSON.parse(run.stdout) as EigenvaluesResult;
    expect(result.skipped).toEqual(['layer3.0']);
    const [branch] = result.branches;
    expect([branch!.name, branch!.size, branch!.method]).toEqual(['layer3.2', 4096, 'arnoldi']);
    expect(branch!.norm!).toBeGreaterThanOrEqual(branch!.radius!);
    expect(Math.abs(branch!.maxReal!)).toBeLessThanOrEqual(branch!.radius! + 1e-6);
    const table = ballast(...args, '--out', out);
    expect(table.stdout).toMatch(/left out, no identity shortcut: layer3.0/);
    expect(Math.max(...table.stdout.split('\n').map((l) => l.length))).toBeLessThanOrEqual(100);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('complex plane');
  });

  it('refuses a selection in which no unit has one', { timeout: 20_000 }, () => {
    const run = ballast('eigenvalues', ...random, ...shapes, '--units', 'layer3.0');
    expectFailure(run, 2, /none of the units has an identity shortcut/);
  });
});

describe('ballast alignment', () => {
  it('compares the units of an ONNX file with known branches', { timeout: 120_000 }, () => {
    const [height, width, n] = [6, 6, 36];
    const one = (at: number) => Float32Array.from({ length: n }, (_, i) => (i === at ? 1 : 0));
    // The first two read and write direction 0, the third reads 0 and writes 5.
    const unit = (to: number) => ({ w1: one(0), w2: one(to), bias: [100] });
    const path = join(folder, 'three.onnx');
    writeFileSync(path, writeModel(residualNetwork(height, width, [unit(0), unit(0), unit(5)], 10).graph(1)));
    const out = join(folder, 'alignment');
    const data = join(folder, 'mnist');
    writeTestImages(data, [1, height, width]);
    const args = ['alignment', '--model', path, '--dataset', 'mnist', '--data', data, '--images', '0', '--top', '1'];
    const run = ballast(...args, '--json', '--out', out);
    expect(run.lines.join('\n')).toBe('');
    const [stage] = (JSON.parse(run.stdout) as AlignmentResult).stages;
    expect(stage!.rightRight.flat().map((x) => Math.round(x * 1e4) / 1e4)).toEqual(Array(9).fill(1));
    expect(stage!.leftLeft[0]!.map((x) => Math.round(x * 1e4) / 1e4)).toEqual([1, 1, 0]);
    expect(stage!.expected).toBeCloseTo(1 / 6, 12);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Alignment across');
  });
});
