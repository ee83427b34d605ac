import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportOf } from '../../../src/study/analysis/index.ts';
import { importLayout, importStudy, parseMapping, readMeasured } from '../../../src/study/import/index.ts';
import { realData } from '../../support/real-data.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function log(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.join('\n'));
  return path;
}

describe('a CSV log', () => {
  it('becomes trials by run, with steps, examples and the peak of the rate', async () => {
    const path = await log('runs.csv', [
      'run,optimizer,batch_size,epoch,iteration,train_loss,val_error,lr,time',
      'a,sgd,32,1,10,2.0,0.9,0.1,5',
      'a,sgd,32,2,20,1.0,0.5,0.2,10',
      'b,sgd,64,1,5,3.0,0.8,0.1,4',
      'b,sgd,64,2,10,inf,,0.1,8',
    ]);
    const { trials, workloads } = await importStudy(path);
    expect(workloads[0]).toMatchObject({ name: 'runs', examples: 320, metric: { name: 'error', direction: 'min' } });
    expect(trials.map((t) => [t.batchSize, t.status, t.learningRate, t.strategy, t.budgetSteps])).toEqual([
      [32, 'complete', 0.2, 'sgd', 20],
      [64, 'infeasible', 0.1, 'sgd', 10],
    ]);
    expect(trials[0]!.measurements[1]).toMatchObject({
      step: 20,
      epoch: 2,
      examples: 640,
      seconds: 10,
      trainLoss: 1,
      valMetric: 0.5,
    });
    expect(trials[1]!.measurements[1]).toMatchObject({ trainLoss: null, valMetric: null });
    expect(workloads[0]!.targets.map((t) => t.name)).toEqual(['training loss, quartile', 'held-out metric, quartile']);
  });

  it('takes columns, names and targets from a mapping, and makes summed losses means', async () => {
    const path = await log('odd.csv', [
      'B,n,L,raw,who',
      '64,1,2.5,0.03,x',
      '64,2,2.0,0.02,x',
      '100,1,2.6,0.03,x',
      '100,2,2.1,0.02,x',
    ]);
    const { trials, workloads } = await importStudy(path, {
      columns: { batchSize: 'B', step: 'n', trainLoss: 'L', valLoss: 'raw', strategy: 'who' },
      valLossSummedOver: 10_000,
      strategies: { x: 'LSR' },
      model: 'net',
      dataset: 'data',
      examples: 50,
      targets: [{ name: 'two', quantity: 'trainLoss', value: 2.2 }],
    });
    expect(workloads[0]).toMatchObject({ model: 'net', dataset: 'data', examples: 50, targets: [{ name: 'two' }] });
    expect(trials.map((t) => t.strategy)).toEqual(['LSR', 'LSR']);
    // The sum over ceil(10000 / 64) = 157 batch means, divided by 10000, was logged.
    expect(trials[0]!.measurements[0]!.valLoss).toBeCloseTo((0.03 * 10_000) / 157, 12);
    expect(trials[1]!.measurements[0]).toMatchObject({ valLoss: 3, epoch: 2 });
  });

  it('that is none is refused with file, row and what was expected', async () => {
    const refused = async (lines: readonly string[], mapping = {}) => importStudy(await log('bad.csv', lines), mapping);
    await expect(refused(['a,b', '1,2'])).rejects.toThrow(
      /bad\.csv: has no column that says the batch size \(one of global_batch_size, total_batch_size, batch_size/,
    );
    await expect(refused(['batch_size,loss', '1,2'])).rejects.toThrow('has no column that says the step');
    await expect(refused(['batch_size,step', '8,x'])).rejects.toThrow('row 2: step is "x"; expected a number');
    await expect(refused(['batch_size,step', '0,1'])).rejects.toThrow('row 2: expected a positive batch size');
    await expect(refused(['batch_size,step'])).rejects.toThrow('has no rows');
    await expect(refused(['batch_size,step', '8,1'], { columns: { step: 'n' } })).rejects.toThrow('has no column "n"');
    await expect(importStudy(join(folder, 'absent.csv'))).rejects.toThrow(
      'absent.csv: no such file; expected a log, a folder of logs or a measured study in JSON',
    );
    expect(() => parseMapping({ metric: { name: 'a', direction: 'up' } })).toThrow('mapping: metric.direction');
    expect(() => parseMapping({ colums: {} })).toThrow(/mapping: top level: .*colums/);
    await expect(
      refused(['batch_size,step,loss', '8,1,1'], { targets: [{ name: 't', quantity: 'trainLoss' }] }),
    ).rejects.toThrow('target t: expected either a value or a quartile');
  });
});

describe('the published layout', () => {
  const study = {
    batch_size: 16,
    dataset: 'mnist',
    model: 'cnn',
    optimizer: 'sgd',
    train_steps: 40,
    parameter_configs: {},
  };
  async function trial(at: string, id: number, status: string, rate: number, errors: readonly number[]) {
    const dir = join(at, String(id));
    await mkdir(dir, { recursive: true });
    await writeFile(
      join(dir, 'metadata.json'),
      JSON.stringify({ trial_id: id, status, steps: 40, parameters: { learning_rate: rate, momentum: 0.9 } }),
    );
    const rows = errors.map((e, i) => `${i * 20},${e + 1},${e},${e + 0.1}`);
    const head = 'step,train/cross_entropy_error,val/classification_error,test/classification_error';
    await writeFile(join(dir, 'measurements.csv'), [head, ...rows].join('\n'));
  }

  it('becomes one strategy an optimizer, the best trial standing for its batch size', async () => {
    const root = join(folder, 'published');
    for (const [batch, scale] of [
      [16, 1],
      [32, 0.5],
    ] as const) {
      const at = join(root, 'mnist_subsets', 'mnist', 'cnn', 'sgd', String(batch));
      await mkdir(at, { recursive: true });
      await writeFile(join(at, 'study.json'), JSON.stringify({ ...study, batch_size: batch }));
      await trial(at, 2, 'COMPLETE', 0.1, [0.9, 0.5 * scale, 0.2 * scale]);
      await trial(at, 10, 'COMPLETE', 0.1, [0.9, 0.6, 0.5]);
      await trial(at, 11, 'INFEASIBLE', 9, [0.9, 0.1]);
      await trial(at, 12, 'INCOMPLETE', 0.3, [0.9]);
    }
    const imported = await importLayout(root, { targets: [{ name: 'error 0.3', quantity: 'valMetric', value: 0.3 }] });
    expect(imported.workloads).toMatchObject([
      { name: 'mnist_subsets/cnn on mnist', metric: { name: 'classification error', direction: 'min' }, examples: 0 },
    ]);
    expect(imported.trials.map((t) => t.status).slice(0, 4)).toEqual(['complete', 'complete', 'infeasible', 'failed']);
    const [strategy] = reportOf(imported).workloads[0]!.strategies;
    expect(strategy!.name).toBe('sgd');
    // 0.5 -> 0.2 over steps 20 .. 40 is at 0.3 after 33.3; 0.9 -> 0.25 over the first 20 after 18.5. The two trials at one rate are no seeds of each other.
    expect(strategy!.points.map((p) => [p.trials, p.rates])).toEqual([
      [1, 4],
      [1, 4],
    ]);
    expect(strategy!.points[0]!.stepsToTarget.median).toBeCloseTo(20 + 20 * (0.2 / 0.3), 9);
    expect(strategy!.points[1]!.stepsToTarget.median).toBeCloseTo(20 * (0.6 / 0.65), 9);
    // What an epoch is, nobody said.
    expect(strategy!.points[0]!.epochsToTarget.median).toBeNull();
  });

  it('without studies, or with a broken file, is refused with the path', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(importStudy(empty)).rejects.toThrow('empty: has no study.json in it');
    const broken = join(folder, 'broken', 'd', 'm', 'o', '8');
    await mkdir(broken, { recursive: true });
    await writeFile(join(broken, 'study.json'), '{"batch_size": 8}');
    await expect(importStudy(join(folder, 'broken'))).rejects.toThrow(/study\.json: dataset: /);
    await writeFile(join(broken, 'study.json'), '{');
    await expect(importStudy(join(folder, 'broken'))).rejects.toThrow('study.json: is no JSON');
    await expect(importStudy(join(folder, 'nowhere'))).rejects.toThrow('nowhere: no such file');
  });
});

