import { EventEmitter } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ParentSource } from '../../src/queue/process/parent-source.ts';
import type { ServedReport } from '../../src/queue/process/trial-process-messages.ts';
import type { TrialEvent } from '../../src/schema/index.ts';
import type { MeasurementRow } from '../../src/store/index.ts';
import { commandSpec, rowAt, trialOf } from '../support/queue/stored-trials.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A process that its parent gives a trial to, of which so much is known. */
async function given(attempt: number, known: readonly MeasurementRow[]) {
  const said: TrialEvent[] = [];
  const parent = new EventEmitter();
  const source = new ParentSource(
    async (report: ServedReport) => {
      if (report.kind === 'said') said.push(report.event);
    },
    'a processor',
    new AbortController().signal,
    parent,
  );
  const claimed = source.claim();
  const trial = { id: trialOf('a'), attempt, spec: commandSpec(), budgetSteps: 10, budgetSeconds: null, folder, known };
  parent.emit('message', { kind: 'trial', trial });
  return { held: (await claimed)!, said };
}

it('what was measured before a checkpoint is told by whoever goes on from it, though it never got across', async () => {
  const first = await given(1, []);
  first.held.begin(0);
  for (const step of [2, 4, 6]) first.held.measure(rowAt(step));
  // The parent was killed after the row of step 2; the disk cut the last line off.
  appendFileSync(join(folder, 'queue', 'curve.jsonl'), '{"kind":"row","row":{"st');
  const second = await given(2, [rowAt(2)]);
  expect(second.held.known()).toEqual([rowAt(2), rowAt(4), rowAt(6)]);
  second.held.begin(5);
  second.held.measure(rowAt(8));
  expect(second.said).toEqual([
    { kind: 'begun', step: 5 },
    { kind: 'row', row: rowAt(4) },
    { kind: 'row', row: rowAt(8) },
  ]);
  second.held.end({ status: 'queued', step: 8 });
  // One without the checkpoint begins anew, and nothing of before is told.
  const third = await given(3, [rowAt(2), rowAt(4), rowAt(8)]);
  third.held.begin(0);
  third.held.measure(rowAt(2));
  third.held.end({ status: 'complete', step: 10 });
  expect(third.said.slice(0, 2)).toEqual([
    { kind: 'begun', step: 0 },
    { kind: 'row', row: rowAt(2) },
  ]);
  expect(existsSync(join(folder, 'queue', 'curve.jsonl'))).toBe(false);
});
