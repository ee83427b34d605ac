import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckedStudy, StudyRun } from '../../../src/schema/index.ts';
import { StudyStore } from '../../../src/store/index.ts';
import { isKnown, outcomeOf, resolveTargets } from '../../../src/study/analysis/index.ts';
import { readStudy } from '../../../src/study/index.ts';
import { ballast, ballastProcess, expectFailure, resultOf } from '../../support/ballast.ts';
import { outcome, startStudy, writeStudy } from '../../support/batch-study.ts';
import { builtCommand } from '../../support/built.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-commands-'));
  cpSync('test/trials/command/trainer.mjs', join(folder, 'trainer.mjs'));
  builtCommand();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sizes = [2, 4, 8, 16, 32, 64];
const study = ({ delay = 0, steps = 160, batchSizes = sizes, early = false } = {}) => `name: quadratic
workloads:
  - name: quadratic
    command: [${JSON.stringify(process.execPath)}, trainer.mjs, "--bs=\${batch}", "--lr=\${lr}", "--seed=\${seed}", "--steps=\${steps}", "--out=\${dir}", --delay=${delay}]
    resume: ["--resume=\${checkpoint}"]
    inputs: [trainer.mjs]
    examples: 1000
    targets: [{ quantity: valLoss, value: 0.9 }]
batchSizes: [${batchSizes.join(', ')}]
strategies: [BLR]
learningRates: [0.1]
baseBatch: 8
seeds: [1]
budget: { steps: ${steps} }
early: ${early}
`;

/** The log of the script as it is run by hand. */
function byHand(batch: number, steps: number): number[][] {
  const out = join(folder, `hand-${batch}-${steps}`);
  const { status } = spawnSync(process.execPath, [
    'test/trials/command/trainer.mjs',
    `--bs=${batch}`,
    '--lr=0.1',
    '--seed=1',
    `--steps=${steps}`,
    `--out=${out}`,
  ]);
  expect(status).toBe(0);
  const [, ...rows] = readFileSync(join(out, 'metrics.csv'), 'utf8').trim().split('\n');
  return rows.map((row) => row.split(',').map(Number));
}

describe('a study of a script', () => {
  it('has the curves, and so the steps to the target, of the script run by hand at six batch sizes', async () => {
    const file = writeStudy(folder, study());
    const out = join(folder, 'by-hand');
    const run = ballastProcess('batch', 'run', file, '--out', out, '--max-parallel', '2', '--json');
    expect(run.status).toBe(0);
    expect((resultOf(run.stdout) as StudyRun).trials.complete).toBe(6);
    const measured = await readStudy(out);
    const hands = new Map(sizes.map((size) => [size, byHand(size, 160)]));
    for (const { batchSize, measurements } of measured.trials)
      expect(measurements.map((m) => [m.step, m.trainLoss, m.valLoss])).toEqual(hands.get(batchSize));
    const target = resolveTargets(measured.workloads[0]!, measured.trials).find(isKnown)!;
    for (const trial of measured.trials) {
      const rows = hands.get(trial.batchSize)!;
      const first = rows.findIndex(([, , loss]) => loss! <= 0.9);
      expect(first).toBeGreaterThan(0);
      const found = outcomeOf(trial, target);
      if (found.kind !== 'reached') throw new Error(`batch ${trial.batchSize} is ${found.kind}`);
      const [[before, , high], [after, , low]] = [rows[first - 1]!, rows[first]!] as [number[], number[]];
      // Between two rows in a straight line of the loss.
      expect(found.first.step).toBeCloseTo(before! + ((after! - before!) * (high! - 0.9)) / (high! - low!), 6);
    }
    // Nothing is missing, so nothing runs again.
    const before = (await StudyStore.openToRead(out)).attempts().length;
    expect(ballastProcess('batch', 'run', file, '--out', out).status).toBe(0);
    expect((await StudyStore.openToRead(out)).attempts().length).toBe(before);
  });

  it('that reaches its target early is ended there', async () => {
    const file = writeStudy(folder, study({ delay: 10, steps: 3000, batchSizes: [64], early: true }));
    const out = join(folder, 'early');
    expect(
      (resultOf(ballastProcess('batch', 'run', file, '--out', out, '--json').stdout) as StudyRun).trials.stopped,
    ).toBe(1);
    const [trial] = (await readStudy(out)).trials;
    expect(trial!.measurements.at(-1)!.valLoss).toBeLessThanOrEqual(0.9);
    expect(trial!.measurements.at(-1)!.step).toBeLessThan(600);
  });
});

const pidOf = (out: string): number | undefined => {
  for (const id of existsSync(join(out, 'trials')) ? readdirSync(join(out, 'trials')) : []) {
    const path = join(out, 'trials', id, 'process.json');
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')).pid;
  }
  return undefined;
};

