import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Coordinator, FolderQueue, FolderSource } from '../../src/queue/index.ts';
import { ClaimLost, StudyStore } from '../../src/store/index.ts';
import { conforms } from '../support/queue/conformance.ts';
import { commandSpec, rowAt, trialOf, waitFor, workerNamed } from '../support/queue/stored-trials.ts';

describe('the queue in a shared folder', () => {
  conforms(async (store) => {
    let now = 0;
    const coordinator = () =>
      new Coordinator({ store, queue: new FolderQueue(store.folder, { now: () => now }), now: () => now });
    let current = coordinator();
    return {
      source: async (worker) => new FolderSource(store.folder, worker),
      round: async () => {
        await current.round();
        // Past the time that a trial waits after a crash, within that of a lease.
        now += 61_000;
        await current.round();
      },
      replaced: async () => {
        current = coordinator();
      },
      close: async () => {},
    };
  });
});

describe('a study in a shared folder', () => {
  let store: StudyStore;
  let now: number;
  let coordinator: Coordinator;
  let notes: string[];
  beforeEach(async () => {
    store = await StudyStore.open(mkdtempSync(join(tmpdir(), 'ballast-')));
    now = 0;
    notes = [];
    waitFor(store, ['a']);
    coordinator = new Coordinator({
      store,
      queue: new FolderQueue(store.folder, { lease: 100_000, now: () => now }),
      now: () => now,
      onNote: (note) => notes.push(note),
    });
  });
  afterEach(() => {
    store.close();
    rmSync(store.folder, { recursive: true, force: true });
  });
  const source = (name = 'w', more = {}) => new FolderSource(store.folder, workerNamed(name, more));
  const waiting = () => readdirSync(join(store.folder, 'queue', 'waiting'));

  it('is taken from a worker that gives no sign of life, whatever clocks say; what that one says later is refused', async () => {
    await coordinator.round();
    const slow = (await source('slow').claim())!;
    slow.begin(0);
    slow.measure(rowAt(2));
    await coordinator.round();
    now += 90_000;
    slow.renew(3);
    await coordinator.round();
    now += 90_000;
    await coordinator.round();
    expect(store.trial(slow.id)!.status).toBe('running');
    now += 20_000;
    await coordinator.round();
    expect(store.trial(slow.id)!.status).toBe('queued');
    const next = (await source('next').claim())!;
    expect([next.attempt, next.known()]).toEqual([2, [rowAt(2)]]);
    expect(() => slow.measure(rowAt(4))).toThrow(ClaimLost);
    expect(() => slow.end({ status: 'complete', step: 10 })).toThrow(ClaimLost);
    next.begin(2);
    next.measure(rowAt(8));
    next.end({ status: 'complete', step: 10 });
    await coordinator.round();
    expect(store.curve(next.id)).toEqual([rowAt(2), rowAt(8)]);
    expect(store.attempts().map((a) => a.outcome)).toEqual(['queued', 'complete']);
    expect(notes.length).toBe(1);
  });

  it('counts the last words of a worker that is taken for gone', async () => {
    await coordinator.round();
    const trial = (await source().claim())!;
    await coordinator.round();
    now += 200_000;
    trial.begin(0);
    trial.measure(rowAt(2));
    // Said between the look at its files and the note that its attempt is over.
    trial.end({ status: 'complete', step: 10 });
    await coordinator.round();
    expect(store.trial(trial.id)!.status).toBe('complete');
    expect(waiting()).toEqual([]);
  });

  it('goes on without a coordinator: a trial that is given back is offered by who had it, and everything is told later', async () => {
    await coordinator.round();
    for (let attempt = 1; attempt <= 3; attempt++) {
      const trial = (await source(`w${attempt}`).claim())!;
      expect(trial.attempt).toBe(attempt);
      expect(trial.known()).toEqual(Array.from({ length: attempt - 1 }, (_, i) => rowAt(2 * i + 2)));
      trial.begin(2 * attempt - 2);
      trial.measure(rowAt(2 * attempt));
      trial.end({ status: attempt < 3 ? 'queued' : 'complete', step: 2 * attempt });
    }
    await coordinator.round();
    expect(store.curve(trialOf('a'))).toEqual([rowAt(2), rowAt(4), rowAt(6)]);
    expect(store.attempts().map((a) => [a.number, a.outcome])).toEqual([
      [1, 'queued'],
      [2, 'queued'],
      [3, 'complete'],
    ]);
    expect(waiting()).toEqual([]);
  });

  it('gives nothing out while it drains, and takes everything back when it is cancelled', async () => {
    waitFor(store, ['a', 'b']);
    await coordinator.round();
    const queue = new FolderQueue(store.folder);
    await queue.drain(true);
    expect(await source().claim()).toBe(undefined);
    await queue.drain(false);
    const trial = (await source().claim())!;
    trial.begin(0);
    trial.measure(rowAt(2));
    await coordinator.round();
    await coordinator.cancel();
    expect(() => trial.measure(rowAt(4))).toThrow(ClaimLost);
    expect(store.trials().map((t) => t.status)).toEqual(['queued', 'queued']);
    expect(store.curve(trial.id)).toEqual([rowAt(2)]);
    expect(waiting()).toEqual([]);
  });

  it('gives each worker what it can compute, the longest first', async () => {
    waitFor(store, ['long', 'gpu', 'cores', 'short'], (name) =>
      commandSpec(10, name === 'gpu' ? { gpus: 2 } : name === 'cores' ? { cpus: 8 } : {}),
    );
    store.replaceGrid({
      name: 's',
      text: 'name: s',
      workloads: {},
      trials: store.trials().map((t) => ({ ...t, budgetSteps: t.id === trialOf('long') ? 100 : 10 })),
      points: [],
    });
    await coordinator.round();
    const small = source('small');
    expect((await small.claim())!.id).toBe(trialOf('long'));
    expect((await small.claim())!.id).toBe(trialOf('short'));
    expect(await small.claim()).toBe(undefined);
    expect((await source('cards', { gpus: 2 }).claim())!.id).toBe(trialOf('gpu'));
    expect(await source('obedient', { cores: 8, commands: false }).claim()).toBe(undefined);
    expect((await source('many', { cores: 8 }).claim())!.id).toBe(trialOf('cores'));
  });

  it('lets no foreign or damaged file do harm: offers that are none are passed by, lines that are none left out', async () => {
    const folder = join(store.folder, 'queue', 'waiting');
    await coordinator.round();
    const [offer] = readdirSync(folder);
    const bad = {
      '0000-0000000.0123456789abcdef.1.json': 'no JSON',
      '0000-0000001.0123456789abcdef.2.json': JSON.stringify({ trial: '../../etc', attempt: 1 }),
      [`0000-0000002.${trialOf('x').slice(0, 16)}.1.json`]: JSON.stringify({ trial: trialOf('y'), attempt: 1 }),
      '0000-0000003.0123456789abcdef.4.json': 'x'.repeat(3 << 20),
      '..json': '{}',
      'notes.txt': 'hello',
    };
    for (const [name, text] of Object.entries(bad)) writeFileSync(join(folder, name), text);
    writeFileSync(join(store.folder, 'queue', 'claims', 'ffffffffffffffff.1.json'), '{"offer":{}}');
    const trial = (await source().claim())!;
    expect(trial.id).toBe(trialOf('a'));
    expect(existsSync(join(folder, offer!))).toBe(false);
    trial.begin(0);
    const events = join(store.folder, 'trials', trial.id.slice(0, 16), 'queue', '1.jsonl');
    appendFileSync(events, '{"kind":"row","row":{"step":1}}\n{"kind":"ended","status":"complete"\n\0\0\n');
    appendFileSync(events, `${JSON.stringify({ kind: 'ended', status: 'gone', step: 3 })}\n${'y'.repeat(100_000)}\n`);
    trial.measure(rowAt(2));
    trial.end({ status: 'complete', step: 10 });
    await coordinator.round();
    expect(store.curve(trial.id)).toEqual([rowAt(2)]);
    expect(store.trials().length).toBe(1);
    expect(store.trial(trial.id)!.status).toBe('complete');
  });
});
