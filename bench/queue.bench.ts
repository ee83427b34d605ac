/**
 * `npm run bench -- queue [JOBS] [TRIALS]`: trials that take no time, so that what is left is the queue: through a Redis that it starts, from the offer to the row in the store, 10,000 of them unless told; through a
 * shared folder, 5,000. The peer is BullMQ alone, without fences, curves and a store. To be met: 500 jobs a second through Redis.
 * Then a real study on this machine, on a worker that shares its folder, and on one over Redis: what is longer there, by trial, is the overhead. To be met: below 0.2 s, 2 % of a trial of 10 s.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import {
  announcementOf,
  Coordinator,
  connect,
  coordinateStudy,
  FolderQueue,
  FolderSource,
  RedisQueue,
  RedisSource,
  runStudy,
  runWorker,
  type TrialQueue,
  type TrialSource,
} from '../src/queue/index.ts';
import { StudyStore } from '../src/store/index.ts';
import { layOutStudy, parseStudyFile, syncStudy } from '../src/study/index.ts';
import { tinyStudy } from '../test/support/queue/handed-out.ts';
import { startRedis } from '../test/support/queue/redis.ts';
import { rowAt, waitFor, workerNamed } from '../test/support/queue/stored-trials.ts';
import { alternate, type BenchResult, timed } from './harness.ts';

/** Workers of the trials that take no time. */
const workers = 8;
const study = '0123456789ab';

let namespaces = 0;

/** A queue and as many sources as are asked for, with what closes them. */
interface Way {
  readonly queue: TrialQueue;
  readonly source: (name: string) => Promise<TrialSource>;
}

async function overRedis(url: string, store: StudyStore): Promise<Way> {
  const namespace = `bench${++namespaces}`;
  return {
    queue: new RedisQueue({
      redis: await connect({ url, namespace }),
      ...{ namespace, study },
      folderOf: (trial) => join(store.folder, 'trials', trial.slice(0, 16)),
      dataOf: () => null,
    }),
    source: async (name) =>
      new RedisSource({
        redis: await connect({ url, namespace }),
        namespace,
        worker: workerNamed(name),
        place: async ({ offer, folder }) => ({ spec: offer.spec, folder, isShared: true }),
      }),
  };
}

const overFolder = async (store: StudyStore): Promise<Way> => ({
  queue: new FolderQueue(store.folder),
  source: async (name) => new FolderSource(store.folder, workerNamed(name)),
});