const runs = (pid: number) => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await what()) return;
    await setTimeout(50);
  }
  throw new Error('never came');
}

const stepIn = async (out: string): Promise<number> => {
  if (!existsSync(join(out, 'study.sqlite'))) return 0;
  const store = await StudyStore.openToRead(out);
  try {
    return store.trials()[0]?.step ?? 0;
  } finally {
    store.close();
  }
};

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'a study that is ended by %s leaves no program running, goes on from its checkpoint, and comes to the same',
  async (signal) => {
    const file = writeStudy(folder, study({ delay: 20, steps: 120, batchSizes: [8] }));
    const out = join(folder, `ended-${signal}`);
    const { child, ended } = startStudy(file, out);
    await until(async () => (await stepIn(out)) >= 40);
    const pid = pidOf(out)!;
    expect(runs(pid)).toBe(true);
    process.kill(child.pid!, signal);
    await ended;
    await until(() => !runs(pid));
    const again = startStudy(file, out);
    expect((await again.ended).code).toBe(0);
    const [trial] = (await readStudy(out)).trials;
    expect(trial!.measurements.map((m) => [m.step, m.trainLoss, m.valLoss])).toEqual(byHand(8, 120));
    const seconds = trial!.measurements.map((m) => m.seconds);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    const store = await StudyStore.openToRead(out);
    expect(store.attempts().at(-1)!.fromStep).toBeGreaterThanOrEqual(32);
    store.close();
    expect(JSON.stringify(await outcome(out))).toContain('"status":"complete"');
  },
);

describe('batch check', () => {
  it('says what was recognized, whether it goes on from a checkpoint, and what the study costs', async () => {
    const file = writeStudy(folder, study({ delay: 5, steps: 4000, batchSizes: [8, 64] }));
    const { stdout, status } = await ballast('batch', 'check', file, '--json', '--rows', '5');
    expect(status).toBe(0);
    const checked = (resultOf(stdout) as CheckedStudy).workloads[0]!;
    expect(checked).toMatchObject({
      source: 'csv',
      resume: 'works',
      problems: [],
      trials: 2,
      checkpoint: '${dir}/last.ckpt',
    });
    expect(checked.quantities.map((q: { quantity: string; from: string }) => [q.quantity, q.from])).toEqual([
      ['step', 'step'],
      ['trainLoss', 'train_loss'],
      ['valLoss', 'val_loss'],
    ]);
    expect(checked.seconds).toBeGreaterThan(0.9 * 8000 * 0.005);
  });

  it('says that a resume begins anew, and what to write', async () => {
    const file = writeStudy(
      folder,
      study({ delay: 5, steps: 4000, batchSizes: [8] }).replace('--resume=', '--no-resume='),
    );
    const { stdout, status } = await ballast('batch', 'check', file, '--rows', '3');
    expect(status).toBe(1);
    expect(stdout).toMatch(/resume: began anew/);
    expect(stdout).toMatch(/problem: "resume" began anew at step 4 .*expected the command to load/);
  });
});

describe('batch init', () => {
  it('writes a study of a command as it was typed, which checks and runs', async () => {
    const file = join(folder, 'init.yaml');
    const words = [
      process.execPath,
      'trainer.mjs',
      '--bs=64',
      '--lr=0.05',
      '--seed=2',
      '--steps=9',
      '--out=x',
      '--resume=none',
    ];
    const made = ballastProcess(
      'batch',
      'init',
      file,
      '--examples',
      '1000',
      '--batch-sizes',
      '8,16',
      '--rates',
      '0.1',
      '--steps',
      '80',
      '--target',
      'valLoss=0.9',
      '--',
      ...words,
    );
    expect(made.stdout).toMatch(/--bs 64 is \$\{batch\}/);
    expect(made.status).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain(
      '"--bs=${batch}", "--lr=${lr}", "--seed=${seed}", "--steps=${steps}", "--out=${dir}"]',
    );
    const run = ballastProcess('batch', 'run', file, '--out', join(folder, 'init'), '--json');
    expect((resultOf(run.stdout) as StudyRun).trials).toMatchObject({ failed: 0, queued: 0 });
    expectFailure(
      ballastProcess('batch', 'init', file, '--model', 'mlp8', '--dataset', 'shapes'),
      2,
      /is there already/,
    );
  });

  it('says what is missing where there is no terminal to ask on', () => {
    expectFailure(
      ballastProcess('batch', 'init', join(folder, 'x.yaml'), '--', 'python3', 'train.py'),
      2,
      /--examples: missing/,
    );
  });
});
