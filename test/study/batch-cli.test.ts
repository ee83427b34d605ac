import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StudyReportResult } from '../../src/schema/index.ts';
import { ballast, expectFailure, resultOf } from '../support/ballast.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ballast-batch-cli-'));
  const rows = [16, 32, 64, 128].flatMap((batch) =>
    Array.from(
      { length: 100 },
      (_, i) => `b${batch},sgd,${batch},${i * 2},${2 * Math.exp((-i * 2 * batch) / (640 + 8 * batch))}`,
    ),
  );
  await writeFile(join(folder, 'log.csv'), ['run,strategy,batch_size,step,train_loss', ...rows].join('\n'));
  await writeFile(
    join(folder, 'mapping.yaml'),
    'model: net\ntargets:\n  - {name: half, quantity: trainLoss, value: 0.5}\n',
  );
});
afterAll(() => rm(folder, { recursive: true }));

describe('ballast batch import and report', () => {
  it('turn a log into a study, and the study into JSON, a table and a page', async () => {
    const out = join(folder, 'study');
    const imported = await ballast(
      'batch',
      'import',
      join(folder, 'log.csv'),
      '--mapping',
      join(folder, 'mapping.yaml'),
      '--out',
      out,
      '--json',
    );
    expect(resultOf(imported.stdout)).toMatchObject({
      workloads: [{ workload: 'log', trials: 4, measurements: 400, batchSizes: [16, 32, 64, 128], targets: ['half'] }],
    });
    const { stdout, status } = await ballast('batch', 'report', out, '--json');
    expect(status).toBe(0);
    const strategy = (resultOf(stdout) as StudyReportResult).workloads[0]!.strategies[0]!;
    // 2 exp(-s B / (640 + 8 B)) is at 0.5 after ln 4 (8 + 640 / B) steps: B_crit is 80.
    expect(strategy.criticalBatch.value).toBeGreaterThan(76);
    expect(strategy.criticalBatch.value).toBeLessThan(84);
    const shown = await ballast('batch', 'report', out);
    expect(shown.stdout).toContain('target half: 0.5000 (absolute: training loss 0.5), shown here');
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('Batch study log');
  });

  it('say in one line what is wrong', async () => {
    expectFailure(await ballast('batch', 'report', join(folder, 'nowhere')), 1, /nowhere.*no such file/);
    expect((await ballast('batch', 'import', join(folder, 'log.csv'))).lines.at(-1)).toContain(
      "'--out <dir>' not specified",
    );
  });
});
