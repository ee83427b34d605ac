import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckedStudy } from '../../../src/schema/index.ts';
import { StudyStore } from '../../../src/store/index.ts';
import { readStudy } from '../../../src/study/index.ts';
import { ballastProcess, resultOf } from '../../support/ballast.ts';
import { startStudy } from '../../support/batch-study.ts';

/** Where Debian's python3-torch is. */
const python = '/usr/bin/python3';
const sizes = [16, 32, 64, 128, 256, 512];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-pytorch-'));
  cpSync('examples/pytorch', folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The bundled study of a script at one rate, without early ends, so that curves are whole. */
function studyOf(name: string): string {
  const path = join(folder, `${name}-test.yaml`);
  const text = readFileSync(join(folder, `${name}.yaml`), 'utf8')
    .replace('[python3,', `[${python},`)
    .replace(/learningRates: \[([\d.]+).*\]/, 'learningRates: [$1]');
  writeFileSync(path, `${text}early: false\n`);
  return path;
}

/** The held-out losses of a script run by hand, by step. */
function byHand(name: string, batch: number, steps: number): Map<number, number> {
  const out = join(folder, `hand-${name}-${batch}`);
  const words: Record<string, string[]> = {
    csv: ['train_csv.py', '--batch-size', `${batch}`, '--lr', '0.005', '--steps', `${steps}`, '--out', out],
    trainer: [
      'train_trainer.py',
      `--per_device_train_batch_size=${Math.min(batch, 64)}`,
      `--gradient_accumulation_steps=${batch / Math.min(batch, 64)}`,
      '--learning_rate=0.001',
      `--max_steps=${steps}`,
      `--output_dir=${out}`,
    ],
    prints: ['train_prints.py', '-b', `${batch}`, '--lr', '0.02', '--iters', `${steps}`, '--nesterov'],
  };
  const { stdout, status, stderr } = spawnSync(python, words[name]!, { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  switch (name) {
    case 'csv': {
      const [, ...rows] = readFileSync(join(out, 'log.csv'), 'utf8').trim().split(/\r?\n/);
      return new Map(rows.map((row) => row.split(',').map(Number)).map(([step, , loss]) => [step!, loss!]));
    }
    case 'trainer': {
      const last = Math.floor(steps / 5) * 5;
      const state = JSON.parse(readFileSync(join(out, `checkpoint-${last}`, 'trainer_state.json'), 'utf8'));
      return new Map(
        state.log_history.flatMap((e: { step: number; eval_loss?: number }) =>
          e.eval_loss === undefined ? [] : [[e.step, e.eval_loss]],
        ),
      );
    }
    default:
      return new Map(
        [...stdout.matchAll(/iter (\d+): .*val loss: ([\d.]+)/g)].map(([, step, loss]) => [Number(step), Number(loss)]),
      );
  }
}

describe.runIf(spawnSync(python, ['-c', 'import torch']).status === 0)('scripts that know nothing of Ballast', () => {
  it.each(['csv', 'tensorboard', 'trainer', 'prints', 'distributed'])(
    '%s: all that a study needs is recognized',
    (name) => {
      const { status, stdout } = ballastProcess('batch', 'check', studyOf(name), '--json');
      expect(status).toBe(0);
      const checked = (resultOf(stdout) as CheckedStudy).workloads[0]!;
      expect(checked.problems).toEqual([]);
      expect(checked.quantities.map((q: { quantity: string }) => q.quantity)).toEqual(
        expect.arrayContaining(['trainLoss', 'valLoss', 'valMetric']),
      );
      // Where the script is so fast that the first run came to its end, nothing was left to go on with.
      expect(name === 'prints' ? ['not tried'] : ['works', 'ran']).toContain(checked.resume);
    },
  );

  it.each(['csv', 'trainer', 'prints'])(
    '%s: six batch sizes have the curves of the script run by hand',
    async (name) => {
      const out = join(folder, `out-${name}`);
      expect(ballastProcess('batch', 'run', studyOf(name), '--out', out).status).toBe(0);
      const { trials } = await readStudy(out);
      expect(trials.map((t) => t.batchSize).sort((a, b) => a - b)).toEqual(sizes);
      for (const { batchSize, budgetSteps, measurements } of trials) {
        const hand = byHand(name, batchSize, budgetSteps);
        expect(new Map(measurements.map((m) => [m.step, m.valLoss]))).toEqual(hand);
      }
    },
  );

  it('distributed: two processes that share each batch come to what one comes to alone', async () => {
    const out = join(folder, 'out-distributed');
    expect(ballastProcess('batch', 'run', studyOf('distributed'), '--out', out).status).toBe(0);
    const { trials } = await readStudy(out);
    const { budgetSteps, measurements } = trials.find((t) => t.batchSize === 64)!;
    const hand = byHand('csv', 64, budgetSteps);
    // The mean of two means is rounded otherwise than that of all; twenty steps do not carry that far.
    for (const { step, valLoss } of measurements.filter((m) => m.step <= 20))
      expect(valLoss).toBeCloseTo(hand.get(step)!, 4);
    expect(measurements.filter((m) => m.step <= 20)).toHaveLength(4);
  });

  it.each(['csv', 'tensorboard', 'trainer'])(
    '%s: a killed study goes on from its checkpoint and comes to the same',
    async (name) => {
      const file = studyOf(name);
      const whole = join(folder, `whole-${name}`);
      const cut = join(folder, `cut-${name}`);
      expect(ballastProcess('batch', 'run', file, '--out', whole).status).toBe(0);
      const { child, ended } = startStudy(file, cut);
      await setTimeout(9000);
      process.kill(child.pid!, 'SIGKILL');
      await ended;
      expect((await startStudy(file, cut).ended).code).toBe(0);
      const curves = async (out: string) =>
        (await readStudy(out)).trials.map((t) => [
          t.batchSize,
          t.status,
          t.measurements.map((m) => [m.step, m.trainLoss, m.valLoss]),
        ]);
      expect(await curves(cut)).toEqual(await curves(whole));
      const store = await StudyStore.openToRead(cut);
      expect(store.attempts().length).toBeGreaterThan(sizes.length);
      store.close();
    },
  );
});
