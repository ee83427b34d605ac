import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileError } from '../../src/base/errors.ts';
import { storeError } from '../../src/store/database.ts';
import type { MeasurementRow } from '../../src/store/rows.ts';
import { type Grid, StudyStore } from '../../src/store/study-store.ts';

let folder: string;
let store: StudyStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
  store = await StudyStore.open(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const grid = (ids: readonly string[], budgetSteps = 10): Grid => ({
  name: 's',
  text: 'name: s',
  workloads: { w: '{"name":"w"}' },
  trials: ids.map((id) => ({ id, spec: `{"of":"${id}"}`, budgetSteps, budgetSeconds: null })),
  points: ids.map((id, i) => ({
    workload: 'w',
    strategy: 'BLR',
    batchSize: 8,
    baseRate: 0.1,
    seed: i,
    learningRate: 0.1,
    budgetSteps,
    trialId: id,
  })),
});

const row = (step: number, trainLoss: number | null = 1 / 3): MeasurementRow => ({
  step,
  epoch: step / 7,
  examples: 8 * step,
  seconds: step * 0.1,
  trainLoss,
  valLoss: null,
  valMetric: 0.5,
  noiseScale: 1e300,
  gradNorm: 5e-324,
});

const real = fc.option(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
  { nil: null },
);

describe('a store', () => {
  it('gives back every number as it was, in the order of steps, whatever the order of writing', () => {
    store.replaceGrid(grid(['a', 'b']));
    const claim = store.claims.claim()!;
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.record({ step: fc.nat(1e9), trainLoss: real, valLoss: real }), { selector: (m) => m.step }),
        (points) => {
          store.claims.begin(claim, -1);
          const rows = points.map((p) => ({ ...row(p.step), ...p }));
          for (const r of rows) store.claims.measure(claim, r);
          // Once more changes nothing.
          for (const r of [...rows].reverse()) store.claims.measure(claim, r);
          expect(store.curve('a')).toEqual(rows.sort((x, y) => x.step - y.step));
          expect(store.curve('b')).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keeps what the grid no longer asks for, and takes it up again', () => {
    store.replaceGrid(grid(['a', 'b']));
    const claim = store.claims.claim()!;
    store.claims.measure(claim, row(3));
    store.claims.end(claim, { status: 'queued', step: 3 });
    store.replaceGrid(grid(['b', 'c']));
    expect(store.trials().map((t) => t.id)).toEqual(['b', 'c']);
    expect(store.points().map((p) => p.trialId)).toEqual(['b', 'c']);
    expect(store.trials({ all: true }).find((t) => t.id === 'a')).toMatchObject({ inGrid: false, step: 3 });
    store.replaceGrid(grid(['a'], 99));
    expect(store.trials()).toMatchObject([{ id: 'a', step: 3, budgetSteps: 99, status: 'queued' }]);
    expect(store.curve('a')).toEqual([row(3)]);
  });

  it('hands each waiting trial of the grid to one process only, in order', () => {
    store.replaceGrid(grid(['a', 'b', 'c']));
    const claims = [1, 2, 3, 4].map(() => store.claims.claim());
    expect(claims.map((c) => c?.id)).toEqual(['a', 'b', 'c', undefined]);
    expect(store.claims.waiting()).toEqual({ queued: 0, running: 3 });
    store.claims.end(claims[1]!, { status: 'complete', step: 10, secondsPerStep: 0.5 });
    store.claims.end(claims[0]!, { status: 'queued', step: 4 });
    expect(store.claims.claim()).toMatchObject({ id: 'a', attempt: 2, spec: '{"of":"a"}' });
    expect(store.trial('b')).toMatchObject({ status: 'complete', secondsPerStep: 0.5 });
  });

  it('frees the trial of a process that is gone, and not that of one that lives', () => {
    store.replaceGrid(grid(['a', 'b']));
    const script = `import { StudyStore } from './src/store/index.ts';
      const store = await StudyStore.open(process.argv[1]); store.claims.begin(store.claims.claim(), 2);`;
    const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, folder]);
    expect(child.stderr.toString()).toBe('');
    store.claims.claim();
    // The other process had `a`, and has ended.
    expect(store.attempts()).toMatchObject([
      { trialId: 'a', number: 1, fromStep: 2, outcome: 'abandoned' },
      { trialId: 'a', number: 2, ended: null },
    ]);
    expect(store.trials().map((t) => t.status)).toEqual(['running', 'queued']);
  });

  it('counts a trial as failed when its process crashes three times without progress, and not with it', () => {
    store.replaceGrid(grid(['a']));
    const crash = (step: number) => {
      store.claims.begin(store.claims.claim()!, step);
      return store.claims.crashed(process.pid, 'SIGKILL')?.status;
    };
    expect([0, 2, 4, 6, 8].map(crash)).toEqual(['queued', 'queued', 'queued', 'queued', 'queued']);
    expect([8, 8].map(crash)).toEqual(['queued', 'failed']);
    expect(store.trial('a')).toMatchObject({ status: 'failed', note: expect.stringMatching(/3 times in a row/) });
    store.claims.queue(['a']);
    expect(store.trial('a')).toMatchObject({ status: 'queued', crashes: 0 });
  });

  it('drops measurements of steps that are to be made again', () => {
    store.replaceGrid(grid(['a']));
    const claim = store.claims.claim()!;
    for (const step of [2, 4, 6]) store.claims.measure(claim, row(step));
    store.claims.begin(claim, 4);
    expect(store.curve('a').map((m) => m.step)).toEqual([2, 4]);
  });

  it('that is full says so in one line, and is whole', () => {
    store.replaceGrid(grid(['a']));
    const claim = store.claims.claim()!;
    store.claims.measure(claim, row(1));
    const db = new Database(store.path);
    const { page_count: pages } = db.prepare('pragma page_count').get() as { page_count: number };
    // As if the disk had room for one more page: each connection has its own bound, so this one writes.
    db.pragma(`max_page_count = ${pages + 1}`);
    const fill = () => {
      for (let i = 0; ; i++) db.prepare('insert into fact values (?, ?)').run(`filler ${i}`, 'x'.repeat(3000));
    };
    let failure: unknown;
    try {
      fill();
    } catch (cause) {
      failure = storeError(store.path, cause);
    }
    db.close();
    expect(failure).toBeInstanceOf(FileError);
    expect((failure as Error).message).toMatch(/study\.sqlite: no space left on the device; nothing .* is lost$/);
    expect(store.curve('a')).toEqual([row(1)]);
    store.claims.measure(claim, row(2));
    expect(store.curve('a').length).toBe(2);
  });

  it('that is locked by another program for too long says so in one line', async () => {
    store.replaceGrid(grid(['a']));
    const other = new Database(store.path);
    other.exec('begin exclusive');
    const impatient = new Database(store.path);
    impatient.pragma('busy_timeout = 50');
    let failure: unknown;
    try {
      impatient.exec('begin immediate');
    } catch (cause) {
      failure = storeError(store.path, cause);
    }
    other.exec('rollback');
    other.close();
    impatient.close();
    expect((failure as Error).message).toMatch(/study\.sqlite: is locked by another process .*nothing is lost/);
    store.claims.measure(store.claims.claim()!, row(1));
  });

  it.each([
    [
      'no database',
      'hello, this is a text and no database at all',
      /is no SQLite database; expected the store of a study$/,
    ],
    [
      'of a newer version',
      undefined,
      /has tables of version 99, Ballast [\d.]+ knows those up to 3; use a newer Ballast$/,
    ],
  ])('refuses a file that is %s', async (_, content, message) => {
    const other = mkdtempSync(join(folder, 'other-'));
    const path = join(other, 'study.sqlite');
    if (content !== undefined) writeFileSync(path, content);
    else {
      const db = new Database(path);
      db.exec('pragma user_version = 99');
      db.close();
    }
    await expect(StudyStore.open(other)).rejects.toThrow(message);
  });
});
