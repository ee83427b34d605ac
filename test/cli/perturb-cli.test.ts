/** `ballast perturb` as a user meets it. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { resnet } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import type { LayerPerturbation, PerturbationResult } from '../../src/stability/index.ts';
import { ballast, ballastProcess, expectFailure, resultOf } from '../support/ballast.ts';
import { builtCommand } from '../support/built.ts';
import { leftovers } from '../support/interrupted.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-perturb-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const onnx = join(folder, 'narrow.onnx');
const narrow = resnet({ depth: 8, width: 4 });
writeFileSync(onnx, writeModel(narrow.build(initialize(narrow.parameters, 1), 'batch')));
const network = ['--model', onnx, '--normalize', 'none', '--dataset', 'shapes', '--threads', '1'];
const builtIn = ['--model', 'resnet8', '--weights', 'random', '--dataset', 'shapes', '--threads', '1'];
// Fresh weights are right about one image in ten; only these are attacked.
const small = ['perturb', ...network, '--images', '0-39', '--steps', '4'];
const projected = ['--project', '--projection-steps', '3', '--top', '2', '--out'];
const resultIn = (out: string) => resultOf(readFileSync(join(out, 'result.json'), 'utf8')) as PerturbationResult;
const reportIn = (out: string) => readFileSync(join(out, 'report.html'), 'utf8');
const sum = (l: LayerPerturbation | null) => l!.energyAbove! + l!.energyPlateau! + l!.energyBelow!;

/** No figure without marks, no number that is none. */
function expectWhole(report: string): void {
  // Any three letters may be in the code of a picture.
  expect(report.replace(/data:image\/png;base64,[\w+/=]+/g, '')).not.toMatch(/NaN|undefined|Infinity|null/);
  for (const [, body] of report.matchAll(/<svg([\s\S]*?)<\/svg>/g)) expect(body).toMatch(/<(path|rect|circle)/);
}

