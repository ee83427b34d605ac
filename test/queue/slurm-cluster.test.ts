import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcome, writeStudy } from '../support/batch-study.ts';
import { started, tinyStudy, until } from '../support/queue/handed-out.ts';
import { type Cluster, hasSlurm, startCluster } from '../support/queue/slurm.ts';

/** Long enough to be interrupted on any machine, and saved at every tenth step. */
const longStudy = tinyStudy
  .replace('steps: 12', 'steps: 4000')
  .replace('every: 4st', 'every: 1000st')
  .replace('batchSizes: [8, 16]', 'batchSizes: [8]')
  .replace('learningRates: [0.01, 0.02]', 'learningRates: [0.0005]')
  .concat('checkpointEvery: 10st\n');

describe.skipIf(!hasSlurm())('a study on a real Slurm with two nodes', () => {
  let folder: string;
  let cluster: Cluster;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-'));
    cluster = await startCluster();
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  // A task has a whole node: so both have some.
  const onSlurm = (file: string, out: string, ...more: string[]) =>
    started(
      [
        ...['batch', 'run', file, '--out', out, '--queue', 'slurm', '--time', '10:00'],
        ...['--sbatch=--exclusive', '--array-limit', '2', ...more],
      ],
      cluster.env,
    );
  const logs = (out: string) =>
    readdirSync(join(out, 'queue', 'slurm'))
      .filter((name) => name.endsWith('.log'))
      .map((name) => readFileSync(join(out, 'queue', 'slurm', name), 'utf8'));

  it('comes to what it comes to here, trial by trial, on both nodes', async () => {
    const file = writeStudy(folder, tinyStudy);
    const [here, there] = [join(folder, 'here'), join(folder, 'there')];
    const local = await started(['batch', 'run', file, '--out', here, '--threads', '1']).ended;
    expect([local.code, local.stdout]).toEqual([0, 'tiny: 4 complete\n']);
    const run = await onSlurm(file, there).ended;
    expect([run.code, run.stdout]).toEqual([0, 'tiny: 4 complete\n']);
    expect(run.stderr).toMatch(/submitted job \d+: 4 tasks, 2 at a time/);
    expect(await outcome(there)).toEqual(await outcome(here));
    expect(logs(there).filter((text) => text.includes('complete')).length).toBeGreaterThan(0);
    // Nothing is left over, and the study can be computed here again.
    const again = await started(['batch', 'run', file, '--out', there, '--threads', '1']).ended;
    expect([again.code, again.stdout]).toEqual([0, 'tiny: 4 complete\n']);
  });

  it('goes on by itself after its coordinator was killed and its task was requeued, from the checkpoint', async () => {
    const file = join(folder, 'long');
    const out = join(folder, 'requeued');
    const path = writeStudy(mkdtempSync(`${file}-`), longStudy);
    const first = onSlurm(path, out);
    const began = () => logs(out).join('\n');
    await until(() => /submitted job/.test(first.said()), 'the job is submitted');
    const job = /submitted job (\d+)/.exec(first.said())![1]!;
    await until(() => /attempt 1 from step 0/.test(began()), 'the trial has begun');
    first.child.kill('SIGKILL');
    await first.ended;
    // A local run does not mix with it.
    const refused = await started(['batch', 'run', path, '--out', out]).ended;
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/is handed out \(slurm\): .*ballast queue cancel/),
    ]);
    const steps = () => {
      const folders = readdirSync(join(out, 'trials'));
      const saved = join(out, 'trials', folders[0]!, 'checkpoint');
      try {
        return readdirSync(saved).length;
      } catch {
        return 0;
      }
    };
    await until(() => steps() > 0, 'a checkpoint is there');
    cluster.run('scontrol', 'requeue', `${job}_0`);
    await until(() => /queued|attempt 2/.test(began()), 'it is saved and given back');
    // Slurm holds a requeued task back for two minutes; without it, the next coordinator submits another array.
    cluster.run('scancel', job);
    const second = await onSlurm(path, out).ended;
    expect([second.code, second.stdout]).toEqual([0, 'tiny: 1 complete\n']);
    expect(began()).toMatch(/attempt 2 from step [1-9]\d*/);
  });
});
