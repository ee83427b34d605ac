/**
 * `npm run bench -- serve [TRIALS] [MEASUREMENTS] [SECONDS]`: the page of a study of 1,000 trials with 10,000 measurements each, of which twenty are computed, for ten
 * minutes, unless told. To be met: first paint of the study below 1.5 s, a live update below 50 ms of the main thread, and memory that does not grow, in the page, the
 * server and the processes that read for it; and the top of the spectrum of a unit with scaled sides within two seconds. It serves what was built (`npm run build`), and
 * needs a browser (CHROMIUM). Filling the store takes minutes: BALLAST_BENCH_STUDY names the folder of one that was filled so (`filled`), which is copied.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import type { CDPSession, Page } from 'playwright-core';
import { StudyStore } from '../src/store/index.ts';
import type { Claim } from '../src/store/trial-claims.ts';
import { launchBrowser } from '../test/report/browser.ts';
import { filled } from './filled-store.ts';
import type { BenchResult, Case } from './harness.ts';

// Sources would be compiled by each process of the server when it starts.
const built = pathToFileURL(resolve('dist/server/index.js')).href;
const { startServer } = (await import(built)) as typeof import('../src/server/index.ts');

const running = 20;
/** Milliseconds between measurements of all trials that run. */
const between = 1000;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const caseOf = (name: string, unit: string, seconds: readonly number[]): Case => ({
  name,
  unit,
  measurements: [
    {
      contestant: 'ballast',
      medianSeconds: median(seconds),
      minSeconds: Math.min(...seconds),
      maxSeconds: Math.max(...seconds),
      runs: seconds.length,
      rate: 1 / median(seconds),
    },
  ],
});

/** What the browser says of the page: seconds of its main thread, and bytes that are in use after a collection. */
async function metricsOf(session: CDPSession): Promise<{ task: number; heap: number }> {
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name: string) => metrics.find((m) => m.name === name)?.value ?? 0;
  return { task: metric('TaskDuration'), heap: metric('JSHeapUsedSize') };
}

async function heapOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await metricsOf(session)).heap;
}

/** Seconds from the address to the first paint, and to the study's numbers being there. */
async function opened(page: Page, address: string): Promise<{ paint: number; content: number }> {
  await page.goto('about:blank');
  const began = performance.now();
  await page.goto(address, { waitUntil: 'commit' });
  await page.locator('.progress .bar i').first().waitFor();
  const content = (performance.now() - began) / 1000;
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
  return { paint: paint / 1000, content };
}

