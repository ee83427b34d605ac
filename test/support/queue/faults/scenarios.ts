/** What goes wrong beyond one machine, made to go wrong at random moments: afterwards the study must have come to what it comes to undisturbed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import Database from 'libsql';
import { outcome, writeStudy } from '../../batch-study.ts';
import { type Started, started, tinyStudy } from '../handed-out.ts';
import { type RedisServer, startRedis } from '../redis.ts';
import { type Cluster, startCluster } from '../slurm.ts';
import { Line } from './line.ts';

/** Sixteen trials of some seconds, saved at every twentieth step. */
const study = tinyStudy
  .replace('name: tiny', 'name: faulted')
  .replace('learningRates: [0.01, 0.02]', 'learningRates: [0.001, 0.0005]')
  .replace('steps: 12', 'steps: 1200')
  .replace('every: 4st', 'every: 100st')
  .concat('seeds: [0, 1, 2, 3]\ncheckpointEvery: 20st\n');

/** What was seen of one fault. */
export interface Faulted {
  readonly fault: string;
  /** How many times it was made to happen. */
  readonly moments: number;
  /** Studies that were run for them, and their trials. */
  readonly studies: number;
  readonly trials: number;
  /** Attempts at those: what is more than the trials was begun again. */
  readonly attempts: number;
  /** Trials without a result, those with more than one, those whose numbers differ from the undisturbed run. */
  readonly lost: number;
  readonly twice: number;
  readonly different: number;
  /** Stores that SQLite does not find whole. */
  readonly damaged: number;
  readonly seconds: number;
}

/** A study under way, with what computes it. */
interface Underway {
  readonly folder: string;
  readonly out: string;
  coordinator: Started;
  readonly workers: Started[];
  startCoordinator(): void;
  startWorker(): void;
  readonly redis?: RedisServer;
  readonly line?: Line;
  readonly cluster?: Cluster;
}

/** Milliseconds that a study may take after its last fault. */
const patience = 900_000;

type Way = 'folder' | 'redis' | 'slurm';

interface Scenario {
  readonly way: Way;
  readonly workers?: number;
  /** Milliseconds between two moments, about. */
  readonly every: number;
  readonly strike: (underway: Underway, random: () => number) => Promise<void>;
  /** In front of what starts a worker. */
  readonly workerEnv?: (folder: string, index: number) => NodeJS.ProcessEnv;
}

const any = <T>(of: readonly T[], random: () => number): T | undefined => of[Math.floor(random() * of.length)];
const alive = (workers: readonly Started[]) =>
  workers.filter((w) => w.child.exitCode === null && w.child.signalCode === null);

/** Processes whose parent is this one. */
const childrenOf = (pid: number): number[] =>
  spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
    .map(Number);

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

const killWorker: Scenario['strike'] = async (u, random) => {
  const worker = any(alive(u.workers), random);
  signal(worker?.child.pid, 'SIGKILL');
  u.startWorker();
};

const killCoordinator: Scenario['strike'] = async (u) => {
  signal(u.coordinator.child.pid, 'SIGKILL');
  await u.coordinator.ended;
  u.startCoordinator();
};

/** Stops a process and all that it has started, for a while that is shorter or longer than a claim holds. */
async function stopFor(pid: number | undefined, milliseconds: number): Promise<void> {
  if (pid === undefined) return;
  const all = [pid, ...childrenOf(pid)];
  for (const one of all) signal(one, 'SIGSTOP');
  await setTimeout(milliseconds);
  for (const one of all) signal(one, 'SIGCONT');
}

/** Of workers that were stopped and not yet continued. */
const stopped = new Set<number>();

const tasksOf = (cluster: Cluster): string[] =>
  cluster.run('squeue', '--noheader', '--states=RUNNING', '--format=%i').split('\n').filter(Boolean);

