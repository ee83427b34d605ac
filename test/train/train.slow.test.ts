/** Runs of other kinds that are killed, and twenty kills at random moments. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { leftovers, outcome, trainChild } from '../support/interrupted.ts';

const root = mkdtempSync(join(tmpdir(), 'ballast-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it.each(['growing', 'text'] as const)('a training run that was killed goes on bit for bit: %s', async (kind) => {
  const [straight, killed] = [join(root, `${kind}-straight`), join(root, `${kind}-killed`)];
  expect((await trainChild(straight, { kind })).at(-1)).toBe('complete');
  // Once before the batch has grown, and once after.
  for (const after of [13, 16]) await trainChild(killed, { kind, after });
  expect((await trainChild(killed, { kind })).at(-1)).toBe('complete');
  expect(outcome(killed)).toEqual(outcome(straight));
});

it('a run that is killed at twenty random moments ends in the same weights', async () => {
  const [straight, killed] = [join(root, 'straight'), join(root, 'killed')];
  await trainChild(straight);
  let finished = 0;
  for (let kill = 0; kill < 20; kill++) {
    // A few steps at a time, so that most kills come before the end; a finished run is begun anew.
    const said = await trainChild(killed, { after: 1 + Math.floor(9 * Math.random()), signal: 'SIGKILL' });
    if (said.at(-1) !== 'complete') continue;
    finished++;
    expect(outcome(killed)).toEqual(outcome(straight));
    rmSync(killed, { recursive: true });
  }
  await trainChild(killed);
  expect(outcome(killed)).toEqual(outcome(straight));
  expect(leftovers(killed).length).toBeLessThanOrEqual(20);
  expect(finished).toBeLessThan(20);
});
