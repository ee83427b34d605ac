/** `ballast convolutions`, `eigenvalues` and `alignment` as a user runs them, on procedural data without any files. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { GraphBuilder, sizeOf, tensor, writeModel } from '../../src/onnx/index.ts';
import type { AlignmentResult, ConvolutionsResult, EigenvaluesResult } from '../../src/stability/index.ts';
import { ballast, ballastProcess, expectFailure, resultOf } from '../support/ballast.ts';
import { residualNetwork } from '../support/residual-network.ts';

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

/** A classifier of 3 x 8 x 8 images with two convolutions, a batch norm behind the first, a stride in the second. */
function twoConvolutions(): Uint8Array {
  const b = new GraphBuilder('two');
  const draw = new RandomStream({ seed: 1, purpose: 'test' });
  const constant = (name: string, ...shape: number[]) =>
    b.constant(tensor('float32', shape, draw.fillNormal(new Float32Array(sizeOf(shape)))), name);
  const ones = (name: string) => b.constant(tensor('float32', [4], new Float32Array(4).fill(2)), name);
  const first = b.conv(b.input('image', 'float32', [1, 3, 8, 8]), constant('stem.weight', 4, 3, 3, 3), null, {
    pads: [1, 1, 1, 1],
  });
  const norm = b.op('BatchNormalization', [first, ones('gamma'), ones('beta'), ones('mean'), ones('variance')]);
  const second = b.conv(b.relu(norm), constant('body.weight', 4, 4, 3, 3), null, {
    pads: [1, 1, 1, 1],
    strides: [2, 2],
  });
  b.output('logits', b.matMul(b.reshape(second, [1, 64]), constant('head', 64, 10)));
  return writeModel(b.build());
}

describe('ballast convolutions', () => {
  it('measures every layer, writes a report and takes finished layers again', { timeout: 60_000 }, async () => {
    const out = join(folder, 'convolutions');
    const path = join(folder, 'two.onnx');
    writeFileSync(path, twoConvolutions());
    const args = ['convolutions', '--model', path, '--fold-norm', '--out', out];
    const run = await ballast(...args, '--json');
    expect(run.status).toBe(0);
    const result = resultOf(run.stdout) as ConvolutionsResult;
    expect(result.layers.map((l) => [l.name, l.shape.join(), l.strides.join(), l.normalized])).toEqual([
      ['stem', '256,192', '1,1', true],
      ['body', '64,256', '2,2', false],
    ]);
    for (const l of result.layers) {
      expect([l.method, l.singularValues.length, l.circular!.singularValues.length]).toEqual([
        'exact',
        ...Array(2).fill(Math.min(...l.shape)),
      ]);
      expect(l.circular!.relativeDifference).toBeGreaterThan(1e-3);
    }
    expect(readdirSync(join(out, 'layers')).sort()).toEqual(['body.json', 'stem.json']);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Largest singular value of every convolution');
    expect((resultOf((await ballast(...args, '--json')).stdout) as ConvolutionsResult).layers).toEqual(result.layers);
    const table = (await ballast('convolutions', '--model', path, '--fold-norm', '--layers', 'body')).stdout;
    expect(table).toMatch(/body +3x3 \/2, 4 to 4 +64/);
    expect(table).not.toMatch(/stem/);
    expect(Math.max(...table.split('\n').map((l) => l.length))).toBeLessThanOrEqual(120);
  });

  it('says with --dry-run what it would cost, and writes nothing', { timeout: 20_000 }, () => {
    const dry = join(folder, 'dry');
    const run = ballastProcess('convolutions', ...random, '--dry-run', '--out', dry);
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/layer1.0.conv1, 16384 x 16384: exact/);
    expect(run.stdout).toMatch(/19 convolutions: about/);
    expect(existsSync(dry)).toBe(false);
  });

  it('refuses what is not there', { timeout: 20_000 }, async () => {
    expectFailure(
      await ballast('convolutions', ...random, '--layers', 'layer9'),
      2,
      /no convolution "layer9"; nearest: /,
    );
    expectFailure(
      await ballast('convolutions', '--model', 'mlp', '--weights', 'random'),
      2,
      /no convolutions with constant weights/,
    );
  });
});

describe('ballast eigenvalues', () => {
  it('tells of the units with an identity shortcut, and names the others', { timeout: 120_000 }, async () => {
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
    const run = await ballast(...args, '--json', '--out', out);
    expect(run.status).toBe(0);
    const result = resultOf(run.stdout) as EigenvaluesResult;
    expect(result.skipped).toEqual(['layer3.0']);
    const [branch] = result.branches;
    expect([branch!.name, branch!.size, branch!.method]).toEqual(['layer3.2', 4096, 'arnoldi']);
    expect(branch!.norm!).toBeGreaterThanOrEqual(branch!.radius!);
    expect(Math.abs(branch!.maxReal!)).toBeLessThanOrEqual(branch!.radius! + 1e-6);
    const table = await ballast(...args, '--out', out);
    expect(table.stdout).toMatch(/left out, no identity shortcut: layer3.0/);
    expect(Math.max(...table.stdout.split('\n').map((l) => l.length))).toBeLessThanOrEqual(100);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('complex plane');
  });

  it('refuses a selection in which no unit has one', { timeout: 20_000 }, async () => {
    const run = await ballast('eigenvalues', ...random, ...shapes, '--units', 'layer3.0');
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
    const run = ballastProcess(...args, '--normalize', 'none', '--json', '--out', out);
    expect(run.lines.join('\n')).toBe(
      'note: the file is for one image at a time; larger batches give what single images give',
    );
    const [stage] = (resultOf(run.stdout) as AlignmentResult).stages;
    expect(stage!.rightRight.flat().map((x) => Math.round(x * 1e4) / 1e4)).toEqual(Array(9).fill(1));
    expect(stage!.leftLeft[0]!.map((x) => Math.round(x * 1e4) / 1e4)).toEqual([1, 1, 0]);
    expect(stage!.expected).toBeCloseTo(1 / 6, 12);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Alignment across');
  });
});
