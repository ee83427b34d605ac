/** `ballast reproduce stability` as a user meets it, on a narrow network of 6 units with fresh weights. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resnet } from '../../src/models/index.ts';
import { initialize } from '../../src/nn/index.ts';
import { writeModel } from '../../src/onnx/index.ts';
import { paperFindings } from '../../src/report/index.ts';
import { affordableUnits, type ReproductionPlan, type ReproductionResult } from '../../src/stability/index.ts';
import { ballast, ballastProcess, expectFailure, resultOf } from '../support/ballast.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-reproduce-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const onnx = join(folder, 'narrow.onnx');
const narrow = resnet({ depth: 14, width: 2 });
writeFileSync(onnx, writeModel(narrow.build(initialize(narrow.parameters, 1), 'batch')));
const out = join(folder, 'out');
const call = [
  ...['reproduce', 'stability', '--model', onnx, '--dataset', 'shapes', '--threads', '1', '--images', '40'],
  ...[
    '--units',
    'layer2.1,layer3.0,layer3.1',
    '--steps',
    '3',
    '--projection-steps',
    '3',
    '--top',
    '2',
    '--eval-images',
    '60',
  ],
  ...['--eps', '4/255', '--out', out],
];
const partsIn = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path} ${statSync(path).mtimeMs}`;
    })
    .sort();

describe('the choice of units with complete spectra', () => {
  const stages = [
    ['a', 'b'],
    ['c', 'd'],
  ];
  const cost = new Map([
    ['a', 50],
    ['b', 40],
    ['c', 3],
    ['d', 2],
  ]);

  it('has the cheapest unit of each stage however little time there is', () => {
    expect(affordableUnits(cost, stages, 0)).toEqual(['b', 'd']);
  });

  it('adds what is cheapest while it fits, in the order of the network', () => {
    expect(affordableUnits(cost, stages, 46)).toEqual(['b', 'c', 'd']);
    expect(affordableUnits(cost, stages, 95)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('ballast reproduce stability', { timeout: 600_000 }, () => {
  let result: ReproductionResult;

  it('says first what it will take', async () => {
    const run = await ballast(...call, '--dry-run', '--json');
    expect(run.status).toBe(0);
    const { plan } = resultOf(run.stdout) as { plan: ReproductionPlan };
    expect(plan.units).toEqual(['layer2.1', 'layer3.0', 'layer3.1']);
    expect(plan.spectra.length).toBe(3 * (3 + 3));
    const { total, ...parts } = plan.seconds;
    expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBeCloseTo(total, 9);
  });

  it('measures all five findings, and writes them to one page without holes', async () => {
    const run = await ballast(...call, '--json');
    expect(run.status).toBe(0);
    result = resultOf(run.stdout) as ReproductionResult;
    expect(result.images.length).toBe(40);
    expect(result.active.length).toBe(6);
    expect(result.interventions.map((i) => i.changed.length)).toEqual([1, 1, 1, 1, 6, 6]);
    expect(result.perturbations.followed).toBeGreaterThan(0);
    const findings = paperFindings(result);
    expect(findings.map((f) => f.name)).toEqual(['F1', 'F2', 'F3', 'F4', 'F5']);
    for (const { evidence } of findings) expect(evidence.join()).not.toMatch(/NaN|undefined|Infinity/);
    const report = readFileSync(join(out, 'report.html'), 'utf8');
    expect(report).not.toMatch(/NaN|undefined|Infinity/);
    for (const [, body] of report.matchAll(/<svg([\s\S]*?)<\/svg>/g)) expect(body).toMatch(/<(path|rect|circle)/);
  });

  it('counts the active units at every image as the complete spectra do', () => {
    for (const [i, { units }] of result.spectra.images.entries()) {
      for (const unit of units) {
        const own = result.active.find((a) => a.name === unit.name)!;
        expect(own.active.count).toBe(40);
        expect(own.size, `image ${i}`).toBe(unit.shape[0]);
        expect(unit.activeHidden!).toBeLessThanOrEqual(own.hiddenSize);
      }
    }
  });

  it('has the plateau of the scaled unit at |a|, and follows perturbations through every changed network', () => {
    const [alone] = result.interventions;
    for (const { skipScale, units, growth } of alone!.scales) {
      expect(units[0]!.plateau!.value).toBe(skipScale);
      expect(units[0]!.plateau!.count).toBeGreaterThanOrEqual(units[0]!.bound!);
      expect(growth!.images).toBe(40);
    }
    const entry = alone!.scales.map((s) => s.growth!.layers[0]).filter((l) => l !== undefined);
    for (const { adversarial, random } of entry) expect(random! / adversarial!).toBeCloseTo(1, 2);
  });

  it('takes finished parts when it is run again', async () => {
    const before = partsIn(join(out, 'parts'));
    const run = await ballast(...call, '--json');
    expect(run.status).toBe(0);
    expect(partsIn(join(out, 'parts'))).toEqual(before);
    const again = resultOf(run.stdout) as ReproductionResult;
    expect(again.interventions.map((i) => i.scales)).toEqual(result.interventions.map((i) => i.scales));
    expect(again.perturbations.layers).toEqual(result.perturbations.layers);
  });

  it('refuses a network without residual units in one line', () => {
    expectFailure(
      ballastProcess('reproduce', 'stability', '--model', 'mlp8', '--weights', 'random', '--dataset', 'shapes'),
      2,
      /no residual units/,
    );
  });
});
