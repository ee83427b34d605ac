import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptRow } from '../../src/store/index.ts';
import { fromStore, outcome, startStudy, writeStudy } from '../support/batch-study.ts';

let folder: string;
let study: string;
let undisturbed: unknown;
const budget = 24;
const checkpoint = 2;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
  study = writeStudy(folder);
  const { code, stderr } = await startStudy(study, join(folder, 'undisturbed')).ended;
  expect(stderr).not.toMatch(/ballast:/);
  expect(code).toBe(0);
  undisturbed = await outcome(join(folder, 'undisturbed'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const attempts = (out: string) => fromStore(out, (store) => store.attempts());

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
    const begun = (await attempts(out)).filter(
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

/** Every attempt goes on where the last one could have saved, none begins before the last one has ended, and none follows one that finished. */
function expectNothingTwice(all: readonly AttemptRow[]): void {
  for (const id of new Set(all.map((a) => a.trialId))) {
    const own = all.filter((a) => a.trialId === id);
    own.forEach((attempt, i) => {
      const before = own[i - 1];
      if (!before) {
        expect(attempt.fromStep ?? 0).toBe(0);
        return;
      }
      expect(['crashed: SIGKILL', 'abandoned', 'queued']).toContain(before.outcome);
      expect(attempt.began).toBeGreaterThanOrEqual(before.ended!);
      if (attempt.fromStep === null) return;
      expect(attempt.fromStep).toBeGreaterThanOrEqual((before.toStep ?? 0) - checkpoint);
    });
    const last = own.at(-1)!;
    expect(['complete', 'stopped']).toContain(last.outcome);
    if (last.outcome === 'complete') expect(last.toStep).toBe(budget);
  }
}

describe('a study that is killed', () => {
  it('loses nothing, computes nothing twice, and comes to the same as an undisturbed one', async () => {
    const out = join(folder, 'killed');
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
    expect(await outcome(out)).toEqual(undisturbed);
    expectNothingTwice(await attempts(out));
  });

  it('shares its trials with another run on the same folder', async () => {
    const out = join(folder, 'shared');
    const runs = [startStudy(study, out), startStudy(study, out)];
    for (const { ended } of runs) expect((await ended).code).toBe(0);
    expect(await outcome(out)).toEqual(undisturbed);
    const all = await attempts(out);
    expectNothingTwice(all);
    expect(new Set(all.map((a) => a.pid)).size).toBe(2);
    expect(all.length).toBe(new Set(all.map((a) => a.trialId)).size);
  });
});
