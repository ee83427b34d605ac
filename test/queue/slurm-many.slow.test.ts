/** Five thousand trials in one array: the scheduler is asked as seldom as for five, and each trial is computed once. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Coordinator, FolderSource, Scheduler, SlurmQueue } from '../../src/queue/index.ts';
import { slurmOptionsSchema } from '../../src/schema/index.ts';
import { StudyStore } from '../../src/store/index.ts';
import { writeFakes } from '../support/queue/fake-slurm.ts';
import { rowAt, waitFor, workerNamed } from '../support/queue/stored-trials.ts';

const trials = 5000;
const atATime = 100;

let store: StudyStore;
let fakes: string;
const path = process.env.PATH;
beforeEach(async () => {
  store = await StudyStore.open(mkdtempSync(join(tmpdir(), 'ballast-')));
  fakes = join(store.folder, 'fakes');
  mkdirSync(fakes);
  writeFakes(fakes, 10_000);
  process.env.PATH = `${fakes}${delimiter}${path}`;
});
afterEach(() => {
  process.env.PATH = path;
  store.close();
  rmSync(store.folder, { recursive: true, force: true });
});

it(`${trials} trials are one array, and nobody polls the scheduler more than twice a minute`, async () => {
  waitFor(
    store,
    Array.from({ length: trials }, (_, i) => `t${i}`),
  );
  let now = 1e6;
  const clock = () => now;
  const queue = new SlurmQueue(store.folder, {
    slurm: slurmOptionsSchema.parse({ kind: 'slurm', arrayLimit: atATime }),
    program: ['ballast'],
    commands: true,
    scheduler: new Scheduler({ now: clock }),
    now: clock,
    lease: 600_000,
  });
  const coordinator = new Coordinator({ store, queue, now: clock });
  const tasks = Array.from(
    { length: atATime },
    (_, task) => new FolderSource(store.folder, workerNamed(`w${task}`, { job: `slurm 1 ${task} 0` })),
  );
  await queue.serve(await coordinator.round());
  writeFileSync(join(fakes, 'started'), '');
  writeFileSync(join(fakes, 'running'), tasks.map((_, task) => `${task}\n`).join(''));
  let seconds = 0;
  // Every task computes a trial in ten seconds; the coordinator looks every second.
  for (let left = trials; left > 0 || store.trials().some((t) => t.status !== 'complete'); ) {
    if (seconds % 10 === 0)
      for (const task of tasks) {
        const trial = await task.claim();
        if (!trial) continue;
        trial.begin(0);
        trial.measure(rowAt(10));
        trial.end({ status: 'complete', step: 10 });
        left--;
      }
    now += 1000;
    seconds++;
    await queue.serve(await coordinator.round());
    expect(seconds).toBeLessThan(2000);
  }
  const calls = readFileSync(join(fakes, 'calls'), 'utf8').split('\n');
  const count = (program: string) => calls.filter((line) => line.startsWith(`${program} `)).length;
  expect([count('sbatch'), count('scontrol')]).toEqual([1, 1]);
  expect(count('squeue')).toBeLessThanOrEqual(Math.ceil(seconds / 30) + 1);
  const submitted = join(store.folder, 'queue', 'slurm');
  const scripts = readdirSync(submitted).filter((name) => name.endsWith('.sh'));
  expect(scripts).toHaveLength(1);
  expect(readFileSync(join(submitted, scripts[0]!), 'utf8')).toContain(`--array=0-${trials - 1}%${atATime}\n`);
  expect(store.attempts()).toHaveLength(trials);
  console.info({ seconds, squeue: count('squeue') });
});
