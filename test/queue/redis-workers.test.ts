import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcome, writeStudy } from '../support/batch-study.ts';
import { started, tinyStudy, until } from '../support/queue/handed-out.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/queue/redis.ts';

/** A program that logs a curve of its own: two trials. */
const commandStudy = (script: string) => `name: commands
workloads:
  - name: c
    command: [node, ${JSON.stringify(script)}, "\${batch}", "\${lr}", "\${steps}"]
    examples: 100
    targets:
      - { quantity: trainLoss, value: 0.01 }
batchSizes: [8, 16]
strategies: [BLR]
learningRates: [0.1]
baseBatch: 8
budget: { steps: 20 }
`;

const program = `const [batch, lr, steps] = process.argv.slice(2).map(Number);
for (let step = 1; step <= steps; step++) console.log(JSON.stringify({ step, loss: 1 / (1 + lr * batch * step) }));
`;

describe.skipIf(!hasRedis())('a study on workers over a real Redis', () => {
  let folder: string;
  let server: RedisServer;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-'));
    server = await startRedis({ password: 'secret' });
    env = { ...process.env, BALLAST_REDIS_PASSWORD: 'secret' };
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const local = async (file: string, out: string) =>
    (await started(['batch', 'run', file, '--out', out, '--threads', '1']).ended).stdout;
  const handedOut = (file: string, out: string, namespace: string) =>
    started(['batch', 'run', file, '--out', out, '--queue', server.url, '--namespace', namespace], env);
  const worker = (namespace: string, ...more: string[]) =>
    started(
      [
        ...['worker', '--queue', server.url, '--namespace', namespace, '--threads', '1'],
        ...['--scratch', join(folder, 'scratch', namespace), ...more],
      ],
      env,
    );

  it('comes to what it comes to here, trial by trial, with two workers that share no folder with it', async () => {
    const file = writeStudy(folder, tinyStudy);
    const [here, there] = [join(folder, 'here'), join(folder, 'there')];
    const workers = [worker('two'), worker('two')];
    const [alone, run] = await Promise.all([local(file, here), handedOut(file, there, 'two').ended]);
    expect([alone, run.code, run.stdout]).toEqual(['tiny: 4 complete\n', 0, 'tiny: 4 complete\n']);
    expect(await outcome(there)).toEqual(await outcome(here));
    // Their networks came back to it.
    for (const trial of readdirSync(join(here, 'trials')))
      expect(readFileSync(join(there, 'trials', trial, 'model.safetensors'))).toEqual(
        readFileSync(join(here, 'trials', trial, 'model.safetensors')),
      );
    for (const { child, ended } of workers) {
      child.kill('SIGTERM');
      expect((await ended).code).toBe(0);
    }
  });

  it('runs commands only where a worker was told that it may, in a folder that both share', async () => {
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    const script = join(shared, 'train.mjs');
    writeFileSync(script, program);
    const file = writeStudy(shared, commandStudy(script));
    const [here, there] = [join(shared, 'here'), join(shared, 'there')];
    expect(await local(file, here)).toMatch(/2 (complete|stopped)/);
    const obedient = worker('commands', '--shared', shared, '--until-idle');
    const run = handedOut(file, there, 'commands');
    await until(() => obedient.child.exitCode !== null, 'the worker has found nothing that it may do');
    expect((await obedient.ended).stderr).toMatch(/0 trials taken/);
    const bold = worker('commands', '--shared', shared, '--allow-commands');
    const { code, stdout } = await run.ended;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/2 (complete|stopped)/)]);
    expect(await outcome(there)).toEqual(await outcome(here));
    bold.child.kill('SIGTERM');
    expect((await bold.ended).code).toBe(0);
  });

  it('says in a line what is wrong with the password, and leaves with an error', async () => {
    const wrong = { ...env, BALLAST_REDIS_PASSWORD: 'wrong' };
    const { code, stderr } = await started(['worker', '--queue', server.url], wrong).ended;
    expect([code, stderr]).toEqual([
      2,
      `ballast: ${server.url}: the password is not the right one; BALLAST_REDIS_PASSWORD has it, or the address behind a colon\n`,
    ]);
  });
});
