import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Database from 'libsql';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import { fromStore, outcome, startStudy, writeStudy } from '../support/batch-study.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kills = 50;

it(`a study that is killed at ${kills} random moments, or one of its trials, comes to the same tables`, async () => {
  const study = writeStudy(folder);
  const [calm, out] = [join(folder, 'calm'), join(folder, 'killed')];
  expect((await startStudy(study, calm).ended).code).toBe(0);
  const random = new RandomStream({ seed: 1, purpose: 'kills', index: 0 });
  for (let kill = 0; kill < kills; kill++) {
    const { child, ended } = startStudy(study, out, '--max-parallel', '2');
    await setTimeout(500 + 6000 * random.uniform());
    const running = (await fromStore(out, (store) => store.attempts())).filter((a) => a.ended === null);
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
  const attempts = await fromStore(out, (store) => store.attempts());
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
