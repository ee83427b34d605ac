/** What a study's folder gives beside its report: linear errors, the stability of its networks; and the studies that Ballast brings along. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bundledStudy,
  DataShelf,
  type DataSpec,
  layOutStudy,
  parseStudyFile,
  readStudyFile,
  type StudyData,
} from '../../src/study/index.ts';
import { ballast, expectFailure, expectValid, resultOf } from '../support/ballast.ts';
import { startStudy, writeStudy } from '../support/batch-study.ts';

let folder: string;
let study: string;

const yaml = `name: small
workloads:
  - name: net
    model: resnet8
    dataset: shapes
    trainCount: 160
    validCount: 40
    targets:
      - { quantity: trainLoss, value: 5 }
      - { quantity: valLoss, value: 0.001 }
  - name: words
    model: lstm1x8
    dataset: grammar
    trainCount: 2000
    validCount: 500
    settings: { optimizer: sgd }
    targets: [{ quantity: trainLoss, value: 0.001 }]
batchSizes: [8, 32]
strategies: [BLR, { name: LSR, like: LSR, warmup: 0st }]
learningRates: [0.02]
seeds: [0, 1]
budget: { steps: 6 }
evaluate: { every: 2st, trainExamples: 40 }
points:
  - { workloads: [net] }
  - { workloads: [words], seeds: [0] }
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
  study = join(folder, 'study');
  const { code, stderr } = await startStudy(writeStudy(folder, yaml), study).ended;
  expect(stderr).not.toMatch(/ballast:/);
  expect(code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const json = async (...args: string[]) => {
  const { stdout, status, lines } = await ballast(...args, '--json');
  expect(status, lines.join('\n')).toBe(0);
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what is in it.
  return resultOf(stdout) as any;
};

describe('batch linear', () => {
  it('measures the error of every step length, larger for the longer steps, and the report takes it up', async () => {
    const rows = await json('batch', 'linear', study);
    const of = (strategy: string, batchSize: number) =>
      rows.find(
        (r: { workload: string; strategy: string; batchSize: number }) =>
          r.workload === 'net' && r.strategy === strategy && r.batchSize === batchSize,
      );
    expect(rows).toHaveLength(8);
    expect(of('LSR', 32).rate).toBeCloseTo(4 * of('BLR', 32).rate, 12);
    expect(of('LSR', 32).error).toBeGreaterThan(of('BLR', 32).error);
    expect(of('LSR', 8)).toEqual({ ...of('BLR', 8), strategy: 'LSR' });
    const report = await json('batch', 'report', study);
    expect(report.linearErrors).toEqual(rows);
  });
});

describe('batch report', () => {
  it('has the cost of what reached the target: steps times seconds, measured on one device and modelled on more', async () => {
    const cluster = ['--devices', '1,4', '--bandwidth', '10', '--latency', '5', '--price', '2'];
    const { cost, workloads } = await json('batch', 'report', study, ...cluster);
    const own = cost.strategies.find((s: { strategy: string }) => s.strategy === 'BLR');
    const reached = workloads[0].strategies[0].points.filter(
      (p: { stepsToTarget: { median: number | null } }) => p.stepsToTarget.median,
    );
    expect(own.ways.filter((w: { devices: number }) => w.devices === 1)).toHaveLength(reached.length);
    for (const way of own.ways) {
      expect(way.seconds.value).toBeCloseTo(way.steps.value * way.stepSeconds.value, 9);
      expect(way.seconds.provenance).toBe(way.devices === 1 ? 'measured' : 'modelled');
      expect(way.money.value).toBeCloseTo((2 * way.devices * way.seconds.value) / 3600, 12);
    }
    expect(cost.without).toContainEqual({
      workload: 'words',
      strategy: 'BLR',
      why: 'no batch size reached the target',
    });
    expectFailure(await ballast('batch', 'report', study, '--devices', '1,4'), 2, /several devices need a bandwidth/);
  });

  it('of several studies says what the paper says on all of them together, and links to the pages that there are', async () => {
    const page = join(folder, 'together.html');
    const run = await ballast('batch', 'report', study, 'results/shapes', '--out', page);
    expect(run.status, run.lines.join('\n')).toBe(0);
    expect(run.stdout).toContain('on these 2 studies together:');
    expect(run.stdout).toMatch(/agrees +Against the paper \(Shallue/);
    expect(readFileSync(page, 'utf8')).toMatch(/<a href="[^"]*results\/shapes\/report\.html">shapes<\/a>/);
    const { studies, statements } = await json('batch', 'report', study, 'results/shapes');
    expect(studies.map((s: { study: string }) => s.study)).toHaveLength(2);
    const [own, all] = [studies[1].statements, statements].map((list) =>
      list.find((s: { id: string }) => s.id === 'regimes'),
    );
    expect(all.observations.slice(-own.observations.length).map((o: { outcome: string }) => o.outcome)).toEqual(
      own.observations.map((o: { outcome: string }) => o.outcome),
    );
    expectFailure(await ballast('batch', 'report', study, join(folder, 'none')), 1, /none/);
    expectFailure(await ballast('batch', 'report', study, 'results/shapes', '--price', '2'), 2, /expected one folder/);
  });
});

describe('batch stability', { timeout: 400_000 }, () => {
  it('compares the classifiers of a study, goes on where it stopped, and says what it left out', async () => {
    const options = ['--images', '0-9', '--eps', '2/255', '--steps', '3', '--spectrum-images', '1'];
    const plan = await json('batch', 'stability', study, ...options, '--dry-run');
    expect(plan.plan).toMatchObject({ models: 6, workloads: [{ name: 'net', models: 6 }] });
    const document = JSON.parse((await ballast('batch', 'stability', study, ...options, '--json')).stdout);
    expectValid(document);
    const { result } = document;
    const [net] = result.workloads;
    // BLR and LSR are one trial at the base batch.
    expect(net.models.map((m: { batchSize: number; strategies: string[] }) => [m.batchSize, m.strategies])).toEqual([
      [8, ['BLR', 'LSR']],
      [8, ['BLR', 'LSR']],
      [32, ['BLR']],
      [32, ['BLR']],
      [32, ['LSR']],
      [32, ['LSR']],
    ]);
    for (const model of net.models) {
      expect(model.norms.map((n: { name: string }) => n.name)).toEqual(['layer1.0', 'layer2.0', 'layer3.0']);
      expect(model.growth).toHaveLength(3);
      expect(model.attacks[0].accuracy).toBeLessThanOrEqual(model.accuracy);
    }
    expect(net.trends.map((t: { measure: string }) => t.measure)).toContain('largest singular value of layer2.0');
    expect(result.skipped).toContainEqual({
      what: 'words',
      why: 'is not for the classification of images, which attacks are for',
    });
    expect(readdirSync(join(study, 'stability', 'models'))).toHaveLength(6);
    const again = await json('batch', 'stability', study, ...options);
    expect(again.workloads).toEqual(result.workloads);
    expect(again.seconds).toBeLessThan(result.seconds);
    const page = readFileSync(join(study, 'stability', 'report.html'), 'utf8');
    expect(page).toContain('<title>Batch size and stability: small</title>');
    expect(page).toMatch(/less stable/);
  });

  it('says in one line what cannot be', async () => {
    expectFailure(await ballast('batch', 'stability', join(folder, 'none')), 1, /has no study.sqlite/);
    expectFailure(
      await ballast('batch', 'stability', study, '--workloads', 'nets'),
      2,
      /has no workload "nets"; expected net, words/,
    );
    expectFailure(
      await ballast('batch', 'stability', study, '--workloads', 'words'),
      2,
      /no finished trial of a classifier/,
    );
    const elsewhere = ['--out', join(folder, 'elsewhere')];
    expectFailure(
      await ballast('batch', 'stability', study, '--images', '0-60', ...elsewhere),
      2,
      /positions below 40/,
    );
  });
});

/** Of procedural data what a layout needs of them: as many pictures as the largest batch has. */
class Beginnings extends DataShelf {
  override of(spec: DataSpec, dir: string | undefined): Promise<StudyData> {
    return super.of({ ...spec, trainCount: 4096, validCount: 1000 }, dir);
  }
}

describe('reproduce batch', () => {
  it('brings studies along that are valid', () => {
    const files = readdirSync('studies');
    expect(files.sort()).toEqual(['camvid.yaml', 'cifar10.yaml', 'demo.yaml', 'ptb.yaml', 'shapes.yaml']);
    for (const file of files) {
      const path = join('studies', file);
      expect(`${parseStudyFile(readFileSync(path, 'utf8'), path).file.name}.yaml`).toBe(file);
    }
  });

  it('lays out the one that needs no data, and refuses one that is none', async () => {
    const { points } = await layOutStudy(await readStudyFile(bundledStudy('shapes')), { shelf: new Beginnings() });
    expect(new Set(points.map((p) => p.workload)).size).toBe(3);
    const out = join(folder, 'reproduction');
    const wrong = await ballast('reproduce', 'batch', '--studies', 'imagenet', '--out', out);
    expect(wrong.status).toBe(2);
    expect(wrong.lines.at(-1)).toMatch(/expected some of cifar10, ptb, camvid, shapes, got "imagenet"/);
    expect(existsSync(out)).toBe(false);
  });
});