const real = realData('batch-science/cs439-cifar100-resnet18.csv');

describe.skipIf(!real)('51 real runs of others (ResNet-18 on CIFAR-100)', () => {
  it('go through the analysis as they are, and give what their authors report', async () => {
    const study = await importStudy(real!);
    expect(study.trials).toHaveLength(51);
    expect(study.trials.reduce((n, t) => n + t.measurements.length, 0)).toBe(8700);
    const path = join(folder, 'measured.json');
    await writeFile(path, JSON.stringify(study));
    expect(await readMeasured(path)).toEqual(study);
    const [workload] = reportOf(study).workloads;
    // Best test accuracy of group s1, from the description that came with the data.
    const best = workload!.generalization.filter((r) => r.strategy === 's1').map((r) => r.bestValMetric.median);
    expect(best).toEqual([0.7615, 0.7538, 0.7529, 0.7487, 0.7403, 0.7284, 0.6455]);
    const s1 = workload!.strategies.find((s) => s.name === 's1')!;
    expect(s1.points.map((p) => p.batchSize)).toEqual([128, 256, 512, 1024, 2048, 4096, 8192]);
    expect(s1.breakpoints).toMatchObject({ linearUntil: 2048, flatFrom: 4096 });
    expect(s1.criticalBatch.low!).toBeLessThan(s1.criticalBatch.value!);
  });
});
