import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcome, smallStudy, writeStudy } from '../support/batch-study.ts';
import { type BucketServer, keys, startBucket, withKeys } from '../support/queue/bucket.ts';
import { type Started, started, tinyStudy, until } from '../support/queue/handed-out.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/queue/redis.ts';

/** One trial of half a minute, saved at every tenth step. */
const longStudy = smallStudy
  .replace('batchSizes: [8, 16]', 'batchSizes: [8]')
  .replace('strategies: [BLR, SRSR]', 'strategies: [BLR]')
  .replace('seeds: [0, 1]', 'seeds: [0]')
  .replace('steps: 24', 'steps: 600')
  .replace('every: 4st', 'every: 20st')
  .replace('checkpointEvery: 2st', 'checkpointEvery: 10st')
  .replace('value: 0.1 ', 'value: 0.000001 ');

describe.skipIf(!hasRedis())('a study on workers over Redis, with a bucket', () => {
  let folder: string;
  let redis: RedisServer;
  let bucket: BucketServer;
  const all: Started[] = [];
  let env: NodeJS.ProcessEnv;
  let takeBack: () => void;
  beforeAll(async () => {
    takeBack = withKeys();
    env = { ...process.env };
    folder = mkdtempSync(join(tmpdir(), 'ballast-'));
    [redis, bucket] = await Promise.all([startRedis(), startBucket()]);
  });
  const endAll = () => {
    for (const { child } of all) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  };
  afterAll(async () => {
    endAll();
    takeBack();
    await redis?.stop();
    await bucket?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const begun = (args: readonly string[], own: NodeJS.ProcessEnv = env) => {
    const one = started(args, own);
    all.push(one);
    return one;
  };
  const way = (namespace: string) => [
    ...['--queue', redis.url, '--namespace', namespace],
    ...['--bucket', bucket.url, '--s3-endpoint', bucket.endpoint],
  ];
  const handedOut = (file: string, out: string, namespace: string, own = env) =>
    begun(['batch', 'run', file, '--out', out, ...way(namespace)], own);
  const worker = (namespace: string, name: string, own = env) =>
    begun(['worker', ...way(namespace), '--threads', '1', '--scratch', join(folder, 'scratch', namespace, name)], own);
  const local = async (file: string, out: string) => {
    const { code, stderr } = await started(['batch', 'run', file, '--out', out, '--threads', '1']).ended;
    expect([code, stderr]).toEqual([0, expect.any(String)]);
  };
  const ended = async ({ child, ended: end }: Started) => {
    child.kill('SIGTERM');
    expect((await end).code).toBe(0);
  };
  const filesIn = (path: string) =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const expectSameModels = (here: string, there: string) => {
    for (const trial of readdirSync(join(here, 'trials')))
      expect(readFileSync(join(there, 'trials', trial, 'model.safetensors'))).toEqual(
        readFileSync(join(here, 'trials', trial, 'model.safetensors')),
      );
  };

  it('comes to what it comes to here, with the files in its folder and nothing left in the bucket', async () => {
    const file = writeStudy(folder, tinyStudy);
    const [here, there] = [join(folder, 'here'), join(folder, 'there')];
    const workers = [worker('same', 'a'), worker('same', 'b')];
    await local(file, here);
    const run = await handedOut(file, there, 'same').ended;
    expect([run.code, run.stdout]).toEqual([0, 'tiny: 4 complete\n']);
    expect(await outcome(there)).toEqual(await outcome(here));
    expectSameModels(here, there);
    for (const one of workers) await ended(one);
    const way = await bucket.open();
    expect(await way.list('')).toEqual([]);
    way.close();
  });

  it('goes on from the checkpoint of a worker that was killed, and loses nothing while the bucket is away', async () => {
    const own = mkdtempSync(join(folder, 'killed-'));
    const file = writeStudy(own, longStudy);
    const [here, there] = [join(own, 'here'), join(own, 'there')];
    await local(file, here);
    const run = handedOut(file, there, 'killed');
    const first = worker('killed', 'first');
    const way = await bucket.open();
    await until(
      async () => (await way.list('')).some((key) => key.endsWith('/1/checkpoint.json')),
      'its first checkpoint is in the bucket',
    );
    first.child.kill('SIGKILL');
    await first.ended;
    // Somebody else, with a folder of its own.
    const second = worker('killed', 'second');
    await until(() => /attempt 2 from step \d+/.test(second.said()), 'somebody else goes on');
    await bucket.kill();
    await new Promise((resolve) => setTimeout(resolve, 8000));
    await bucket.start();
    const { code, stdout } = await run.ended;
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^small: 1 complete/)]);
    const step = Number(/attempt 2 from step (\d+)/.exec(second.said())![1]);
    expect(step).toBeGreaterThan(0);
    expect(step % 10).toBe(0);
    expect(await outcome(there)).toEqual(await outcome(here));
    expectSameModels(here, there);
    await ended(second);
    expect(await way.list('')).toEqual([]);
    way.close();
  });

  it('says in a line what is wrong with the keys, the bucket, or that a library is missing', async () => {
    const wrong = { ...env, AWS_SECRET_ACCESS_KEY: 'wrong' };
    const file = writeStudy(folder, tinyStudy);
    const place = `${bucket.url} at ${bucket.endpoint}`;
    const line = `ballast: ${place}: the secret key is not the right one; AWS_SECRET_ACCESS_KEY has it, or a profile\n`;
    const out = join(folder, 'never');
    const [coordinator, one] = await Promise.all([
      handedOut(file, out, 'wrong', wrong).ended,
      worker('wrong', 'w', wrong).ended,
    ]);
    expect([one.code, one.stderr]).toEqual([2, line]);
    expect([coordinator.code, coordinator.stderr.split('\n').at(-2)]).toEqual([2, line.trimEnd()]);
    expect(existsSync(join(out, 'queue', 'handed-out.json'))).toBe(false);
    // As where it was not installed.
    const hooks = join(folder, 'missing.mjs');
    writeFileSync(
      hooks,
      `export async function resolve(name, context, next) {
        if (name === '@aws-sdk/client-s3') throw Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' });
        return next(name, context);
      }`,
    );
    const register = join(folder, 'register.mjs');
    writeFileSync(register, `import { register } from 'node:module'; register(${JSON.stringify(`file://${hooks}`)});`);
    const missing = await worker('wrong', 'w', { ...env, NODE_OPTIONS: `--import=${register}` }).ended;
    expect([missing.code, missing.stderr]).toEqual([
      2,
      'ballast: a bucket needs a library that is not installed with Ballast: npm install @aws-sdk/client-s3\n',
    ]);
  });

  it('has shown and kept the keys nowhere', async () => {
    endAll();
    const texts = await Promise.all(all.map(async ({ ended: end }) => Object.values(await end).join('\n')));
    for (const path of [...filesIn(folder), ...filesIn(redis.folder)])
      if (statSync(path).size < 64 << 20) texts.push(readFileSync(path, 'latin1'));
    expect(texts.length).toBeGreaterThan(20);
    for (const text of texts) for (const key of Object.values(keys)) expect(text.includes(key)).toBe(false);
  });
});
