/** A plan for a program: one that logs its noise scale, and what the probe saw of one. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchPlanResult } from '../../../src/schema/index.ts';
import { commandNoise } from '../../../src/study/plan/command-noise.ts';
import { ballast, expectFailure, resultOf } from '../../support/ballast.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-command-plan-'));
  cpSync('test/trials/command/trainer.mjs', join(folder, 'trainer.mjs'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function study(name: string, more: readonly string[]): string {
  const path = join(folder, `${name}.yaml`);
  const words = ['--bs=${batch}', '--lr=${lr}', '--seed=${seed}', '--steps=${steps}', '--out=${dir}', ...more];
  writeFileSync(
    path,
    `name: quadratic
workloads:
  - name: quadratic
    command: [${[process.execPath, 'trainer.mjs', ...words].map((w) => JSON.stringify(w)).join(', ')}]
    examples: 1000
    targets: [{ quantity: valLoss, value: 0.9 }]
batchSizes: [8, 16, 64]
strategies: [BLR]
learningRates: [0.1]
baseBatch: 16
seeds: [1]
budget: { steps: 400 }
`,
  );
  return path;
}
const plan = (file: string, ...more: string[]) =>
  ballast('batch', 'plan', '--command', file, '--timing', '0.25', ...more);

describe('a plan for a command', () => {
  it('is made from a short run that logs its noise scale, and kept', async () => {
    const file = study('whole', ['--noise', '--delay=1']);
    const out = join(folder, 'whole');
    const run = await plan(file, '--out', out, '--json');
    expect(run.status, run.lines.join('\n')).toBe(0);
    const result = resultOf(run.stdout) as BatchPlanResult;
    expect(result).toMatchObject({
      model: 'trainer.mjs',
      unit: 'examples',
      parameters: null,
      gradientBytes: null,
      reference: { batchSize: 16, steps: 400, epochs: 6.4 },
      run: { steps: 200, batchSize: 16, seed: 1, learningRate: 0.1 },
    });
    const rows = readFileSync(join(out, 'run', 'run', 'metrics.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    const scales = rows.map((line) => Number(line.split(',')[3]));
    expect(scales).toHaveLength(50);
    // The mean of N over progress, of which a step makes 1 / (1 + N/B).
    const progress = scales.map((n) => 1 / (1 + n / 16));
    const mean = scales.reduce((s, n, i) => s + n * progress[i]!, 0) / progress.reduce((s, p) => s + p, 0);
    expect(result.criticalBatch.value).toBeCloseTo(mean, 6);
    expect(result.criticalBatch.low).toBeLessThanOrEqual(mean);
    expect(result.stepTime.points.map((p) => p.batchSize)).toEqual([8, 16, 64]);
    for (const { seconds } of result.stepTime.points) expect(seconds).toBeGreaterThan(0);
    expect(result.rows.map((r) => r.batchSize)).toEqual([8, 16, 64]);
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('trainer.mjs');

    // What has ended is not run again, neither by the same call nor for another price.
    const written = statSync(join(out, 'run', 'run', 'metrics.csv')).mtimeMs;
    const again = resultOf((await plan(file, '--out', out, '--json', '--price', '2')).stdout) as BatchPlanResult;
    expect(statSync(join(out, 'run', 'run', 'metrics.csv')).mtimeMs).toBe(written);
    expect(again.criticalBatch).toEqual(result.criticalBatch);
    expect(again.stepTime).toEqual(result.stepTime);
    expect(again.recommendation.way.money).not.toBeNull();
  });

  it('says beforehand what it would do, and starts nothing', async () => {
    const out = join(folder, 'dry');
    const { status, stdout } = await plan(study('dry', ['--noise']), '--dry-run', '--out', out);
    expect(status).toBe(0);
    expect(stdout).toMatch(/a run of 200 steps of 16 .*steps at batch sizes 8, 16, 64/);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses what says nothing of the noise, and options of other trainings, in a line', async () => {
    const silent = study('silent', []);
    expectFailure(
      await plan(silent, '--out', join(folder, 'silent')),
      2,
      /noise at 0 steps.*\$\{microBatch\}.*noise_scale/,
    );
    expectFailure(await plan(silent, '--model', 'resnet8', '--dry-run'), 2, /--model.*does not go with a command/);
    expectFailure(await plan(silent, '--devices', '1,4', '--dry-run'), 2, /--devices.*number of parameters/);
    const neither = await ballast('batch', 'plan', '--dataset', 'shapes', '--dry-run');
    expect(neither.status).toBe(2);
    expect(neither.lines.join('\n')).toContain("required option '--model <name>' not specified");
  });
});

describe('the noise of a command', () => {
  it('is in examples, of micro-batches that the probe saw', () => {
    // Two micro-batches with the gradients (3, 1) and (1, 1): |G|² 4 and tr Σ 2 of a micro-batch of 32, the sum has 5.
    const probed = Array.from({ length: 16 }, (_, i) => ({
      step: 10 * (i + 1),
      secondsPerStep: null,
      noise: { signal: 4, trace: 2, parts: 2 },
    }));
    expect(commandNoise({ probed, rows: [] }, 64)[3]).toEqual({ step: 40, steps: 10, signal: 4, noise: 64, square: 5 });
  });
});
