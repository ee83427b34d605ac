import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { slurmSeconds } from '../../src/cli/flags/values.ts';
import { Coordinator, FolderSource, jobScript, Scheduler, SlurmQueue } from '../../src/queue/index.ts';
import { slurmTime } from '../../src/queue/slurm/job-script.ts';
import { slurmOptionsSchema } from '../../src/schema/index.ts';
import { StudyStore } from '../../src/store/index.ts';
import { writeFakes } from '../support/queue/fake-slurm.ts';
import { rowAt, waitFor, workerNamed } from '../support/queue/stored-trials.ts';

describe('the script of a job array', () => {
  it('says what was asked for, and quotes what a shell would act on', () => {
    const slurm = slurmOptionsSchema.parse({
      kind: 'slurm',
      partition: 'gpu',
      seconds: 7200,
      gpusPerTask: 1,
      arrayLimit: 8,
      sbatch: ['--account=lab', '--comment=two words'],
    });
    const script = jobScript(slurm, {
      name: 'ballast-1',
      tasks: 30,
      folder: "/home/o'neil/a study",
      program: ['/usr/bin/node', 'main.js'],
      commands: true,
      logs: '/logs',
    });
    expect(script.split('\n')).toEqual([
      '#!/bin/bash',
      '#SBATCH --job-name=ballast-1',
      '#SBATCH --array=0-29%8',
      '#SBATCH --output=/logs/ballast-1.%a.log',
      '#SBATCH --open-mode=append',
      '#SBATCH --requeue',
      '#SBATCH --signal=B:TERM@120',
      '#SBATCH --partition=gpu',
      '#SBATCH --time=02:00:00',
      '#SBATCH --ntasks=1',
      '#SBATCH --gpus-per-task=1',
      '#SBATCH --account=lab',
      '#SBATCH "--comment=two words"',
      `exec '/usr/bin/node' 'main.js' 'worker' '--queue' '/home/o'\\''neil/a study' '--until-idle' '--seconds' '7080' '--allow-commands'`,
      '',
    ]);
  });

  it('takes no option that would begin a line of its own', () => {
    for (const sbatch of ['--x\nrm -rf /', 'script.sh', '', '--x\0'])
      expect(slurmOptionsSchema.safeParse({ kind: 'slurm', sbatch: [sbatch] }).success).toBe(false);
  });

  it('reads and writes times as Slurm does', () => {
    const times = { '90': 5400, '1:30': 90, '2:00:00': 7200, '1-2': 93_600, '1-2:3': 93_780, '1-2:3:4': 93_784 };
    for (const [text, seconds] of Object.entries(times)) expect([text, slurmSeconds(text)]).toEqual([text, seconds]);
    for (const text of ['', 'long', '0:10', '1:2:3:4', '-5'])
      expect(() => slurmSeconds(text)).toThrow(/expected a time/);
    expect([60, 7384, 93_784].map(slurmTime)).toEqual(['00:01:00', '02:03:04', '1-02:03:04']);
  });
});

