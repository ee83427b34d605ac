import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, thisProcess } from '../../src/store/owner.ts';
import type { MeasurementRow } from '../../src/store/rows.ts';
import { prepareTablesOf } from '../../src/store/schema.ts';
import { StudyStore } from '../../src/store/study-store.ts';
import { ClaimLost, TrialClaims } from '../../src/store/trial-claims.ts';

let folder: string;
let store: StudyStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
  store = await StudyStore.open(folder);
  store.replaceGrid({
    name: 's',
    text: 'name: s',
    workloads: {},
    trials: ['a', 'b'].map((id) => ({ id, spec: '{}', budgetSteps: 10, budgetSeconds: null })),
    points: [],
  });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const row = (step: number): MeasurementRow => ({
  step,
  epoch: step,
  examples: step,
  seconds: step,
  trainLoss: 1,
  valLoss: null,
  valMetric: null,
  noiseScale: null,
  gradNorm: null,
});

const minute = 60_000;
const elsewhere = { host: 'another machine', pid: 12, started: '34' };
const farAway = { host: 'a third machine', pid: 12, started: '34' };

/** The claims of a machine of its own: its clock, which only goes forward, begins anywhere. */
function machine(start: number) {
  const db = new Database(store.path);
  const clock = { now: start };
  return { clock, claims: new TrialClaims(db, store.path, () => clock.now), close: () => db.close() };
}

describe('a trial that another attempt owns', () => {
  it('takes no write of a stale claim: none begins, renews, measures or ends it', () => {
    const first = machine(0);
    const second = machine(1e9);
    const stale = first.claims.claim(elsewhere)!;
    first.claims.begin(stale, 0);
    first.claims.measure(stale, row(2));
    // The second machine sees no sign of life for eleven minutes, and takes the trial.
    expect(second.claims.waiting()).toEqual({ queued: 1, running: 1 });
    second.clock.now += 11 * minute;
    const fresh = second.claims.claim(farAway)!;
    expect(fresh).toMatchObject({ id: 'a', attempt: 2 });
    second.claims.begin(fresh, 2);
    const message = /trial a: attempt 1 no longer owns it \(attempt 2 does\); what it computed is not stored/;
    for (const write of [
      () => first.claims.begin(stale, 0),
      () => first.claims.renew(stale, 4),
      () => first.claims.measure(stale, row(4)),
      () => first.claims.end(stale, { status: 'failed', step: 4, note: 'no' }),
    ]) {
      expect(write).toThrow(ClaimLost);
      expect(write).toThrow(message);
    }
    expect(store.trial('a')).toMatchObject({ status: 'running', note: null, step: 2 });
    expect(store.curve('a')).toEqual([row(2)]);
    second.claims.measure(fresh, row(4));
    second.claims.end(fresh, { status: 'complete', step: 10 });
    expect(() => second.claims.end(fresh, { status: 'queued', step: 1 })).toThrow(
      /attempt 2 no longer owns it \(it is complete\)/,
    );
    expect(() => first.claims.measure(stale, row(6))).toThrow(ClaimLost);
    expect(store.trial('a')).toMatchObject({ status: 'complete', step: 4 });
    expect(store.attempts().map((a) => [a.number, a.outcome])).toEqual([
      [1, 'abandoned'],
      [2, 'complete'],
    ]);
    first.close();
    second.close();
  });

  it("stays its owner's as long as that gives signs of life, though the clocks of two machines are an hour apart", () => {
    const behind = machine(0);
    const ahead = machine(60 * minute);
    const claim = behind.claims.claim(elsewhere)!;
    for (let n = 0; n < 30; n++) {
      expect(ahead.claims.waiting()).toEqual({ queued: 1, running: 1 });
      behind.clock.now += 5 * minute;
      ahead.clock.now += 5 * minute;
      behind.claims.renew(claim, n);
    }
    // And the other way round: who is behind does not wait for an hour.
    behind.claims.end(claim, { status: 'queued', step: 30 });
    const other = ahead.claims.claim(farAway)!;
    expect(other.id).toBe('a');
    expect(behind.claims.waiting()).toEqual({ queued: 1, running: 1 });
    behind.clock.now += 11 * minute;
    expect(behind.claims.waiting()).toEqual({ queued: 2, running: 0 });
    expect(() => ahead.claims.renew(other, 1)).toThrow(/no longer owns it \(it is queued\)/);
    behind.close();
    ahead.close();
  });

  it('is not given up by a machine that has only just begun to watch', () => {
    const claim = machine(0).claims.claim(elsewhere)!;
    const late = machine(1e12);
    expect(late.claims.waiting().running).toBe(1);
    late.clock.now += 9 * minute;
    expect(late.claims.waiting().running).toBe(1);
    store.claims.renew(claim, 1);
    late.clock.now += 9 * minute;
    expect(late.claims.waiting().running).toBe(1);
    late.clock.now += 11 * minute;
    expect(late.claims.waiting().running).toBe(0);
    late.close();
  });

  it('is not forgotten under its owner', () => {
    const claim = store.claims.claim()!;
    store.claims.measure(claim, row(1));
    store.forget('a');
    expect(store.trial('a')).toMatchObject({ status: 'running', step: 1 });
  });
});

describe('a store of the version before', () => {
  it('opens, with its trials and who owns them', async () => {
    const old = mkdtempSync(join(folder, 'old-'));
    const db = new Database(join(old, 'study.sqlite'));
    prepareTablesOf(db, 1);
    const me = JSON.stringify(thisProcess());
    expect(isAlive(thisProcess())).toBe(true);
    db.prepare("insert into fact values ('name', 's'), ('text', 'name: s')").run();
    db.prepare(
      `insert into trial (id, spec, ordinal, in_grid, status, budget_steps, owner) values ('a', '{}', 0, 1, 'running', 10, ?), ('b', '{}', 1, 1, 'complete', 10, null)`,
    ).run(me);
    db.prepare('insert into attempt (trial, number, owner, began) values (1, 1, ?, 5), (1, 2, ?, 6)').run(me, me);
    db.prepare('insert into measurement values (2, 3, 3, 3, 3, 0.5, null, null, null, null)').run();
    db.close();
    const opened = await StudyStore.open(old);
    expect(opened.trials().map((t) => [t.id, t.status, t.step])).toEqual([
      ['a', 'running', 0],
      ['b', 'complete', 3],
    ]);
    const claim = { id: 'a', spec: '{}', budgetSteps: 10, budgetSeconds: null };
    expect(() => opened.claims.renew({ ...claim, attempt: 1 }, 1)).toThrow(/attempt 2 does/);
    opened.claims.end({ ...claim, attempt: 2 }, { status: 'complete', step: 10 });
    opened.close();
    // Once more: nothing is left to be done.
    (await StudyStore.open(old)).close();
  });
});
