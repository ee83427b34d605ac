/** A page that stays open: what it is told of, what it misses, and two pages that steer one study. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/schema/serve/index.ts';
import { Changes } from '../../src/server/events/changes.ts';
import type { RunningServer } from '../../src/server/index.ts';
import { Once } from '../../src/server/once.ts';
import { StudyStore } from '../../src/store/index.ts';
import { hasBrowser, launchBrowser } from '../report/browser.ts';
import { builtCommand } from '../support/built.ts';
import { measured, studyUnderWay, writeCommandStudy } from './filled-folder.ts';
import { ask, serving, temporaryFolder, until } from './served.ts';

const folderEvent: LiveEvent = { kind: 'folder' };
const job = (id: string, detail: string): LiveEvent => ({
  kind: 'job',
  job: { id, what: 'study', folder: id, state: 'running', fraction: null, detail, pid: 1, began: 0 },
});
const all = () => true;

describe('changes', () => {
  it('have a cursor that only grows, also with a clock that goes back, and are told once each, as they are now', () => {
    let now = 1000;
    const changes = new Changes(() => now);
    const cursors: number[] = [];
    for (const [at, event] of [
      [1000, job('a', '1')],
      [990, job('b', '1')],
      [1001, job('a', '2')],
      [1001, folderEvent],
    ] as const) {
      now = at;
      changes.publish(event);
      cursors.push(changes.cursor);
    }
    expect(cursors).toEqual([...cursors].sort((a, b) => a - b));
    expect(new Set(cursors).size).toBe(4);
    expect(changes.since(0, all).map((c) => c.event)).toEqual([job('b', '1'), job('a', '2'), folderEvent]);
    expect(changes.since(cursors[2]!, all).map((c) => c.event)).toEqual([folderEvent]);
    expect(changes.since(changes.cursor, all)).toEqual([]);
  });

  it('that were made before anybody looked are not told to those who have seen them', () => {
    const changes = new Changes(() => 50_000);
    changes.publish(job('old', ''), 20_000);
    changes.publish(job('new', ''), 40_000);
    expect(changes.since(30_000 * 1000, all).map((c) => c.event)).toEqual([job('new', '')]);
  });

  it('do not take more room with time', () => {
    const changes = new Changes();
    for (let i = 0; i < 10_000; i++) changes.publish(job(`${i % 7}`, `${i}`));
    expect(changes.since(0, all).length).toBe(7);
  });
});

describe('an action', () => {
  it('is done once for a key, whoever sends it how often; what failed may be tried again', async () => {
    const once = new Once();
    let count = 0;
    const work = async () => ++count;
    expect(await Promise.all([once.do('k', 'a', work), once.do('k', 'a', work), once.do('k', 'a', work)])).toEqual([
      1, 1, 1,
    ]);
    expect(() => once.do('k', 'b', work)).toThrow(/another request/);
    await expect(once.do('f', 'a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await once.do('f', 'a', work)).toBe(2);
  });
});

/** Events of a stream from a cursor on, until so many have come. */
function eventsSince(
  { port }: Pick<RunningServer, 'port'>,
  since: number | undefined,
  study: string,
  enough: (events: LiveEvent[]) => boolean,
): Promise<{ events: LiveEvent[]; cursor: number }> {
  return new Promise((resolve, reject) => {
    const events: LiveEvent[] = [];
    const asked = request(
      {
        port,
        host: '127.0.0.1',
        path: `/api/events?study=${study}`,
        headers: since === undefined ? {} : { 'last-event-id': String(since) },
      },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => {
          text += part.toString();
          const blocks = text.split('\n\n');
          text = blocks.pop()!;
          let cursor = 0;
          for (const block of blocks) {
            cursor = Number(/^id: (\d+)$/m.exec(block)?.[1] ?? cursor);
            if (/^event: hello$/m.test(block)) continue;
            const data = /^data: (.*)$/m.exec(block)?.[1];
            if (data !== undefined) events.push(JSON.parse(data) as LiveEvent);
          }
          if (enough(events)) {
            asked.destroy();
            resolve({ events, cursor });
          }
        });
      },
    );
    asked.on('error', (error) => {
      if (!asked.destroyed) reject(error);
    });
    asked.end();
  });
}

const stepOf = (events: readonly LiveEvent[], id: string) =>
  events.flatMap((e) => (e.kind === 'trial' && e.trial.id === id ? [e.trial.step] : []));

describe('a stream of events', () => {
  const served = serving();
  const folder = temporaryFolder();
  it('tells who was away of what changed meanwhile, each once and as it is now, and of nothing else', async () => {
    const { store, claim } = await studyUnderWay(join(folder, 'live'));
    const server = await served({ folder });
    const other = store.claims.claim()!;
    store.claims.begin(other, 0);
    const { cursor: before } = await ask(server, 'study', { study: 'live' });
    for (let step = 44; step <= 60; step += 4) store.claims.measure(claim, measured(32, step));
    const first = await eventsSince(server, before, 'live', (events) => stepOf(events, claim.id).includes(60));
    // Away: one trial comes further in many steps, the other stands still.
    for (let step = 64; step <= 100; step += 4) store.claims.measure(claim, measured(32, step));
    const then = await eventsSince(server, first.cursor, 'live', (events) => stepOf(events, claim.id).includes(100));
    expect(stepOf(then.events, claim.id)).toEqual([100]);
    expect(stepOf(then.events, other.id)).toEqual([]);
    expect(then.events.filter((e) => e.kind === 'trial').length).toBe(1);
    // Nothing happened: nothing is told but what comes next.
    store.claims.measure(other, measured(32, 4));
    const last = await eventsSince(server, then.cursor, 'live', (events) => stepOf(events, other.id).length > 0);
    expect(stepOf(last.events, claim.id)).toEqual([]);
    store.close();
  });
});