describe('ballast perturb', () => {
  const out = join(folder, 'out');
  let result: PerturbationResult;

  it('prints one JSON object, and writes it beside a report', () => {
    const run = ballastProcess(...small, '--eps', '4/255,8/255', ...projected, out, '--json');
    expect(run.lines.join('')).toBe('');
    expect(run.status).toBe(0);
    result = resultOf(run.stdout) as PerturbationResult;
    expect(resultIn(out)).toEqual(result);
    const { clean, attack, layers, byRadius, followed } = result;
    expect(clean.misclassified.length).toBe(Math.round(40 * (1 - clean.accuracy)));
    expect(attack).toMatchObject({
      name: 'pgd',
      norm: 'linf',
      eps: 4 / 255,
      attacked: 40 - clean.misclassified.length,
    });
    expect(attack.verified).toBeLessThanOrEqual(attack.successes);
    expect(attack.accuracy).toBeCloseTo(clean.accuracy - attack.verified / 40, 12);
    expect(attack.medianL2).toBeGreaterThan(0);
    expect(attack.warnings).toEqual([]);
    expect(byRadius.map((a) => a.eps)).toEqual([4 / 255, 8 / 255]);
    expect(byRadius[1]!.verified).toBeGreaterThanOrEqual(byRadius[0]!.verified);
    expect(followed).toBe(attack.attacked);
    expect(followed).toBeGreaterThan(1);
    expect(layers.map((l) => l.name)).toEqual(['image', 'stem', 'layer1.0', 'layer2.0', 'layer3.0', 'logits']);
    const entry = layers[0]!;
    for (const kind of ['random', 'shuffled', 'directed'] as const)
      expect(entry[kind]!.relativeNorm / entry.adversarial!.relativeNorm).toBeCloseTo(1, 4);
    for (const { adversarial, random, shuffled, directed } of layers.slice(1)) {
      for (const own of [adversarial!, random!, shuffled!, directed!]) {
        for (const key of ['relativeNorm', 'growth', 'gain', 'predictedGain', 'linearizationError'] as const)
          expect(own[key]).toBeGreaterThan(0);
        expect(own.distributions.gain!.count).toBe(followed);
      }
    }
    for (const layer of layers.slice(2, 5))
      for (const own of [layer.adversarial, layer.random, layer.shuffled, layer.directed])
        expect(sum(own)).toBeCloseTo(1, 5);
    expect(result.projections.map((p) => p.kind)).toEqual(['unit', 'unit', 'unit', 'stage', 'stage', 'stage']);
    expect(result.fooled!.adversarial).toBe(attack.verified / followed);
    expect(result.leading).toMatchObject({ units: ['layer3.0'], count: 2, untrained: null });
    expect(result.leading!.trained.gradient!.images).toBe(followed);
    const report = reportIn(out);
    expectWhole(report);
    expect(report).toMatch(/right singular vectors/);
    expect(report).toMatch(/left singular vectors/);
  });

  it('goes on from the projections that are there', async () => {
    const projections = join(out, 'projections');
    const files = readdirSync(projections).sort();
    expect(files.filter((name) => name.startsWith('attack')).length).toBe(1);
    expect(files.length).toBe(6 * result.followed + 1);
    const times = () => files.map((f) => statSync(join(projections, f)).mtimeMs);
    const before = times();
    rmSync(join(projections, files.find((name) => !name.startsWith('attack'))!));
    const again = await ballast(...small, '--eps', '4/255,8/255', ...projected, out, '--json');
    expect((resultOf(again.stdout) as PerturbationResult).projections).toEqual(result.projections);
    const changed = times().filter((t, i) => t !== before[i]).length;
    // What was missing, with the other images of its group.
    expect(changed).toBe(result.followed);
  });

  it('stops on SIGINT with what is finished kept, and goes on', async () => {
    const stopped = join(folder, 'stopped');
    const args = [
      ...small,
      '--eps',
      '4/255',
      '--project',
      '--projection-steps',
      '3',
      '--top',
      '0',
      '--out',
      stopped,
      '--json',
    ];
    const child = spawn(process.execPath, [builtCommand(), ...args]);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
    const parts = join(stopped, 'projections');
    while (child.exitCode === null && !(existsSync(parts) && readdirSync(parts).length > 0)) await setTimeout(20);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(said).toMatch(/ballast: interrupted/);
    expect(existsSync(join(stopped, 'result.json'))).toBe(false);
    expect(leftovers(stopped)).toEqual([]);
    const kept = readdirSync(parts).length;
    expect(kept).toBeGreaterThan(0);
    const run = await ballast(...args);
    expect(run.status).toBe(0);
    expect(resultIn(stopped).projections.length).toBe(6);
    expect(readdirSync(parts).length).toBeGreaterThanOrEqual(kept);
  });

  it('says so where all images are misclassified, and draws nothing', async () => {
    const wrong = join(folder, 'wrong');
    const images = result.clean.misclassified.slice(0, 3).join();
    const run = await ballast('perturb', ...network, '--images', images, '--out', wrong);
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/accuracy 0\.0 %; 3 misclassified without a perturbation/);
    expect(run.stdout).toMatch(/no perturbation was found, so there is none to follow/);
    expect(resultIn(wrong)).toMatchObject({
      followed: 0,
      layers: [],
      growth: [],
      attack: { attacked: 0, medianL2: null },
    });
    const report = reportIn(wrong);
    expectWhole(report);
    expect(report).not.toMatch(/<figure/);
    expect(report).toMatch(/3 of 3 images are misclassified/);
    expect(report).toMatch(/none to follow/);
  });

  it('says so where an attack fools nothing at a tiny radius, and where float32 no longer resolves it', async () => {
    const tiny = join(folder, 'tiny');
    const run = await ballast(...small, '--eps', '1e-6', '--out', tiny);
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(new RegExp(`0 of ${result.followed} attacked images fooled`));
    const { attack, clean } = resultIn(tiny);
    expect(attack).toMatchObject({ verified: 0, medianL2: null, accuracy: clean.accuracy });
    expect(attack.warnings).toEqual([expect.stringMatching(/near the rounding of float32/)]);
    const report = reportIn(tiny);
    expectWhole(report);
    expect(report).toMatch(/fooled no image/);
    expect(report).toMatch(/near the rounding of float32/);
  });

  it('judges the smallest perturbations at every radius, and follows those within the first', async () => {
    const deepfool = ['--attack', 'deepfool', '--norm', 'l2', '--eps', '1e-5,50', '--json'];
    const found = resultOf((await ballast(...small, ...deepfool)).stdout) as PerturbationResult;
    expect(found.byRadius.map((a) => a.verified)).toEqual([0, found.attack.attacked]);
    expect(found.byRadius[0]!.accuracy).toBe(found.clean.accuracy);
    expect(found.byRadius[1]!.accuracy).toBe(0);
    expect(found).toMatchObject({ followed: 0, layers: [] });
  });

  it('lets perturbations enter at a unit, without a box and without pictures', async () => {
    const layer = join(folder, 'layer');
    const run = await ballast(
      ...small,
      '--layer',
      'layer2.0',
      '--norm',
      'l2',
      '--eps',
      '100',
      '--out',
      layer,
      '--json',
    );
    expect(run.status).toBe(0);
    const { layers, attack, growth } = resultIn(layer);
    expect(layers.map((l) => l.name)).toEqual(['input of layer2.0', 'layer2.0', 'layer3.0', 'logits']);
    expect(attack.verified).toBe(attack.attacked);
    expect(growth.map((g) => g.name)).toEqual(['layer2.0', 'layer3.0']);
    const report = reportIn(layer);
    expectWhole(report);
    expect(report).not.toMatch(/<img/);
  });

  it('compares with an untrained network of the same architecture', async () => {
    const run = await ballast(
      'perturb',
      ...builtIn,
      '--images',
      '0-39',
      '--attack',
      'fgsm',
      '--eps',
      '4/255',
      '--json',
    );
    const { untrained, growth } = resultOf(run.stdout) as PerturbationResult;
    // It is attacked on its own answers, so on all images.
    expect(untrained!.attack.attacked).toBe(40);
    expect(untrained!.layers.length).toBe(6);
    for (const { untrainedToRandom } of growth) expect(untrainedToRandom!.value).toBeGreaterThan(0);
  });

  it('says with --dry-run what it would do, and does nothing', async () => {
    const dry = join(folder, 'dry');
    const run = await ballast(...small, '--eps', '2/255,4/255', '--project', '--dry-run', '--out', dry);
    // Those of the attack, and one an image for the directed control.
    expect(run.stdout).toMatch(
      /^pgd on 40 images at 2 radii: at most 360 gradients, projections onto every unit and stage: about [^,]+ s, up to [\d.]+ [MG]iB of memory\n$/,
    );
    expect(run.status).toBe(0);
    expect(existsSync(dry)).toBe(false);
  });

  it.each([
    [['--eps', '0'], /--eps: expected radii above 0, got 0/],
    [['--eps', '-1/255'], /--eps: expected radii above 0/],
    [['--eps', '2'], /--eps: 2 is more than two images can be apart \(1 in linf; pixels lie in \[0, 1\]\)/],
    [['--norm', 'l2', '--eps', '60'], /more than two images can be apart \(55\.43 in l2/],
    [['--eps', 'much'], /expected a number such as 2\/255 or 0\.01/],
    [['--step-size', '0'], /--step-size: expected a length above 0/],
    [['--attack', 'cw'], /--norm: the attack cw is for l2, got linf/],
    [['--layer', 'layer2.7'], /--layer: there is no unit "layer2\.7"; nearest: layer2\.0/],
    [['--layer', 'layer2.0', '--project'], /--project: .* does not go with a layer/],
    [['--target', 'cat'], /--target: expected next, random, least-likely or a class below/],
    [['--images', '99999'], /image index 99999 is out of range/],
    [['--model', 'mlp8', '--weights', 'random', '--project'], /--project: mlp8 has no residual units/],
    [['--model', 'unet4', '--weights', 'random'], /unet4 .*(segmentation|masks)/],
    [['--dataset', 'grammar'], /grammar is text; expected images/],
  ])('refuses %j in one line', async (args, message) => {
    const run = await ballast(...small, ...args);
    expect(run.status).toBe(2);
    expect(run.lines.join('\n')).toMatch(message);
    expect(run.stdout).toBe('');
  });

  it('says what is wrong with a folder it cannot write to', async () => {
    expectFailure(await ballast(...small, '--out', '/dev/null/x'), 1, /ballast: /);
  });
});