export default async function bench(args: readonly string[]): Promise<BenchResult> {
  const [trials = 1000, measurements = 10_000, seconds = 600] = args.map(Number);
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  const notes: string[] = [];
  const kept = process.env.BALLAST_BENCH_STUDY;
  if (kept !== undefined) cpSync(kept, join(folder, 'study'), { recursive: true });
  const store = await (kept === undefined
    ? filled(join(folder, 'study'), trials, measurements)
    : StudyStore.open(join(folder, 'study'), { trusted: true }));
  const claims = Array.from({ length: Math.min(running, trials) }, () => store.claims.claim()!);
  const db = new Database(store.path);
  db.exec("update trial set status = 'complete' where status = 'queued'");
  db.close();
  const browser = await launchBrowser();
  let server = await startServer({ folder });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(300_000);
    const session = await page.context().newCDPSession(page);
    // Of the processor, so that what else the machine does is not counted as the page’s.
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const shown = () => `${server.address}study?path=study&tab=trials`;
    // The processes of the server start, and the store is checked, all but its measurements.
    const colds: number[] = [];
    for (let i = 0; i < 5; i++) {
      await page.goto('about:blank');
      await server.close();
      server = await startServer({ folder });
      colds.push((await opened(page, shown())).content);
    }
    const paints: number[] = [];
    const contents: number[] = [];
    for (let i = 0; i < 7; i++) {
      const { paint, content } = await opened(page, shown());
      paints.push(paint);
      contents.push(content);
    }
    // The curves of all that run, which is what is drawn anew with each update.
    const curves = `${server.address}study?path=study&tab=curves&trials=${claims.map((c) => c.id.slice(0, 12)).join('.')}`;
    await page.goto(curves);
    await page.locator('.curve-plot canvas').waitFor();
    const answered = page.locator('.answer:not(.waiting)').waitFor();
    const began = performance.now();
    await answered.then(
      () => notes.push(`what the study says was there ${((performance.now() - began) / 1000).toFixed(1)} s later`),
      () => notes.push('what the study says was not there within five minutes'),
    );
    const updates: number[] = [];
    const heaps = [await heapOf(session)];
    const resident = [residentOf(process.pid)];
    const read = [residentOfChildren()];
    await page.evaluate(() => {
      const tasks: number[] = [];
      Object.assign(globalThis, { longTasks: tasks });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ type: 'longtask' });
    });
    let step = measurements;
    const end = performance.now() + 1000 * seconds;
    let idle = await metricsOf(session);
    for (let round = 1; performance.now() < end; round++) {
      step++;
      for (const claim of claims) measure(claim, step);
      await setTimeout(between);
      const now = await metricsOf(session);
      updates.push(now.task - idle.task);
      idle = now;
      if (round % 30 === 0) {
        heaps.push(await heapOf(session));
        resident.push(residentOf(process.pid));
        read.push(residentOfChildren());
        idle = await metricsOf(session);
      }
    }
    const megabytes = (values: readonly number[]) => `${values.map((b) => (b / 2 ** 20).toFixed(1)).join(', ')} MiB`;
    notes.push(`heap of the page after a collection, every 30 updates: ${megabytes(heaps)}`);
    notes.push(
      `resident memory of this process, which serves, writes the measurements and steers the browser: ${megabytes(resident)}`,
    );
    notes.push(`resident memory of the processes that read for the server, likewise: ${megabytes(read)}`);
    const longTasks = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
    notes.push(
      `tasks of the main thread longer than 50 ms: ${longTasks.length === 0 ? 'none' : longTasks.map((ms) => `${ms.toFixed(0)} ms`).join(', ')}`,
    );
    const tops = await scaledTops(server);
    return {
      what: `the page of a study of ${trials} trials x ${measurements} measurements, ${claims.length} of them computed, for ${seconds} s`,
      cases: [
        caseOf('first paint of the study', 'pages/s', paints),
        caseOf('the first page since the server began, to the numbers of the study', 'pages/s', colds),
        caseOf('first paint to the numbers of the study', 'pages/s', contents),
        caseOf(`main thread in a second with an update of ${claims.length} curves`, 'updates/s', updates),
        caseOf('top of the spectrum of layer3.0 of resnet20 with scaled sides', 'spectra/s', tops),
      ],
      notes,
    };
  } finally {
    await browser.close();
    await server.close();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }

  function measure(claim: Claim, at: number): void {
    const loss = 2.3 / (1 + at * 0.01);
    store.claims.measure(claim, {
      ...{ step: at, epoch: at / 390, examples: at * 128, seconds: at * 0.17 },
      ...{ trainLoss: loss, valLoss: 1.1 * loss, valMetric: null, noiseScale: null, gradNorm: 0.7 },
    });
  }
}

/** Bytes of memory that a process has; 0 where the system does not say. */
function residentOf(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return pages * 4096;
  } catch {
    return 0;
  }
}

/** The same of all processes that this one has started and that read for the server. */
function residentOfChildren(): number {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number);
  return children
    .filter((pid) => commandOf(pid).includes('desk-process'))
    .reduce((sum, pid) => sum + residentOf(pid), 0);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Seconds of each of ten slider positions, as the page asks for them; the network is linearized before. */
async function scaledTops({ address }: { readonly address: string }): Promise<number[]> {
  const seconds: number[] = [];
  for (let i = 0; i <= 10; i++) {
    const body = JSON.stringify({
      ...{ subject: { model: 'resnet20', dataset: 'shapes', weights: 'random' }, image: 0, unit: 'layer3.0' },
      ...{ skipScale: 0.25 * i, weightScale: 1 },
    });
    const began = performance.now();
    const response = await fetch(`${address}api/scaled`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body },
    });
    if (!response.ok) throw new Error(await response.text());
    await response.json();
    if (i > 0) seconds.push((performance.now() - began) / 1000);
  }
  return seconds;
}