/** Seconds from the offer of so many trials to their last row and end in the store. */
async function emptied(trials: number, way: (store: StudyStore) => Promise<Way>): Promise<number> {
  const store = await StudyStore.open(mkdtempSync(join(tmpdir(), 'ballast-bench-')));
  try {
    waitFor(
      store,
      Array.from({ length: trials }, (_, i) => `t${i}`),
    );
    const { queue, source } = await way(store);
    const coordinator = new Coordinator({ store, queue });
    const sources = await Promise.all(Array.from({ length: workers }, (_, i) => source(`w${i}`)));
    const seconds = await timed(async () => {
      await coordinator.round();
      let left = trials;
      const work = async (from: TrialSource) => {
        for (let trial = await from.claim(); trial; trial = await from.claim()) {
          trial.begin(0);
          trial.measure(rowAt(10));
          trial.end({ status: 'complete', step: 10 });
          await trial.settled();
          left--;
        }
      };
      const working = Promise.all(sources.map(work));
      for (;;) {
        const { queued, running } = await coordinator.round();
        if (queued === 0 && running === 0 && left === 0) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await working;
    });
    const done = store.trials().filter((t) => t.status === 'complete').length;
    if (done !== trials) throw new Error(`${done} of ${trials} trials are complete`);
    for (const one of sources) await one.close();
    await queue.close();
    return seconds;
  } finally {
    store.close();
    rmSync(store.folder, { recursive: true, force: true });
  }
}

/** The same number of jobs through BullMQ alone. */
async function bullAlone(url: string, jobs: number): Promise<number> {
  const prefix = `peer${++namespaces}`;
  const connection = { url, maxRetriesPerRequest: null };
  const queue = new Queue('jobs', { connection, prefix });
  const seconds = await timed(async () => {
    for (let at = 0; at < jobs; at += 500)
      await queue.addBulk(
        Array.from({ length: Math.min(500, jobs - at) }, (_, i) => ({ name: 'job', data: { n: at + i } })),
      );
    let done = 0;
    await new Promise<void>((resolve) => {
      const worker = new Worker(
        'jobs',
        async () => {
          done++;
          if (done === jobs) void worker.close().then(resolve);
        },
        { connection, prefix, concurrency: workers },
      );
    });
  });
  await queue.close();
  return seconds;
}

/** Trials of the study that is really trained. */
const trained = 24;
const trainedStudy = tinyStudy.concat(`seeds: [${Array.from({ length: trained / 4 }, (_, i) => i).join(', ')}]\n`);

/** Seconds of a real study with one trial at a time, from the first trial's beginning: starting processes is not a matter of the queue. */
async function studySeconds(way?: (store: StudyStore) => Promise<Way>): Promise<number> {
  const store = await StudyStore.open(mkdtempSync(join(tmpdir(), 'ballast-bench-')));
  try {
    syncStudy(store, await layOutStudy(parseStudyFile(trainedStudy, 'study.yaml'), {}));
    const run = { store, failFast: true, signal: new AbortController().signal };
    if (way === undefined) await runStudy({ ...run, maxParallel: 1, threads: 1, device: 'cpu' });
    else {
      const { queue, source } = await way(store);
      const stop = new AbortController();
      const working = runWorker({
        source: await source((await announcementOf({ device: 'cpu', threads: 1, gpus: 0, commands: false })).worker),
        ...{ maxParallel: 1, threads: 1, device: 'cpu', untilIdle: false, signal: stop.signal, polling: 100 },
      });
      await coordinateStudy({ ...run, queue, polling: 100 });
      stop.abort();
      await working;
      await queue.close();
    }
    const attempts = store.attempts();
    return (Math.max(...attempts.map((a) => a.ended!)) - Math.min(...attempts.map((a) => a.began))) / 1000;
  } finally {
    store.close();
    rmSync(store.folder, { recursive: true, force: true });
  }
}

export default async function bench(args: readonly string[]): Promise<BenchResult> {
  const [jobs = 10_000, trials = 5000] = args.map(Number);
  const server = await startRedis();
  try {
    const cases = [
      await alternate(
        {
          name: `${jobs} jobs through Redis`,
          unit: 'jobs/s',
          work: jobs,
          rounds: 3,
          warmup: 0,
          peers: ['BullMQ alone'],
        },
        [
          { name: 'ballast', run: () => emptied(jobs, (store) => overRedis(server.url, store)) },
          { name: 'BullMQ alone', run: () => bullAlone(server.url, jobs) },
        ],
      ),
      await alternate(
        { name: `${trials} trials through a folder`, unit: 'trials/s', work: trials, rounds: 3, warmup: 0, peers: [] },
        [{ name: 'ballast', run: () => emptied(trials, overFolder) }],
      ),
      await alternate(
        {
          name: `a study of ${trained} trials, one at a time`,
          unit: 'trials/s',
          work: trained,
          rounds: 5,
          peers: ['on this machine'],
        },
        [
          { name: 'on a worker, shared folder', run: () => studySeconds(overFolder) },
          { name: 'on a worker, Redis', run: () => studySeconds((store) => overRedis(server.url, store)) },
          { name: 'on this machine', run: () => studySeconds() },
        ],
      ),
    ];
    const seconds = (name: string) => cases[2]!.measurements.find((m) => m.contestant === name)!.medianSeconds;
    const overhead = (name: string) =>
      `${name}: ${(((seconds(name) - seconds('on this machine')) / trained) * 1000).toFixed(0)} ms a trial more than on this machine`;
    return {
      what: 'what a queue costs: trials that take no time, and a real study',
      cases,
      notes: [overhead('on a worker, shared folder'), overhead('on a worker, Redis')],
    };
  } finally {
    await server.stop();
  }
}
