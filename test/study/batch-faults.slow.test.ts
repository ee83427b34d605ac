import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Database from 'libsql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import type { AttemptRow } from '../../src/store/index.ts';
import { attemptsOf, expectNothingTwice, outcome, startStudy, writeStudy } from '../support/batch-study.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The parent of a live process where the system says; null where it does not, or the process has ended. */
function parentOf(pid: number): number | null {
  try {
    // pid (name) state ppid ...; a name may have blanks and brackets.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1]);
  } catch {
    return null;
  }
}

/**
 * Waits until a process of `run` computes a trial that was claimed after `since`, and `more` milliseconds. What an orphan of an earlier run still
 * does does not count, although it may claim another trial before it hears of its parent's end: it says nothing about whether `run` listens to
 * signals yet.
 */
async function waitForWork(out: string, run: ChildProcess, since: number, more: number): Promise<AttemptRow> {
  for (;;) {
    const begun = (await attemptsOf(out)).filter(
      (a) =>
        a.fromStep !== null &&
        a.began >= since &&
        (process.platform !== 'linux' || (a.ended === null && parentOf(a.pid) === run.pid)),
    );
    const last = begun.at(-1);
    if (last) {
      await setTimeout(more);
      return last;
    }
    await setTimeout(20);
  }
}

it('a study that is killed loses nothing, computes nothing twice, and comes to the same as an undisturbed one', async () => {
  const study = writeStudy(folder);
  const [undisturbed, out] = [join(folder, 'undisturbed'), join(folder, 'disturbed')];
  const calm = await startStudy(study, undisturbed).ended;
  expect(calm.stderr).not.toMatch(/ballast:/);
  expect(calm.code).toBe(0);
  // The study's process, a trial's, the study's, and the study's by a signal that it hears.
  const victims = ['study', 'trial', 'study', 'interrupt'] as const;
  for (const [i, victim] of victims.entries()) {
    const start = Date.now();
    const { child, ended } = startStudy(study, out, '--max-parallel', '2');
    const { pid } = await waitForWork(out, child, start, 100 * i);
    if (victim === 'trial') {
      const killed = Date.now();
      process.kill(pid, 'SIGKILL');
      await waitForWork(out, child, killed, 50);
    }
    child.kill(victim === 'interrupt' ? 'SIGINT' : 'SIGKILL');
    const { code, stderr } = await ended;
    if (victim === 'interrupt') {
      expect(code).toBe(130);
      expect(stderr).toMatch(/the same command goes on/);
    }
  }
  expect((await startStudy(study, out, '--max-parallel', '2').ended).code).toBe(0);
  expect(await outcome(out)).toEqual(await outcome(undisturbed));
  expectNothingTwice(await attemptsOf(out));
});

const kills = 50;

it(`a study that is killed at ${kills} random moments, or one of its trials, comes to the same tables`, async () => {
  const study = writeStudy(folder);
  const [calm, out] = [join(folder, 'calm'), join(folder, 'killed')];
  expect((await startStudy(study, calm).ended).code).toBe(0);
  const random = new RandomStream({ seed: 1, purpose: 'kills', index: 0 });
  for (let kill = 0; kill < kills; kill++) {
    const { child, ended } = startStudy(study, out, '--max-parallel', '2');
    await setTimeout(500 + 6000 * random.uniform());
    const running = (await attemptsOf(out)).filter((a) => a.ended === null);
    if (random.uniform() < 0.5 && running.length > 0) {
      const { pid } = running[random.integer(running.length)]!;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
      await setTimeout(1000 * random.uniform());
    }
    child.kill('SIGKILL');
    await ended;
  }
  expect((await startStudy(study, out, '--max-parallel', '2').ended).code).toBe(0);
  expect(await outcome(out)).toEqual(await outcome(calm));
  const attempts = await attemptsOf(out);
  for (const id of new Set(attempts.map((a) => a.trialId))) {
    const own = attempts.filter((a) => a.trialId === id);
    // One after another, and never after the one that finished.
    own.slice(1).forEach((attempt, i) => {
      expect(attempt.began).toBeGreaterThanOrEqual(own[i]!.ended!);
    });
    const finished = own.filter((a) => ['complete', 'stopped'].includes(a.outcome ?? ''));
    expect(finished).toEqual([own.at(-1)]);
  }
});

it('a study whose database another program locks ends with one line after 20 seconds, and goes on when it is free', async () => {
  const study = writeStudy(folder);
  const out = join(folder, 'locked');
  expect((await startStudy(study, out).ended).code).toBe(0);
  const whole = await outcome(out);
  rmSync(join(out, 'trials'), { recursive: true });
  const other = new Database(join(out, 'study.sqlite'));
  other.exec('begin exclusive');
  const refused = await startStudy(study, out).ended;
  expect(refused.code).toBe(1);
  expect(refused.stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/study\.sqlite: is locked by another process/),
  ]);
  other.exec('rollback');
  other.close();
  expect((await startStudy(study, out).ended).code).toBe(0);
  expect(await outcome(out)).toEqual(whole);
});
