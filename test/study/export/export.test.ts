import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportStudy } from '../../../src/study/export/index.ts';
import type { MeasuredStudy, MeasuredTrial } from '../../../src/study/measured/measured.ts';

const trial = (seed: number, steps: number): MeasuredTrial => ({
  id: `id${seed}`,
  workload: 'w',
  strategy: 'LSR, "warm"',
  batchSize: 64,
  baseRate: 0.1,
  learningRate: 0.4,
  seed,
  status: seed === 0 ? 'complete' : 'infeasible',
  budgetSteps: 30,
  secondsPerStep: 0.25,
  hardware: null,
  measurements: Array.from({ length: steps }, (_, i) => ({
    step: 10 * (i + 1),
    epoch: (i + 1) / 3,
    examples: 640 * (i + 1),
    seconds: 2.5 * (i + 1),
    trainLoss: 2 / (i + 3),
    valLoss: i === 0 ? null : 1 / 7,
    valMetric: 0.5,
    noiseScale: null,
    gradNorm: 1e-7,
  })),
});
const study: MeasuredStudy = {
  name: 's',
  workloads: [
    {
      name: 'w',
      model: 'resnet8',
      dataset: 'cifar10',
      fraction: 1,
      complexity: null,
      examples: 1920,
      metric: { name: 'accuracy', direction: 'max' },
      parameters: 10,
      targets: [],
    },
  ],
  trials: [trial(0, 3), trial(1, 1)],
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an exported study', () => {
  it('as Parquet is read back by another library, to the last digit', async () => {
    const path = join(folder, 's.parquet');
    await exportStudy(study, 'parquet', path);
    const bytes = readFileSync(path);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    const rows = await parquetReadObjects({ file });
    expect(rows.length).toBe(4);
    expect(rows[1]).toEqual({
      workload: 'w',
      model: 'resnet8',
      dataset: 'cifar10',
      fraction: 1,
      complexity: null,
      strategy: 'LSR, "warm"',
      batch_size: 64,
      base_rate: 0.1,
      learning_rate: 0.4,
      seed: 0,
      trial: 'id0',
      status: 'complete',
      budget_steps: 30,
      seconds_per_step: 0.25,
      hardware: null,
      step: 20,
      epoch: 2 / 3,
      examples: 1280,
      seconds: 5,
      train_loss: 0.5,
      val_loss: 1 / 7,
      val_metric: 0.5,
      noise_scale: null,
      grad_norm: 1e-7,
    });
  });

  it('as CSV has a line a measurement, quoted where it has to be', async () => {
    const path = join(folder, 's.csv');
    await exportStudy(study, 'csv', path);
    const lines = readFileSync(path, 'utf8').split('\n');
    expect(lines.length).toBe(1 + 4 + 1);
    expect(lines[1]).toBe(
      `w,resnet8,cifar10,1,,"LSR, ""warm""",64,0.1,0.4,0,id0,complete,30,0.25,,10,${1 / 3},640,2.5,${2 / 3},,0.5,,1e-7`,
    );
  });

  it('as CSV has no text that a spreadsheet would compute, and its numbers as they are', async () => {
    const path = join(folder, 'formulas.csv');
    const names = ['=1+1', '+1', '-1', '@sum(a1)', '=a,"b"'];
    const trials = names.map((strategy) => ({ ...trial(0, 1), strategy, baseRate: -0.5 }));
    await exportStudy({ ...study, trials }, 'csv', path);
    const lines = readFileSync(path, 'utf8').trim().split('\n').slice(1);
    expect(lines.map((line) => line.split('cifar10,1,,')[1]!.split(',64,')[0])).toEqual([
      "'=1+1",
      "'+1",
      "'-1",
      "'@sum(a1)",
      `"'=a,""b"""`,
    ]);
    expect(lines.every((line) => line.includes(',64,-0.5,'))).toBe(true);
  });

  it('never leaves its folder, whatever the names of the study are', async () => {
    const to = join(folder, 'deep', 'er', 'out');
    const named = (dataset: string, strategy = 's') => ({
      ...study,
      workloads: [{ ...study.workloads[0]!, dataset }],
      trials: [{ ...trial(0, 1), strategy }],
    });
    const hostile = [named('../../escaped'), named('cifar10', '..'), named('/tmp/escaped'), named('..\\..\\escaped')];
    for (const one of hostile) await expect(exportStudy(one, 'layout', to)).rejects.toThrow(/cannot be a name in it/);
    expect(readdirSync(folder, { recursive: true }).filter((name) => String(name).includes('escaped'))).toEqual([]);
  });

  it('in the layout of published measurements has a folder a trial', async () => {
    const to = join(folder, 'layout');
    await exportStudy(study, 'layout', to);
    const at = join(to, 'cifar10', 'resnet8', 'LSR, "warm"', '64');
    expect(readdirSync(at).sort()).toEqual(['1', '2', 'study.json']);
    expect(JSON.parse(readFileSync(join(at, 'study.json'), 'utf8'))).toEqual({
      batch_size: 64,
      dataset: 'cifar10',
      model: 'resnet8',
      optimizer: 'LSR, "warm"',
    });
    expect(JSON.parse(readFileSync(join(at, '2', 'metadata.json'), 'utf8'))).toMatchObject({
      trial_id: 2,
      status: 'INFEASIBLE',
      parameters: { learning_rate: 0.4, seed: 1 },
    });
    expect(readFileSync(join(at, '2', 'measurements.csv'), 'utf8')).toBe(
      'step,epoch,examples,seconds,train_loss,val_loss,val_accuracy,noise_scale,grad_norm\n' +
        `10,${1 / 3},640,2.5,${2 / 3},,0.5,,1e-7\n`,
    );
  });
});