export const scenarios = {
  'worker killed (folder)': { way: 'folder', every: 2500, strike: killWorker },
  'trial process killed (folder)': {
    way: 'folder',
    every: 2500,
    strike: async (u, random) => {
      const worker = any(alive(u.workers), random);
      signal(any(childrenOf(worker?.child.pid ?? -1), random), 'SIGKILL');
    },
  },
  'worker stopped (folder)': {
    way: 'folder',
    workers: 3,
    every: 2500,
    strike: async (u, random) => {
      const worker = any(alive(u.workers), random);
      // Every tenth time for longer than a claim holds; nothing waits for it.
      void stopFor(worker?.child.pid, random() < 0.1 ? 150_000 : 5000 * random());
    },
  },
  'coordinator killed (folder)': { way: 'folder', every: 2500, strike: killCoordinator },
  'coordinator stopped (folder)': {
    way: 'folder',
    every: 1000,
    strike: (u, random) => stopFor(u.coordinator.child.pid, 4000 * random()),
  },
  'clock an hour off (folder)': {
    way: 'folder',
    every: 8000,
    strike: killWorker,
    workerEnv: (_, index) => ({
      LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
      FAKETIME: index % 2 === 0 ? '+1h' : '-1h',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    }),
  },
  'worker stopped past its lease, and continued (Redis)': {
    way: 'redis',
    workers: 5,
    every: 3000,
    strike: async (u, random) => {
      const going = () => alive(u.workers).filter((w) => !stopped.has(w.child.pid!));
      // One that stands still is not stopped again.
      while (going().length === 0) await setTimeout(1000);
      const { pid } = any(going(), random)!.child;
      stopped.add(pid!);
      // A claim holds for a minute, and that it has run out is seen within another one.
      void stopFor(pid, 125_000 + 30_000 * random()).then(() => stopped.delete(pid!));
    },
  },
  'worker killed (Redis)': { way: 'redis', every: 2500, strike: killWorker },
  'coordinator killed (Redis)': { way: 'redis', every: 2500, strike: killCoordinator },
  'Redis killed and restarted with its append-only file': {
    way: 'redis',
    every: 3000,
    strike: async (u, random) => {
      await u.redis!.kill();
      await setTimeout(2000 * random());
      await u.redis!.start();
    },
  },
  'network cut for 30 s (Redis)': {
    way: 'redis',
    every: 4000,
    strike: (u) => u.line!.cutFor(30_000),
  },
  'disk of a worker full (Redis)': {
    way: 'redis',
    every: 2500,
    strike: async (u, random) => {
      const scratch = join(u.folder, 'scratch');
      const size = 1 + Math.floor(40 * random());
      spawnSync('dd', ['if=/dev/zero', `of=${join(scratch, 'ballast')}`, 'bs=1M', 'count=64'], { encoding: 'utf8' });
      await setTimeout(500 + 20 * size);
      rmSync(join(scratch, 'ballast'), { force: true });
      // A worker whose disk was full has ended, as it should.
      while (alive(u.workers).length < 2) u.startWorker();
    },
  },
  'scancel of a task (Slurm)': {
    way: 'slurm',
    every: 4000,
    strike: async ({ cluster }, random) => {
      const task = any(tasksOf(cluster!), random);
      if (task !== undefined)
        spawnSync('scancel', [...(random() < 0.5 ? ['--signal=KILL', '--full'] : []), task], { env: cluster!.env });
    },
  },
  'scontrol requeue of a task (Slurm)': {
    way: 'slurm',
    every: 4000,
    strike: async ({ cluster }, random) => {
      const task = any(tasksOf(cluster!), random);
      if (task !== undefined) spawnSync('scontrol', ['requeue', task], { env: cluster!.env });
    },
  },
  'slurmd of a node killed (Slurm)': {
    way: 'slurm',
    every: 4000,
    strike: async ({ cluster }, random) => {
      const node = random() < 0.5 ? 'n0' : 'n1';
      cluster!.killNode(node);
      await setTimeout(3000 * random());
      cluster!.startNode(node);
    },
  },
} as const satisfies Readonly<Record<string, Scenario>>;

export type FaultName = keyof typeof scenarios;

/** A stream of random numbers from 0 to 1 that is the same for the same seed (Numerical Recipes' linear congruence). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

let reference: Promise<{ readonly folder: string; readonly outcome: unknown }> | undefined;

/** The study undisturbed, on this machine. */
async function undisturbed() {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-faults-'));
  const file = writeStudy(folder, study);
  const out = join(folder, 'out');
  const { code, stderr } = await started(['batch', 'run', file, '--out', out, '--threads', '1']).ended;
  if (code !== 0) throw new Error(stderr);
  return { folder, outcome: await outcome(out) };
}

/** Makes a fault happen so many times, in as many studies as that takes. */
export async function faulted(name: FaultName, moments: number, seed: number): Promise<Faulted> {
  reference ??= undisturbed();
  const expected = (await reference).outcome as { id: string }[];
  const began = performance.now();
  const random = randomFrom(seed);
  const sum = { moments: 0, studies: 0, trials: 0, attempts: 0, lost: 0, twice: 0, different: 0, damaged: 0 };
  while (sum.moments < moments) {
    const seen = await faultedStudy(scenarios[name], moments - sum.moments, random, expected);
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += seen[key];
  }
  return { fault: name, ...sum, seconds: Math.round((performance.now() - began) / 1000) };
}

