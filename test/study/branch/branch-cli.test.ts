/** `ballast batch branch`: a run of ours and a script, from the command line. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BranchesResult } from '../../../src/schema/index.ts';
import { ballast, expectFailure, resultOf } from '../../support/ballast.ts';
import { builtCommand } from '../../support/built.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-branches-'));
  cpSync('test/trials/command/trainer.mjs', join(folder, 'trainer.mjs'));
  builtCommand();
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A study file of the script; `more`: further arguments. */
function study(name: string, more: readonly string[] = ['--reseed'], resume = 'resume: ["--resume=${checkpoint}"]') {
  const path = join(folder, `${name}.yaml`);
  const words = ['--bs=${batch}', '--lr=${lr}', '--seed=${seed}', '--steps=${steps}', '--out=${dir}', ...more];
  writeFileSync(
    path,
    `name: quadratic
workloads:
  - name: quadratic
    command: [${[process.execPath, 'trainer.mjs', ...words].map((w) => JSON.stringify(w)).join(', ')}]
    ${resume}
    inputs: [trainer.mjs]
    examples: 1000
    targets: [{ quantity: valLoss, value: 0.9 }]
batchSizes: [8]
strategies: [BLR]
learningRates: [0.1]
baseBatch: 8
seeds: [1]
budget: { steps: 160 }
`,
  );
  return path;
}

const short = ['--most', '4', '--per-doubling', '1', '--orders', '2', '--most-orders', '2', '--examples', '512'];
const asked = ['--at', '40st,80st', '--rate', 'linear', '--margin', '0.5', ...short];

/** A result without times. Where it was computed says nothing of the numbers. */
const timeless = ({
  seconds: _,
  environment: __,
  cost: { seconds: ___, ...cost },
  moments,
  ...rest
}: BranchesResult) => ({
  ...rest,
  cost,
  moments: moments.map((m) => JSON.stringify(m, (key, value) => (key === 'seconds' ? undefined : value))),
});
const resultIn = (out: string) => resultOf(readFileSync(join(out, 'result.json'), 'utf8')) as BranchesResult;

describe('branches of a script', () => {
  it('say for each moment and batch what they are held to be, and what schedule follows', async () => {
    const out = join(folder, 'whole');
    const run = await ballast('batch', 'branch', study('whole'), ...asked, '--out', out, '--json');
    expect(run.status).toBe(0);
    const result = resultOf(run.stdout) as BranchesResult;
    expect(result.moments.map((m) => [m.step, m.batchSize, m.learningRate])).toEqual([
      [40, 8, 0.1],
      [80, 8, 0.1],
    ]);
    for (const { batches, own, critical } of result.moments) {
      expect(batches.length).toBeGreaterThan(0);
      for (const b of batches) {
        expect(b.branches.length).toBe(b.orders);
        expect(b.learningRate).toBeCloseTo((0.1 * b.batchSize) / 8, 12);
        expect(b.steps * b.batchSize).toBe(512);
        // Pairs of the same order.
        const mean =
          b.branches.reduce((s, x) => s + x.loss! - own.branches.find((o) => o.order === x.order)!.loss!, 0) / b.orders;
        expect(b.difference!.estimate).toBeCloseTo(mean, 9);
      }
      expect(critical.low).toBeGreaterThanOrEqual(8);
    }
    expect(result.cost.examples).toBe(512 * result.cost.branches);
    expect(result.warmUp.stages[0]).toEqual({ fromExamples: 0, batchSize: 8, rateFactor: 1 });
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Critical batch size of quadratic');
    expect((await ballast('report', out)).stdout).toMatch(/The critical batch size of quadratic is/);
  });

  it('go on after a kill, and come to the same', async () => {
    const file = study('cut', ['--reseed', '--delay=1']);
    const out = join(folder, 'cut');
    const args = ['batch', 'branch', file, ...asked, '--out', out];
    const child = spawn(process.execPath, [builtCommand(), ...args], { detached: true, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    const kept = join(out, 'branches');
    while (!existsSync(kept) || readdirSync(kept).filter((f) => f.endsWith('.json')).length < 3) await setTimeout(50);
    process.kill(child.pid!, 'SIGKILL');
    await ended;
    const before = readdirSync(kept).filter((f) => f.endsWith('.json'));
    expect(existsSync(join(out, 'result.json'))).toBe(false);
    expect((await ballast(...args)).status).toBe(0);
    // That it takes longer changes no number.
    expect(timeless(resultIn(out))).toEqual(timeless(resultIn(join(folder, 'whole'))));
    expect(before.length).toBeGreaterThanOrEqual(3);
  });

  it('say beforehand what they would cost, and start nothing', async () => {
    const { status, stdout } = await ballast('batch', 'branch', study('dry'), ...asked, '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toMatch(/2 moments: at most \d+ branches of 512 examples/);
    expect(stdout).toMatch(/step 40, batch 8: up to \d+ branches at 16, 32/);
  });

  it('refuse a script whose seed, rate or checkpoint has no effect, in a line that says what to do', async () => {
    const first = [...asked, '--at', '40st'];
    expectFailure(
      await ballast('batch', 'branch', study('unseeded', []), ...first),
      2,
      /two orders of the data end at exactly the same losses; expected another seed/,
    );
    expectFailure(
      await ballast('batch', 'branch', study('old-rate', ['--reseed', '--old-rate']), ...first),
      2,
      /twice the rate changes nothing .*after it has loaded its optimizer/,
    );
    expectFailure(
      await ballast('batch', 'branch', study('no-resume', ['--reseed'], 'resources: {}'), ...first),
      2,
      /branches go on from checkpoints.*resume: \[--resume/,
    );
  });
});