/** `ballast serve` in a process of its own. */
async function served2(folder: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [builtCommand(), 'serve', folder, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (part: Buffer) => resolve(part.toString()));
    child.on('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
  return { child, port: Number(/:(\d+)\//.exec(address)![1]) };
}

describe('a port that is taken', () => {
  const folder = temporaryFolder();
  it('ends the command with a line that says so, and nothing of it is left', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const child = spawn(process.execPath, [builtCommand(), 'serve', folder, '--port', String(port)]);
    let said = '';
    child.stderr.on('data', (part: Buffer) => {
      said += part.toString();
    });
    const [code] = await once(child, 'exit');
    other.close();
    expect(said).toMatch(new RegExp(`^ballast: .*${port}.*\n$`));
    expect(code).toBe(2);
  });
});

describe.skipIf(!hasBrowser())('a page whose server is killed and started again', () => {
  const folder = temporaryFolder();
  let child: ChildProcess | undefined;
  afterAll(() => {
    child?.kill('SIGKILL');
  });

  it('says so, recovers by itself, and misses no point; what it has is not asked for again', async () => {
    const { store, claim } = await studyUnderWay(join(folder, 'live'));
    const running = await served2(folder, 0);
    child = running.child;
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ acceptDownloads: true });
      page.setDefaultTimeout(60_000);
      await page.goto(`http://127.0.0.1:${running.port}/study?path=live&tab=curves&trials=${claim.id.slice(0, 10)}`);
      await page.getByText('All 10 measurements are drawn.').waitFor();
      const asked: string[] = [];
      page.on('request', (r) => asked.push(new URL(r.url()).pathname));
      child.kill('SIGKILL');
      await page.locator('.connection.offline').waitFor();
      for (let step = 44; step <= 120; step += 4) store.claims.measure(claim, measured(32, step));
      ({ child } = await served2(folder, running.port));
      await page.locator('.connection.live').waitFor();
      await page.getByText('All 30 measurements are drawn.').waitFor();
      store.claims.measure(claim, measured(32, 124));
      await page.getByText('All 31 measurements are drawn.').waitFor();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'CSV', exact: true }).click(),
      ]);
      const steps = readFileSync(await download.path(), 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => Number(line.split(',').at(-2)));
      expect(steps).toEqual(Array.from({ length: 31 }, (_, i) => 4 * (i + 1)));
      expect(asked).toContain('/api/tails');
      expect(asked).not.toContain('/api/curves');
    } finally {
      await browser.close();
      store.close();
    }
  });
});

describe('two pages that steer one study', () => {
  const served = serving();
  const folder = temporaryFolder();
  it('start it once, pause it, cancel a trial, go on: no trial is computed twice', async () => {
    writeCommandStudy(folder);
    const server = await served({ folder });
    const begun = await Promise.all(
      ['page-one', 'page-two'].map((once) => ask(server, 'start', { study: 'program.yaml', once })),
    );
    expect(begun[0]!.job.id).toBe(begun[1]!.job.id);
    expect(begun[0]!.job.folder).toBe('program');
    const overview = () => ask(server, 'study', { study: 'program' }).catch(() => undefined);
    await until(overview, (o) => (o?.counts.running ?? 0) > 0);
    await Promise.all(['page-one-p', 'page-two-p'].map((once) => ask(server, 'pause', { study: 'program', once })));
    await until(
      () => ask(server, 'jobs', {}),
      ({ jobs }) => jobs.every((j) => j.state === 'stopped'),
    );
    const paused = (await overview())!;
    expect(paused.paused).toBe(true);
    expect(paused.counts.running).toBe(0);
    expect(paused.counts.queued).toBeGreaterThan(0);
    const waiting = paused.trials.filter((t) => t.status === 'queued').at(-1)!;
    const cancelled = await Promise.all(
      ['page-one-c', 'page-two-c'].map((once) =>
        ask(server, 'cancel', { study: 'program', trials: [waiting.id], once }),
      ),
    );
    expect(cancelled.map((c) => c.done).sort()).toEqual(['0 cancelled', '1 cancelled']);
    const resumed = await Promise.all(
      ['page-one-r', 'page-two-r'].map((once) => ask(server, 'start', { study: 'program', once })),
    );
    expect(resumed[0]!.job.id).toBe(resumed[1]!.job.id);
    await until(
      () => ask(server, 'jobs', {}),
      ({ jobs }) => jobs.every((j) => j.state === 'stopped' || j.state === 'done'),
    );
    const then = (await overview())!;
    expect(then.held).toBe(1);
    expect(then.counts).toMatchObject({ complete: 2, queued: 1, failed: 0 });
    await ask(server, 'requeue', { study: 'program', trials: [waiting.id], once: 'page-one-q' });
    await ask(server, 'start', { study: 'program', once: 'page-two-s' });
    await until(overview, (o) => o?.counts.complete === 3);
    // What was interrupted began again; what was done was not taken up again.
    const store = await StudyStore.openToRead(join(folder, 'program'));
    const outcomes = store.attempts().map((a) => `${a.trialId.slice(0, 6)} ${a.outcome}`);
    store.close();
    expect(outcomes.filter((o) => o.endsWith('complete')).length).toBe(3);
    expect(new Set(outcomes.filter((o) => o.endsWith('complete'))).size).toBe(3);
  });
});
