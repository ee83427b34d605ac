/** `ballast batch plan` that is interrupted. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import type { BatchPlanResult } from '../../src/study/plan/index.ts';
import { ballast, resultOf } from '../support/ballast.ts';
import { onDevices, smallPlan } from '../support/batch-plan.ts';
import { builtCommand } from '../support/built.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-plan-cli-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const out = (name: string) => join(root, name);

it('ballast batch plan that was interrupted ends in the same critical batch', async () => {
  const whole = await ballast(...smallPlan, ...onDevices, '--json', '--out', out('straight'));
  expect(whole.status).toBe(0);
  const straight = resultOf(whole.stdout) as BatchPlanResult;
  const args = [...smallPlan, '--json', '--out', out('interrupted')];
  const child = spawn(process.execPath, [builtCommand(), ...args], { stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const metrics = join(out('interrupted'), 'run', 'metrics.jsonl');
  const lines = () => (existsSync(metrics) ? readFileSync(metrics, 'utf8').split('\n').length - 1 : 0);
  while (lines() < 5 && child.exitCode === null) await sleep(5);
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(lines()).toBeLessThan(24);
  const { status, stdout } = await ballast(...smallPlan, '--resume', '--out', out('interrupted'));
  expect(status).toBe(0);
  const resumed = resultOf(readFileSync(join(out('interrupted'), 'plan.json'), 'utf8')) as BatchPlanResult;
  expect(resumed.criticalBatch).toEqual(straight.criticalBatch);
  expect([resumed.price, resumed.link]).toEqual([null, null]);
  // And what the terminal says.
  expect(stdout).toMatch(/^Train at B = \d+ on one device/);
  expect(stdout).toMatch(/\nbatch +S\/Smin +E\/Emin +steps +dev +step +time +device-h/);
  expect(stdout).toMatch(
    /a\s+study\s+with\s+tuned\s+rates\s+would\s+find\s+a\s+critical\s+batch\s+size\s+of\s+about\s+[\d,.]+/,
  );
  expect(stdout).toMatch(/of the smallest study: one training at each of 3 batch sizes/);
  expect(stdout.trimEnd().endsWith(join(out('interrupted'), 'report.html'))).toBe(true);
});
