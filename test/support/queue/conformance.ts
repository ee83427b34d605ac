/** What every way of running trials keeps to, whatever carries it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TrialSource } from '../../../src/queue/index.ts';
import type { Announcement } from '../../../src/schema/index.ts';
import { ClaimLost, StudyStore } from '../../../src/store/index.ts';
import { rowAt, trialOf, waitFor, workerNamed } from './stored-trials.ts';

/** A study whose trials are handed out. */
export interface HandedStudy {
  /** A worker, or a process of this machine. */
  source(worker: Announcement): Promise<TrialSource>;
  /** The coordinator hears, takes back and offers, until nothing of that is left to be done. */
  round(): Promise<void>;
  /** Another coordinator takes the place of this one. */
  replaced(): Promise<void>;
  close(): Promise<void>;
}

/** Tests of a driver that hands the trials of a store out. */
export function conforms(hand: (store: StudyStore) => Promise<HandedStudy>): void {
  let folder: string;
  let store: StudyStore;
  let study: HandedStudy;
  let workers: TrialSource[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-'));
    store = await StudyStore.open(folder);
    workers = [];
    waitFor(store, ['a', 'b', 'c']);
    study = await hand(store);
    await study.round();
  });
  afterEach(async () => {
    for (const worker of workers) await worker.close();
    await study.close();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const worker = async (name = 'w', more: Partial<Announcement> = {}) => {
    const source = await study.source(workerNamed(name, more));
    workers.push(source);
    return source;
  };

  it('gives each trial to one worker alone, and nothing when none is left', async () => {
    const [one, two] = [await worker('one'), await worker('two')];
    const taken = [await one.claim(), await two.claim(), await one.claim(), await two.claim()];
    expect(new Set(taken.slice(0, 3).map((t) => t!.id))).toEqual(new Set(['a', 'b', 'c'].map(trialOf)));
    expect(taken[3]).toBe(undefined);
    await study.round();
    expect(store.trials().map((t) => t.status)).toEqual(['running', 'running', 'running']);
  });

  it('brings what is said of a trial into the store: its curve, how it ended, on what', async () => {
    const trial = (await (await worker()).claim())!;
    expect(trial.known()).toEqual([]);
    trial.begin(0);
    trial.measure(rowAt(2));
    trial.measure(rowAt(4, { valLoss: Number.POSITIVE_INFINITY, noiseScale: 3 }));
    trial.renew(5);
    trial.end({ status: 'complete', step: 10, note: 'as it should', hardware: 'a box', secondsPerStep: 0.25 });
    await trial.settled();
    await study.round();
    expect(store.curve(trial.id)).toEqual([rowAt(2), rowAt(4, { valLoss: Number.POSITIVE_INFINITY, noiseScale: 3 })]);
    expect(store.trial(trial.id)).toMatchObject({
      ...{ status: 'complete', note: 'as it should', hardware: 'a box', secondsPerStep: 0.25 },
    });
    expect(store.attempts()).toMatchObject([{ trialId: trial.id, number: 1, outcome: 'complete', toStep: 10 }]);
  });

  it('goes on with a trial that was given back, from what is known of it, as the next attempt', async () => {
    const source = await worker();
    const first = (await source.claim())!;
    first.begin(0);
    first.measure(rowAt(2));
    first.measure(rowAt(4));
    first.end({ status: 'queued', step: 4 });
    await first.settled();
    await study.round();
    const rest = [];
    for (let t = await source.claim(); t; t = await source.claim()) rest.push(t);
    const again = rest.find((t) => t.id === first.id)!;
    expect(again.attempt).toBe(2);
    expect(again.known()).toEqual([rowAt(2), rowAt(4)]);
    // Its newest checkpoint was of step 3: what comes behind is made again.
    again.begin(3);
    again.measure(rowAt(6));
    again.end({ status: 'complete', step: 10 });
    await again.settled();
    await study.round();
    expect(store.curve(first.id).map((r) => r.step)).toEqual([2, 6]);
    expect(store.attempts().filter((a) => a.trialId === first.id)).toMatchObject([
      { number: 1, outcome: 'queued' },
      { number: 2, outcome: 'complete', fromStep: 3 },
    ]);
  });

  it('writes nothing of an attempt that has ended', async () => {
    const trial = (await (await worker()).claim())!;
    trial.begin(0);
    trial.measure(rowAt(2));
    trial.end({ status: 'complete', step: 10 });
    await trial.settled();
    await study.round();
    for (const say of [
      () => trial.measure(rowAt(4)),
      () => trial.renew(4),
      () => trial.begin(0),
      () => trial.crash('late'),
      () => trial.end({ status: 'failed', step: 4 }),
    ])
      expect(say).toThrow(ClaimLost);
    await study.round();
    expect(store.trial(trial.id)!.status).toBe('complete');
    expect(store.curve(trial.id)).toEqual([rowAt(2)]);
  });

  it('parks a trial whose process ends again and again without progress, with its error', async () => {
    const source = await worker();
    let crashed = 0;
    for (let round = 0; round < 12; round++) {
      await study.round();
      const trial = await source.claim();
      if (!trial) continue;
      if (trial.id !== trialOf('b')) {
        trial.end({ status: 'complete', step: 10 });
      } else {
        crashed++;
        trial.crash('SIGSEGV');
      }
      await trial.settled();
    }
    await study.round();
    expect(crashed).toBe(3);
    expect(store.trial(trialOf('b'))).toMatchObject({
      status: 'failed',
      note: 'its process ended 3 times in a row without progress (SIGSEGV)',
    });
    expect(store.trials().filter((t) => t.status === 'complete').length).toBe(2);
  });

  it('takes a trial away that is cancelled, from whoever waits for it or has it, until it is released', async () => {
    const source = await worker();
    const trial = (await source.claim())!;
    trial.begin(0);
    trial.measure(rowAt(2));
    await trial.settled();
    await study.round();
    expect(store.claims.hold(store.trials().map((t) => t.id))).toBe(3);
    await study.round();
    await study.round();
    const late = async () => {
      trial.measure(rowAt(4));
      await trial.settled();
    };
    await expect(late()).rejects.toThrow(ClaimLost);
    expect(await source.claim()).toBe(undefined);
    expect(store.trials().map((t) => t.status)).toEqual(['queued', 'queued', 'queued']);
    store.claims.release([trial.id]);
    await study.round();
    const again = (await source.claim())!;
    expect([again.id, again.attempt, again.known()]).toEqual([trial.id, 2, [rowAt(2)]]);
    expect(await source.claim()).toBe(undefined);
  });

  it('hears all of it, once, however often the coordinator is replaced', async () => {
    const source = await worker();
    const trial = (await source.claim())!;
    trial.begin(0);
    trial.measure(rowAt(2));
    await trial.settled();
    await study.replaced();
    await study.round();
    trial.measure(rowAt(4));
    await trial.settled();
    await study.round();
    await study.replaced();
    trial.measure(rowAt(6));
    trial.end({ status: 'complete', step: 10 });
    await trial.settled();
    await study.round();
    await study.replaced();
    await study.round();
    expect(store.curve(trial.id)).toEqual([rowAt(2), rowAt(4), rowAt(6)]);
    expect(store.attempts()).toMatchObject([{ trialId: trial.id, outcome: 'complete' }]);
    expect([await source.claim(), await source.claim()].map((t) => t!.id === trial.id)).toEqual([false, false]);
    expect(await source.claim()).toBe(undefined);
  });
}