async function faultedStudy(
  { way, workers = 2, every, strike, workerEnv }: Scenario,
  most: number,
  random: () => number,
  expected: readonly { id: string }[],
): Promise<Omit<Faulted, 'fault' | 'seconds'>> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-faults-'));
  const file = writeStudy(folder, study);
  const out = join(folder, 'out');
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  const redis = way === 'redis' ? await startRedis() : undefined;
  const line = redis && (await Line.to(redis.port));
  const cluster = way === 'slurm' ? await startCluster() : undefined;
  const address = line ? `redis://127.0.0.1:${line.port}` : undefined;
  const isSmall = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', scratch]).status === 0;
  const queue =
    way === 'folder'
      ? ['folder']
      : way === 'redis'
        ? [address!]
        : ['slurm', '--time', '30:00', '--array-limit', '2', '--sbatch=--exclusive'];
  const underway: Underway = {
    ...{ folder, out, workers: [] as Started[] },
    ...(redis && { redis }),
    ...(line && { line }),
    ...(cluster && { cluster }),
    coordinator: undefined as unknown as Started,
    startCoordinator() {
      this.coordinator = started(['batch', 'run', file, '--out', out, '--queue', ...queue], cluster?.env);
    },
    startWorker() {
      if (way === 'slurm') return;
      const where = way === 'folder' ? ['--queue', out] : ['--queue', address!, '--scratch', join(scratch, 'w')];
      this.workers.push(
        started(['worker', ...where, '--threads', '1'], {
          ...process.env,
          ...workerEnv?.(folder, this.workers.length),
        }),
      );
    },
  };
  let struck = 0;
  try {
    underway.startCoordinator();
    for (let i = 0; i < 600 && !handedOut(out); i++) await setTimeout(100);
    for (let i = 0; i < workers; i++) underway.startWorker();
    await setTimeout(1500);
    let over = false;
    const ended = (async () => {
      for (;;) {
        const { coordinator } = underway;
        await coordinator.ended;
        // One that was killed is about to be replaced.
        await setTimeout(1000);
        if (coordinator === underway.coordinator) break;
      }
      over = true;
    })();
    while (!over && struck < most) {
      await Promise.race([setTimeout(every * (0.5 + random())), ended]);
      if (over) break;
      await strike(underway, random);
      struck++;
      while (way !== 'slurm' && alive(underway.workers).length < workers) underway.startWorker();
    }
    // Workers that end, as one whose disk is full does, are started again by whoever runs them.
    const since = performance.now();
    // What has not ended by then never will: its trials count as lost.
    while (!over && performance.now() - since < patience) {
      await Promise.race([setTimeout(1000), ended]);
      while (!over && way !== 'slurm' && alive(underway.workers).length < workers) underway.startWorker();
    }
    if (!over) signal(underway.coordinator.child.pid, 'SIGTERM');
    if (!over) await underway.coordinator.ended;
    const found = (await outcome(out)) as { id: string; status: string }[];
    const byId = new Map(found.map((t) => [t.id, JSON.stringify(t)]));
    const { attempts, ends, whole } = stored(out);
    return {
      ...{ moments: struck, studies: 1, trials: expected.length, attempts },
      lost: expected.filter((t) => !byId.has(t.id) || found.find((f) => f.id === t.id)!.status !== 'complete').length,
      twice: [...ends.values()].filter((n) => n > 1).length,
      different: expected.filter((t) => byId.get(t.id) !== JSON.stringify(t)).length,
      damaged: whole ? 0 : 1,
    };
  } finally {
    for (const { child } of [underway.coordinator, ...underway.workers]) {
      signal(child?.pid, 'SIGCONT');
      for (const pid of childrenOf(child?.pid ?? -1)) signal(pid, 'SIGKILL');
      signal(child?.pid, 'SIGKILL');
    }
    await cluster?.stop();
    await line?.close();
    await redis?.stop();
    if (isSmall) spawnSync('umount', ['-l', scratch]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function handedOut(out: string): boolean {
  try {
    return (
      readdirSync(join(out, 'queue')).includes('handed-out.json') &&
      readFileSync(join(out, 'queue', 'handed-out.json')).length > 0
    );
  } catch {
    return false;
  }
}

/** What the store says of attempts, and whether SQLite finds it whole. */
function stored(out: string): { attempts: number; ends: ReadonlyMap<number, number>; whole: boolean } {
  const db = new Database(join(out, 'study.sqlite'));
  try {
    const attempts = db.prepare('select trial, outcome from attempt').all() as {
      trial: number;
      outcome: string | null;
    }[];
    const ends = new Map<number, number>();
    for (const { trial, outcome: how } of attempts)
      if (how === 'complete' || how === 'stopped') ends.set(trial, (ends.get(trial) ?? 0) + 1);
    const [check] = db.prepare('pragma integrity_check').all() as { integrity_check: string }[];
    return { attempts: attempts.length, ends, whole: check!.integrity_check === 'ok' };
  } finally {
    db.close();
  }
}

export async function endFaults(): Promise<void> {
  if (reference) rmSync((await reference).folder, { recursive: true, force: true });
}
