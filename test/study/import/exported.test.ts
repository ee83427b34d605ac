/** The tables that `batch export` writes are the study again, to the last digit. */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import { csvOf } from '../../../src/study/export/csv.ts';
import { exportStudy } from '../../../src/study/export/index.ts';
import { measurementTable } from '../../../src/study/export/table.ts';
import { importStudy } from '../../../src/study/import/index.ts';
import { measuredInFolder } from '../../../src/study/index.ts';
import type { MeasuredStudy } from '../../../src/study/measured/measured.ts';

const folder = mkdtempSync(join(tmpdir(), 'ballast-exported-'));
afterAll(() => rmSync(folder, { recursive: true }));

const written = (study: MeasuredStudy) => {
  const { columns, rows } = measurementTable(study);
  const path = join(folder, 'measurements.csv');
  writeFileSync(path, Buffer.concat([...csvOf(columns, rows)]));
  return path;
};

describe('an exported study', () => {
  it('has all trials with their budgets, rates and ends, and every measurement', async () => {
    const study = await importStudy('results/camvid');
    const again = await importStudy(written(study));
    const measured = study.trials.filter((t) => t.measurements.length > 0);
    expect(again.trials).toEqual(measured);
    expect(new Set(again.trials.map((t) => t.status)).size).toBeGreaterThan(1);
    expect(
      again.workloads.map(({ name, model, dataset, fraction, complexity }) => [
        name,
        model,
        dataset,
        fraction,
        complexity,
      ]),
    ).toEqual(
      study.workloads.map(({ name, model, dataset, fraction, complexity }) => [
        name,
        model,
        dataset,
        fraction,
        complexity,
      ]),
    );
  });

  it('has the targets of the study file beside it, and is reported from its folder', async () => {
    const { workloads } = await measuredInFolder('results/ptb');
    expect(workloads.map((w) => [w.name, w.metric, w.targets.map((t) => t.name)])).toEqual([
      ['lstm1x100', { name: 'perplexity', direction: 'min' }, ['trainLoss<=6.4', 'valLoss<=6.45']],
    ]);
  });

  it('is judged by what its model is for, whatever the data are called, and of an unknown model by what values can be', async () => {
    const study = await importStudy('results/camvid');
    const judged = async (change: (lines: string) => string) => {
      const path = written(study);
      writeFileSync(path, change(readFileSync(path, 'utf8')));
      return (await importStudy(path)).workloads[0]!.metric;
    };
    const meanIoU = { name: 'meanIoU', direction: 'max' };
    expect(await judged((text) => text)).toEqual(meanIoU);
    expect(await judged((text) => text.replaceAll(',camvid,', ',streets,'))).toEqual(meanIoU);
    const { model } = study.workloads[0]!;
    expect(await judged((text) => text.replaceAll(`,${model},`, ',theirs,'))).toEqual({
      name: 'accuracy',
      direction: 'max',
    });
  });

  it('is found in a folder whose name has a dot', async () => {
    const dotted = join(folder, 'run.1');
    cpSync('results/camvid', dotted, { recursive: true });
    expect((await measuredInFolder(dotted)).trials.length).toBe(
      (await measuredInFolder('results/camvid')).trials.length,
    );
  });

  it('that was changed by hand is refused, with the row and the column', async () => {
    const path = written(await importStudy('results/camvid'));
    const [head, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
    const column = head!.split(',').indexOf('budget_steps');
    const cells = lines[1]!.split(',');
    cells[column] = 'many';
    writeFileSync(path, [head, lines[0], cells.join(','), ...lines.slice(2)].join('\n'));
    await expect(importStudy(path)).rejects.toThrow(/row 3: budget_steps: .*expected number/);
  });
});

describe('a study that was exported as Parquet', () => {
  const parquet = join(folder, 'measurements.parquet');

  it('is what the CSV file is, alone and in a folder with its study file', async () => {
    const study = await measuredInFolder('results/camvid');
    await exportStudy(study, 'parquet', parquet);
    expect((await importStudy(parquet)).trials).toEqual((await importStudy('results/camvid')).trials);
    const own = join(folder, 'camvid');
    mkdirSync(own);
    copyFileSync(parquet, join(own, 'measurements.parquet'));
    copyFileSync('results/camvid/study.yaml', join(own, 'study.yaml'));
    expect(await measuredInFolder(own)).toEqual(study);
  });

  it('is refused in one line where it is cut off, and never ends the program where what it says of itself is damaged', async () => {
    const whole = readFileSync(parquet);
    const damaged = join(folder, 'damaged.parquet');
    const right = (await importStudy(parquet)).trials;
    const stream = new RandomStream({ seed: 3, purpose: 'damage' });
    const outcomeOf = async (bytes: Uint8Array) => {
      writeFileSync(damaged, bytes);
      try {
        return (await importStudy(damaged)).trials;
      } catch (error) {
        expect((error as Error).name).toMatch(/FileError|BallastError/);
        expect((error as Error).message.split('\n')).toHaveLength(1);
        return null;
      }
    };
    for (let i = 0; i < 40; i++) {
      const length = 4 + Math.floor(stream.uniform() * (whole.length - 8));
      expect(await outcomeOf(whole.subarray(0, length))).toBeNull();
    }
    // The end of the file, where it says what it holds.
    const footer = whole.readUInt32LE(whole.length - 8);
    for (let i = 0; i < 200; i++) {
      const bytes = Uint8Array.from(whole);
      bytes[whole.length - 1 - Math.floor(stream.uniform() * (footer + 8))]! ^= 1 << Math.floor(stream.uniform() * 8);
      const trials = await outcomeOf(bytes);
      // What is flipped may be nothing that matters, such as who wrote it.
      if (trials) expect(trials.length).toBe(right.length);
    }
  });

  it('of other columns is no export', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const path = join(folder, 'other.parquet');
    writeFileSync(
      path,
      new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'step', data: [1, 2], type: 'INT32' }] })),
    );
    await expect(importStudy(path)).rejects.toThrow(/other\.parquet/);
  });
});