describe('a scheduler that lies', () => {
  let store: StudyStore;
  let fakes: string;
  let now: number;
  let notes: string[];
  const path = process.env.PATH;
  beforeEach(async () => {
    store = await StudyStore.open(mkdtempSync(join(tmpdir(), 'ballast-')));
    fakes = join(store.folder, 'fakes');
    mkdirSync(fakes);
    writeFakes(fakes);
    process.env.PATH = `${fakes}${delimiter}${path}`;
    now = 1e6;
    notes = [];
    waitFor(
      store,
      Array.from({ length: 10 }, (_, i) => `t${i}`),
    );
  });
  afterEach(() => {
    process.env.PATH = path;
    store.close();
    rmSync(store.folder, { recursive: true, force: true });
  });
  const mood = (text: string) => writeFileSync(join(fakes, 'mood'), text);
  const calls = (program: string) =>
    readFileSync(join(fakes, 'calls'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`${program} `));
  const jobs = () => readFileSync(join(fakes, 'jobs'), 'utf8').split('\n').filter(Boolean);
  function coordinator(patience = 10_000) {
    const queue = new SlurmQueue(store.folder, {
      slurm: slurmOptionsSchema.parse({ kind: 'slurm' }),
      program: ['ballast'],
      commands: true,
      scheduler: new Scheduler({ now: () => now, patience }),
      now: () => now,
      lease: 600_000,
      onNote: (note) => notes.push(note),
    });
    const one = new Coordinator({ store, queue, now: () => now, onNote: (note) => notes.push(note) });
    return {
      queue,
      async round() {
        await queue.serve(await one.round());
      },
    };
  }
  const worker = (task: number, restarts = 0, job = 1) =>
    new FolderSource(
      store.folder,
      workerNamed(`w${job}.${task}.${restarts}`, { job: `slurm ${job} ${task} ${restarts}` }),
    );

  it('gets one array of as many tasks as it takes, and is asked at most every half minute, however often others ask', async () => {
    const study = coordinator();
    for (let i = 0; i < 50; i++) {
      await study.round();
      now += 1000;
    }
    expect(jobs()).toHaveLength(1);
    expect(calls('squeue').length).toBeLessThanOrEqual(2);
    expect(calls('scontrol')).toHaveLength(1);
    // MaxArraySize counts from 0.
    const script = readdirSync(join(store.folder, 'queue', 'slurm')).find((name) => name.endsWith('.sh'))!;
    expect(readFileSync(join(store.folder, 'queue', 'slurm', script), 'utf8')).toContain('--array=0-4\n');
  });

  it('is not asked twice for what it did without saying so: an answer that was lost, or that never came', async () => {
    for (const way of ['sbatch lost', 'sbatch hangs']) {
      mood(way);
      const study = coordinator(way === 'sbatch hangs' ? 300 : 10_000);
      await study.round();
      mood('squeue fails');
      for (let i = 0; i < 10; i++) {
        now += 31_000;
        await study.round();
      }
      mood('');
      for (let i = 0; i < 3; i++) {
        now += 31_000;
        await study.round();
      }
      // Nor by a coordinator that comes after.
      const next = coordinator();
      for (let i = 0; i < 3; i++) {
        now += 31_000;
        await next.round();
      }
      expect(jobs(), way).toHaveLength(1);
      const name = jobs()[0]!.split(' ')[1]!;
      expect(new Set(jobs().map((line) => line.split(' ')[1])).has(name)).toBe(true);
      // For the other way, as if nothing had been.
      rmSync(join(store.folder, 'queue'), { recursive: true });
      writeFileSync(join(fakes, 'jobs'), '');
    }
  });

  it('that refuses is asked some times and then believed, with its own words', async () => {
    mood('sbatch refuses');
    const study = coordinator();
    const rounds = async () => {
      for (let i = 0; i < 20; i++) {
        await study.round();
        now += 31_000;
      }
    };
    await expect(rounds()).rejects.toThrow(/sbatch: .*invalid partition specified: nowhere/);
    expect(calls('sbatch')).toHaveLength(3);
  });

  it('gets another array when one has ended and trials still wait, and no third one when arrays end without taking any', async () => {
    const study = coordinator();
    await study.round();
    const trial = (await worker(0).claim())!;
    trial.end({ status: 'complete', step: 10 });
    writeFileSync(join(fakes, 'over-1'), '');
    now += 31_000;
    await study.round();
    expect(jobs()).toHaveLength(2);
    for (const n of [2, 3]) {
      writeFileSync(join(fakes, `over-${n}`), '');
      now += 31_000;
      await study.round();
      now += 31_000;
    }
    expect(jobs()).toHaveLength(4);
    writeFileSync(join(fakes, 'over-4'), '');
    await expect(study.round()).rejects.toThrow(/3 job arrays in a row ended without taking a trial; see .*\.0\.log/);
  });

  it('tells that a task is gone, and is believed only in what it said afterwards', async () => {
    const study = coordinator();
    await study.round();
    const [one, two] = [(await worker(0).claim())!, (await worker(1).claim())!];
    for (const trial of [one, two]) {
      trial.begin(0);
      trial.measure(rowAt(2));
    }
    writeFileSync(join(fakes, 'started'), '');
    writeFileSync(join(fakes, 'running'), '0\n1\n');
    await study.round();
    now += 31_000;
    await study.round();
    expect(store.trials().filter((t) => t.status === 'running')).toHaveLength(2);
    // It fails for minutes: nothing follows from that.
    mood('squeue fails');
    for (let i = 0; i < 5; i++) {
      now += 31_000;
      await study.round();
    }
    expect(store.trials().filter((t) => t.status === 'running')).toHaveLength(2);
    mood('');
    writeFileSync(join(fakes, 'running'), '1\n');
    now += 31_000;
    await study.round();
    expect(store.trial(one.id)!.status).toBe('queued');
    expect(store.trial(two.id)!.status).toBe('running');
    expect(() => one.renew(3)).toThrow(/no longer owns it/);
    expect(two.renew(3)).toBe(undefined);
  });

  it('that starts a task again under the same ids is understood: what it had before is given out', async () => {
    const study = coordinator();
    await study.round();
    writeFileSync(join(fakes, 'started'), '');
    writeFileSync(join(fakes, 'running'), '0\n');
    const before = (await worker(0).claim())!;
    before.begin(0);
    before.measure(rowAt(2));
    await study.round();
    const after = (await worker(0, 1).claim())!;
    await study.round();
    expect(store.trial(before.id)!.status).toBe('queued');
    expect(store.trial(after.id)!.status).toBe('running');
    const taken = [];
    for (let t = await worker(0, 1).claim(); t; t = await worker(0, 1).claim()) taken.push(t);
    const again = taken.find((t) => t.id === before.id)!;
    expect([again.attempt, again.known()]).toEqual([2, [rowAt(2)]]);
  });

  it('is not where it should be: said in a line', async () => {
    for (const name of ['sbatch', 'scontrol']) rmSync(join(fakes, name));
    process.env.PATH = fakes;
    await expect(coordinator().round()).rejects.toThrow(/sbatch is not on PATH/);
    expect(existsSync(join(store.folder, 'study.sqlite'))).toBe(true);
  });
});
