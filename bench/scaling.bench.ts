/**
 * `npm run bench -- scaling`: what the server, the coordinator and a worker spend on a trial is measured with trials that take no time; a simulation with those times is held against real runs of up to 64
 * workers, whose trials wait and compute nothing, and then asked about 1,000.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Coordinator, connect, RedisQueue, RedisSource } from '../src/queue/index.ts';
import { StudyStore } from '../src/store/index.ts';
import { type RedisServer, startRedis } from '../test/support/queue/redis.ts';
import { rowAt, waitFor, workerNamed } from '../test/support/queue/stored-trials.ts';
import { alternate, type BenchResult, timed } from './harness.ts';
import { type Costs, type Plan, simulate } from './scaling/simulate.ts';

/** Rows of a trial's curve. */
const rows = 5;
const study = '0123456789ab';
let namespaces = 0;

/** A study of so many trials on a real Redis, with workers that wait `seconds` for each. */
async function handed<T>(
  server: RedisServer,
  trials: number,
  use: (found: {
    readonly store: StudyStore;
    readonly coordinator: Coordinator;
    /** One worker, until nothing waits. */
    readonly work: (name: string, seconds: number) => Promise<void>;
  }) => Promise<T>,
): Promise<T> {
  const store = await StudyStore.open(mkdtempSync(join(tmpdir(), 'ballast-bench-')));
  const namespace = `scaling${++namespaces}`;
  waitFor(
    store,
    Array.from({ length: trials }, (_, i) => `t${i}`),
  );
  const queue = new RedisQueue({
    redis: await connect({ url: server.url, namespace }),
    ...{ namespace, study },
    folderOf: (trial) => join(store.folder, 'trials', trial.slice(0, 16)),
    dataOf: () => null,
  });
  const work = async (name: string, seconds: number) => {
    const source = new RedisSource({
      redis: await connect({ url: server.url, namespace }),
      ...{ namespace, worker: workerNamed(name) },
      place: async ({ offer, folder }) => ({ spec: offer.spec, folder, isShared: true }),
    });
    for (let trial = await source.claim(); trial; trial = await source.claim()) {
      trial.begin(0);
      for (let row = 1; row <= rows; row++) {
        if (seconds > 0) await setTimeout((1000 * seconds) / rows);
        trial.measure(rowAt(2 * row));
      }
      trial.end({ status: 'complete', step: 10 });
      await trial.settled();
    }
    await source.close();
  };
  try {
    return await use({ store, coordinator: new Coordinator({ store, queue }), work });
  } finally {
    await queue.close();
    store.close();
    rmSync(store.folder, { recursive: true, force: true });
  }
}

/** Microseconds that a Redis has spent in commands. */
async function spent(server: RedisServer): Promise<number> {
  const redis = await connect({ url: server.url, namespace: 'x' });
  const info = await redis.info('commandstats');
  redis.disconnect();
  return [...info.matchAll(/usec=(\d+)/g)].reduce((sum, [, usec]) => sum + Number(usec), 0);
}

/** What a trial that takes no time costs each of the three. */
function measuredCosts(server: RedisServer, trials: number): Promise<Costs> {
  return handed(server, trials, async ({ coordinator, work }) => {
    const before = await spent(server);
    const offering = await timed(() => coordinator.round().then(() => {}));
    const cpu = process.cpuUsage();
    await work('calibration', 0);
    const { user, system } = process.cpuUsage(cpu);
    const hearing = await timed(async () => {
      for (let left = 1; left > 0; ) {
        const { queued, running } = await coordinator.round();
        left = queued + running;
      }
    });
    return {
      server: ((await spent(server)) - before) / 1e6 / trials,
      coordinator: (offering + hearing) / trials,
      worker: (user + system) / 1e6 / trials,
    };
  });
}

/** Utilisation of so many workers in this process, with trials that wait. */
function measuredUtilisation(server: RedisServer, workers: number, trials: number, seconds: number): Promise<number> {
  return handed(server, trials, async ({ coordinator, work }) => {
    await coordinator.round();
    const elapsed = await timed(async () => {
      let over = false;
      const working = Promise.all(Array.from({ length: workers }, (_, i) => work(`w${i}`, seconds))).then(() => {
        over = true;
      });
      for (;;) {
        const { queued, running } = await coordinator.round();
        if (over && queued === 0 && running === 0) break;
        await setTimeout(100);
      }
      await working;
    });
    return (trials * seconds) / (workers * elapsed);
  });
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export default async function bench(args: readonly string[]): Promise<BenchResult> {
  const [calibration = 2000] = args.map(Number);
  const server = await startRedis();
  try {
    const costs = await measuredCosts(server, calibration);
    const notes = [
      `a trial of ${rows} rows costs the server ${(1e3 * costs.server).toFixed(2)} ms, the coordinator ${(1e3 * costs.coordinator).toFixed(2)} ms, a worker ${(1e3 * costs.worker).toFixed(2)} ms`,
    ];
    for (const [workers, seconds] of [
      [4, 1],
      [16, 1],
      [64, 2],
    ] as const) {
      const trials = 6 * workers;
      const measured = await measuredUtilisation(server, workers, trials, seconds);
      const plan: Plan = {
        ...{ workers, trials, mean: seconds, spread: 0, failures: 0, lease: 90, checkpoint: 1, oneProcess: true },
      };
      notes.push(
        `${workers} workers in one process, trials of ${seconds} s: measured ${percent(measured)}, simulated ${percent(simulate(costs, plan).utilisation)} of their time in trials`,
      );
    }
    for (const mean of [10, 60, 600, 3600]) {
      const plan: Plan = {
        ...{ workers: 1000, trials: 20_000, mean, spread: 0.5, failures: 0.05, lease: 90, checkpoint: 60 },
        oneProcess: false,
      };
      const { utilisation, server: redis, coordinator, again } = simulate(costs, plan);
      notes.push(
        `1000 workers, trials of ${mean} s, a worker lost every 20 hours of its time: ${percent(utilisation)} in trials that count, Redis busy ${percent(redis)}, coordinator ${percent(coordinator)}, ${again} of 20000 trials begun again`,
      );
    }
    const cases = [
      await alternate({ name: 'simulated trials', unit: 'trials/s', work: 20_000, rounds: 3, peers: [] }, [
        {
          name: 'ballast',
          run: () =>
            timed(async () => {
              const plan = { workers: 1000, trials: 20_000, mean: 60, spread: 0.5, failures: 0.05, lease: 90 };
              simulate(costs, { ...plan, checkpoint: 60, oneProcess: false });
            }),
        },
      ]),
    ];
    return { what: 'a thousand workers, simulated with measured times', cases, notes };
  } finally {
    await server.stop();
  }
}
