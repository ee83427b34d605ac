/**
 * `npm run bench -- serve [TRIALS] [MEASUREMENTS] [SECONDS]`: the page of a study of 1,000 trials with 10,000 measurements each, of which twenty are computed, for ten
 * minutes, unless told. To be met: first paint of the study below 1.5 s, a live update below 50 ms of the main thread, and memory that does not grow. Build first
 * (`npm run build`); it needs a browser (CHROMIUM).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Database from 'libsql';
import type { CDPSession, Page } from 'playwright-core';
import { startServer } from '../src/server/index.ts';
import type { Claim } from '../src/store/trial-claims.ts';
import { launchBrowser } from '../test/report/browser.ts';
import { filled } from './filled-store.ts';
import type { BenchResult, Case } from './harness.ts';

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
  const store = await filled(join(folder, 'study'), trials, measurements);
  const claims = Array.from({ length: Math.min(running, trials) }, () => store.claims.claim()!);
  const db = new Database(store.path);
  db.exec("update trial set status = 'complete' where status = 'queued'");
  db.close();
  const server = await startServer({ folder });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(300_000);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const shown = `${server.address}study?path=study&tab=trials`;
    // A store is checked, all but its measurements, when it is opened first, once for as long as the server runs.
    const cold = await opened(page, shown);
    notes.push(`the first page since the server began, which checks the store: ${cold.content.toFixed(2)} s`);
    const paints: number[] = [];
    const contents: number[] = [];
    for (let i = 0; i < 7; i++) {
      const { paint, content } = await opened(page, shown);
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
        idle = await metricsOf(session);
      }
    }
    const megabytes = (values: readonly number[]) => `${values.map((b) => (b / 2 ** 20).toFixed(1)).join(', ')} MiB`;
    notes.push(`heap of the page after a collection, every 30 updates: ${megabytes(heaps)}`);
    notes.push(`resident memory of the server, likewise: ${megabytes(resident)}`);
    return {
      what: `the page of a study of ${trials} trials x ${measurements} measurements, ${claims.length} of them computed, for ${seconds} s`,
      cases: [
        caseOf('first paint of the study', 'pages/s', paints),
        caseOf('first paint to the numbers of the study', 'pages/s', contents),
        caseOf(`main thread for an update of ${claims.length} curves`, 'updates/s', updates),
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
