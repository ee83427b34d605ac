import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AttemptUpload, type AttemptUploadOptions, type UploadTimes } from '../../src/queue/bucket/attempt-upload.ts';
import { fileKey, listKey } from '../../src/queue/bucket/manifest.ts';
import {
  type Bucket,
  Coordinator,
  connect,
  openBucket,
  RedisQueue,
  RedisSource,
  StudyBucket,
  WorkerBucket,
} from '../../src/queue/index.ts';
import { KeptCurve } from '../../src/queue/process/kept-curve.ts';
import type { QueuePayload } from '../../src/schema/index.ts';
import { StudyStore } from '../../src/store/index.ts';
import { type BucketServer, keys, startBucket, withKeys } from '../support/queue/bucket.ts';
import { until } from '../support/queue/handed-out.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/queue/redis.ts';
import { commandSpec, rowAt, trialOf, waitFor, workerNamed } from '../support/queue/stored-trials.ts';

const study = 'abcdef012345';
const trial = trialOf('a');
const quick: UploadTimes = {
  ...{ pause: 50, looking: 10, backOff: [20, 100] },
  patience: { result: 20_000, checkpoint: 20_000 },
};
let takeBack: () => void;
let server: BucketServer;
let bucket: Bucket;
let own: StudyBucket;
let folder: string;
beforeAll(async () => {
  takeBack = withKeys();
  server = await startBucket();
  bucket = await server.open();
  own = new StudyBucket(bucket, study);
});
afterAll(async () => {
  bucket?.close();
  await server?.stop();
  takeBack();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-'));
});
afterEach(async () => {
  await own.clear();
  rmSync(folder, { recursive: true, force: true });
});

const hashOf = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const first = { trial, attempt: 1 };
const uploadOf = (from: string, more: Partial<AttemptUploadOptions> = {}) =>
  new AttemptUpload({ bucket: own, fence: first, folder: from, newest: async () => undefined, times: quick, ...more });
/** Puts files by hand, as anybody could who can write to the bucket. */
const putResult = async (
  files: readonly { path: readonly string[]; data: string; sha256?: string; bytes?: number }[],
) => {
  const listed = files.map(({ path, data, sha256 = hashOf(data), bytes = data.length }) => ({ path, bytes, sha256 }));
  for (const [i, { data }] of files.entries())
    await bucket.put(fileKey(study, first, listed[i]!.sha256), Buffer.from(data));
  const manifest = { kind: 'files of a trial', study, ...first, files: listed };
  await bucket.put(listKey(study, first, 'result'), Buffer.from(JSON.stringify(manifest)));
};
const namesIn = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();

describe('files of a trial in a bucket', () => {
  it('come back as they were, large ones in pieces; links, half-written files and what is of the machine stay', async () => {
    const from = join(folder, 'from');
    mkdirSync(join(from, 'checkpoint'), { recursive: true });
    const large = randomBytes((20 << 20) + 5);
    writeFileSync(join(from, 'checkpoint', 'step.bin'), large);
    writeFileSync(join(from, 'empty'), '');
    writeFileSync(join(from, 'log ü.txt'), 'text');
    writeFileSync(join(from, '.model.bin.0123456789ab.tmp'), 'half');
    writeFileSync(join(from, 'process.json'), '{"pid":1}');
    symlinkSync('/etc/passwd', join(from, 'link'));
    new KeptCurve(from).begin([rowAt(2)]);
    expect(await uploadOf(from).finish('result')).toBe(undefined);
    const to = join(folder, 'to');
    expect(await own.takeResult(first, to)).toBe(true);
    expect(namesIn(to)).toEqual(['checkpoint/step.bin', 'empty', 'log ü.txt']);
    expect(readFileSync(join(to, 'checkpoint', 'step.bin')).equals(large)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['from', 'to']);
    // With a checkpoint goes the curve that belongs to it.
    expect(await uploadOf(from).finish('checkpoint')).toBe(undefined);
    const manifest = (await own.manifest(first, 'checkpoint'))!;
    expect(manifest.files.map((f) => f.path.join('/')).sort()).toEqual([
      ...['checkpoint/step.bin', 'empty', 'log ü.txt', 'queue/curve.jsonl'],
    ]);
    await own.bring(manifest, join(folder, 'next'));
    expect(new KeptCurve(join(folder, 'next')).with([])).toEqual([rowAt(2)]);
  });

  it('go there while the trial runs, when there is a newer checkpoint; what no list names any more is removed', async () => {
    let newest: string | undefined;
    const upload = uploadOf(folder, { newest: async () => newest });
    const listed = async () =>
      (await own.manifest(first, 'checkpoint').catch(() => undefined))?.files.map((f) => f.path.join('/')).sort();
    writeFileSync(join(folder, 'log'), 'a');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await listed()).toBe(undefined);
    writeFileSync(join(folder, 'one'), '1');
    newest = 'one';
    await until(async () => (await listed())?.includes('one') === true, 'the first checkpoint is there');
    appendFileSync(join(folder, 'log'), 'b');
    rmSync(join(folder, 'one'));
    writeFileSync(join(folder, 'two'), '2');
    newest = 'two';
    await until(async () => (await listed())?.includes('two') === true, 'the second checkpoint is there');
    expect(await listed()).toEqual(['log', 'two']);
    rmSync(join(folder, 'two'));
    writeFileSync(join(folder, 'model'), '3');
    expect(await upload.finish('result')).toBe(undefined);
    // The checkpoint stays until the coordinator knows of the end: the worker may die before it says so.
    expect(await listed()).toEqual(['log', 'two']);
    const contents = ['ab', '2', '3'].map((text) => fileKey(study, first, hashOf(text)));
    const lists = (['checkpoint', 'result'] as const).map((list) => listKey(study, first, list));
    expect((await bucket.list('')).sort()).toEqual([...contents, ...lists].sort());
  });

  it('wait while the bucket is away, and what was there before counts until all of the new is', async () => {
    const notes: string[] = [];
    writeFileSync(join(folder, 'a'), 'first');
    expect(await uploadOf(folder).finish('checkpoint')).toBe(undefined);
    writeFileSync(join(folder, 'a'), 'second');
    await server.kill();
    const upload = uploadOf(folder, { onNote: (note) => notes.push(note) });
    const finished = upload.finish('checkpoint');
    await until(() => notes.length > 0, 'it is noted that the bucket is away');
    await server.start();
    expect(await finished).toBe(undefined);
    expect(notes).toEqual([
      expect.stringMatching(
        /^trial \w{8}: s3:\/\/lab\/studies\/mine: it does not answer \(ECONN\w+\); its files wait here$/,
      ),
      expect.stringMatching(/go to the bucket again$/),
    ]);
    const list = await bucket.get(listKey(study, first, 'checkpoint'), 1e6);
    expect(Buffer.from(list!).toString()).toContain(hashOf('second'));
    // One that is cut between its files and their list.
    writeFileSync(join(folder, 'a'), 'third');
    const cut = uploadOf(folder, {
      bucket: new StudyBucket(
        {
          ...bucket,
          put: (key, ...rest) => (key.endsWith('.json') ? new Promise(() => {}) : bucket.put(key, ...rest)),
        },
        study,
      ),
    });
    void cut.finish('checkpoint');
    await until(
      async () => (await bucket.list('')).includes(fileKey(study, first, hashOf('third'))),
      'its file is there',
    );
    const manifest = (await own.manifest(first, 'checkpoint'))!;
    await own.bring(manifest, join(folder, 'to'));
    expect(readFileSync(join(folder, 'to', 'a'), 'utf8')).toBe('second');
  });

  it('are given up where the bucket does not come back in time, with the reason', async () => {
    writeFileSync(join(folder, 'a'), 'x');
    await server.kill();
    try {
      const upload = uploadOf(folder, { times: { ...quick, patience: { result: 300, checkpoint: 300 } } });
      expect(await upload.finish('result')).toMatch(/it does not answer/);
    } finally {
      await server.start();
    }
  });

  it('are refused, all of them, where one is damaged, is not there, or would lie elsewhere', async () => {
    const to = join(folder, 'to');
    const good = { path: ['good'], data: 'good' };
    const refused = async (why: RegExp) => {
      await expect(own.takeResult(first, to)).rejects.toThrow(why);
      expect(existsSync(join(to, 'good'))).toBe(false);
      expect(readdirSync(folder).filter((name) => name !== 'to')).toEqual([]);
    };
    await putResult([good, { path: ['a'], data: 'text', sha256: hashOf('txet') }]);
    await refused(/"a" is not as it was uploaded/);
    await putResult([good, { path: ['a'], data: 'text', bytes: 3 }]);
    await refused(/"a" is not as it was uploaded/);
    await putResult([good, { path: ['..', '..', 'a'], data: 'text' }]);
    await refused(/more than dots/);
    await putResult([good, { path: ['a/../../b'], data: 'text' }]);
    await refused(/without slashes/);
    await putResult([good, { path: ['queue', 'curve.jsonl'], data: 'text' }]);
    await refused(/no file of a trial/);
    await putResult([good, { path: ['process.json'], data: '{}' }]);
    await refused(/no file of a trial/);
    await putResult([good, { path: ['good', 'a'], data: 'text' }]);
    await refused(/lies in what is a file as well/);
    await putResult([good, good]);
    await refused(/listed twice/);
    await putResult([good, { path: ['a'], data: 'gone' }]);
    await bucket.remove([fileKey(study, first, hashOf('gone'))]);
    await refused(/"a" is not in the bucket/);
    for (const [text, why] of [
      ['{', /no JSON/],
      ['{"kind":"files of a trial"}', /their list: /],
      [JSON.stringify({ kind: 'files of a trial', study, trial, attempt: 2, files: [] }), /that of another attempt/],
    ] as const) {
      await bucket.put(listKey(study, first, 'result'), Buffer.from(text));
      await refused(why);
    }
  });

  it('go on where a line breaks off in the middle of one', async () => {
    const data = 'x'.repeat(1000);
    await putResult([{ path: ['a'], data }]);
    let reads = 0;
    const torn = new StudyBucket(
      {
        ...bucket,
        read: async (key, offset, signal) => {
          const body = (await bucket.read(key, offset, signal))!;
          reads++;
          return key.includes('/files/') && reads < 4
            ? (async function* () {
                for await (const chunk of body) {
                  yield chunk.subarray(0, 300);
                  return;
                }
              })()
            : body;
        },
      },
      study,
    );
    expect(await torn.takeResult(first, join(folder, 'to'))).toBe(true);
    expect(readFileSync(join(folder, 'to', 'a'), 'utf8')).toBe(data);
    expect(reads).toBeGreaterThan(2);
  });
});

describe('a worker with a bucket', () => {
  const notes: string[] = [];
  const payload = (more: Partial<QueuePayload> = {}) =>
    ({ study, bucket: server.url, offer: { study: 's' }, ...more }) as QueuePayload;
  const workerOf = () => new WorkerBucket({ bucket, onNote: (note) => notes.push(note), times: quick });
  beforeEach(() => {
    notes.length = 0;
  });

  it('uses it for studies that name the same one, and whose coordinator has marked it', async () => {
    expect(await workerOf().of(payload({ bucket: undefined }))).toBe(undefined);
    expect(notes).toEqual([]);
    expect(await workerOf().of(payload({ bucket: 's3://lab/others' }))).toBe(undefined);
    expect(notes.at(-1)).toMatch(/the study "s" has another bucket \(s3:\/\/lab\/others\) than this worker/);
    expect(await workerOf().of(payload())).toBe(undefined);
    expect(notes.at(-1)).toMatch(/is not the bucket of the study "s", only called so: its files go back through Redis/);
    await own.mark();
    expect((await workerOf().of(payload()))?.study).toBe(study);
    expect(notes.length).toBe(2);
  });

  it('goes on from the newest checkpoint that is whole, unless its own is newer', async () => {
    const worker = workerOf();
    const attempt = async (number: number, text: string) => {
      const from = mkdtempSync(join(folder, 'from-'));
      writeFileSync(join(from, 'state'), text);
      const upload = uploadOf(from, { fence: { trial, attempt: number } });
      expect(await upload.finish('checkpoint')).toBe(undefined);
    };
    const at = join(folder, 'here');
    const state = () => readFileSync(join(at, 'state'), 'utf8');
    const prepare = (number: number, where = at) => worker.prepare(own, { trial, attempt: number }, where);
    expect(await prepare(1)).toBe(false);
    writeFileSync(join(at, 'state'), 'mine of 1');
    await attempt(1, 'theirs of 1');
    expect([await prepare(2), state()]).toEqual([false, 'mine of 1']);
    await attempt(3, 'of 3');
    await attempt(4, 'of 4');
    // What this worker had of the second attempt is gone: it was of another past.
    writeFileSync(join(at, 'more'), '');
    expect([await prepare(5), state(), existsSync(join(at, 'more'))]).toEqual([true, 'of 4', false]);
    await bucket.put(fileKey(study, { trial, attempt: 4 }, hashOf('of 4')), Buffer.from('of X'));
    const other = join(folder, 'other');
    expect(await prepare(6, other)).toBe(true);
    expect(readFileSync(join(other, 'state'), 'utf8')).toBe('of 3');
    expect(notes).toEqual([
      expect.stringMatching(/what attempt 4 has left in the bucket is refused: "state" is not as it was uploaded/),
    ]);
    // An attempt never takes what a later one has left.
    expect(await prepare(2, join(folder, 'third'))).toBe(true);
    expect(readFileSync(join(folder, 'third', 'state'), 'utf8')).toBe('theirs of 1');
    expect(readdirSync(folder).filter((name) => name.endsWith('.incoming'))).toEqual([]);
  });

  it('waits for a bucket that is away before it goes on from a checkpoint', async () => {
    const upload = uploadOf(folder);
    writeFileSync(join(folder, 'state'), 'x');
    expect(await upload.finish('checkpoint')).toBe(undefined);
    await server.kill();
    const prepared = workerOf().prepare(own, { trial, attempt: 2 }, join(folder, 'here'));
    await until(() => notes.length > 0, 'it is noted');
    await server.start();
    expect(await prepared).toBe(true);
    expect(notes).toEqual([expect.stringMatching(/it does not answer \(ECONN\w+\); it waits for its checkpoint/)]);
  });

  it('looks for checkpoints of a program where its study says they are, when they are written', async () => {
    const spec = JSON.parse(commandSpec()) as { command: { resume: unknown; checkpoints: string } };
    spec.command.resume = ['--resume', '${checkpoint}'];
    const upload = await workerOf().follow(own, { fence: first, folder, spec: JSON.stringify(spec), isThere: false });
    mkdirSync(join(folder, 'run'));
    writeFileSync(join(folder, 'run', 'last.pt'), 'weights');
    await until(async () => (await own.manifest(first, 'checkpoint')) !== undefined, 'it is there');
    expect(await upload.finish('checkpoint')).toBe(undefined);
  });
});

describe.skipIf(!hasRedis())('a study on Redis with a bucket', () => {
  let redisServer: RedisServer;
  let store: StudyStore;
  const namespace = 'bucket';
  const notes: string[] = [];
  const sources: RedisSource[] = [];
  let queue: RedisQueue;
  let coordinator: Coordinator;
  let namespaceNow = '';
  let studies = 0;
  beforeAll(async () => {
    redisServer = await startRedis();
  });
  afterAll(async () => {
    await redisServer?.stop();
  });
  const connected = () => connect({ url: redisServer.url, namespace: namespaceNow });
  beforeEach(async () => {
    notes.length = 0;
    namespaceNow = `${namespace}${++studies}`;
    store = await StudyStore.open(join(folder, 'study'));
    waitFor(store, ['a']);
    queue = new RedisQueue({
      ...{ redis: await connected(), namespace: namespaceNow, study, dataOf: () => null },
      folderOf: (id) => join(store.folder, 'trials', id.slice(0, 16)),
      bucket: { url: server.url, open: async () => new StudyBucket(await server.open(), study) },
      onNote: (note) => notes.push(note),
    });
    coordinator = new Coordinator({ store, queue, onNote: (note) => notes.push(note) });
    await own.mark();
    await coordinator.round();
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await queue.close();
    store.close();
  });
  const sourceOf = async (name: string, times: UploadTimes | undefined, signal?: AbortSignal) => {
    const source = new RedisSource({
      ...{ redis: await connected(), namespace: namespaceNow, worker: workerNamed(name) },
      place: async ({ offer }) => ({
        ...{ spec: offer.spec, isShared: false },
        folder: join(folder, name, offer.trial.slice(0, 16)),
      }),
      onNote: (note) => notes.push(note),
      ...(times && {
        bucket: new WorkerBucket({ bucket: await server.open(), onNote: (n) => notes.push(n), times, signal }),
      }),
    });
    sources.push(source);
    return source;
  };
  const taken = async (name: string, times: UploadTimes | null = quick) => {
    const source = await sourceOf(name, times ?? undefined);
    const held = (await source.claim())!;
    mkdirSync(held.folder, { recursive: true });
    held.begin(0);
    return held;
  };
  const trialFolder = () => join(store.folder, 'trials', trial.slice(0, 16));

  it('goes on elsewhere from what a worker gave back, and has the files of its end, of which the bucket keeps nothing', async () => {
    const one = await taken('one');
    writeFileSync(join(one.folder, 'state'), 'at 4');
    one.measure(rowAt(4));
    one.end({ status: 'queued', step: 4 });
    await one.settled();
    await coordinator.round();
    // What is given back is nobody's but the next worker's.
    expect(namesIn(trialFolder())).toEqual([]);
    const two = await taken('two');
    expect([two.attempt, two.folder === one.folder]).toEqual([2, false]);
    expect(readFileSync(join(two.folder, 'state'), 'utf8')).toBe('at 4');
    rmSync(join(two.folder, 'state'));
    writeFileSync(join(two.folder, 'model'), 'weights');
    two.end({ status: 'complete', step: 10 });
    await two.settled();
    expect((await bucket.list('')).map((key) => key.split('/').slice(2).join('/')).sort()).toEqual([
      ...['', '1/checkpoint.json', `1/files/${hashOf('at 4')}`, `2/files/${hashOf('weights')}`, '2/result.json'],
    ]);
    await coordinator.round();
    expect(store.trial(trial)!.status).toBe('complete');
    expect(namesIn(trialFolder())).toEqual(['model']);
    await coordinator.round();
    expect(await bucket.list('')).toEqual([`${study}/study.json`]);
    await queue.clear();
    expect(await bucket.list('')).toEqual([]);
    expect(notes).toEqual([]);
  });

  it('hears of the end of a trial when its files are there, however long the bucket is away', async () => {
    const one = await taken('one');
    writeFileSync(join(one.folder, 'model'), 'weights');
    one.end({ status: 'complete', step: 10 });
    await one.settled();
    await server.kill();
    await coordinator.round();
    await coordinator.round();
    expect(store.trial(trial)!.status).toBe('running');
    expect(notes).toEqual([
      expect.stringMatching(/it does not answer \(ECONN\w+\); trials that have ended wait for it/),
    ]);
    await server.start();
    await until(async () => {
      await coordinator.round();
      return store.trial(trial)!.status === 'complete';
    }, 'it is complete');
    expect(namesIn(trialFolder())).toEqual(['model']);
  });

  it('says in the note of a trial that its files stayed on a worker', async () => {
    const one = await taken('one', { ...quick, patience: { result: 200, checkpoint: 200 } });
    writeFileSync(join(one.folder, 'model'), 'weights');
    await server.kill();
    one.end({ status: 'complete', step: 10, note: 'odd' });
    await one.settled();
    await server.start();
    await until(async () => {
      await coordinator.round();
      return store.trial(trial)!.status === 'complete';
    }, 'it is complete');
    expect(store.trial(trial)!.note).toMatch(
      /^odd; its files stayed on the worker .* in .*one.* \(s3:\/\/lab\/studies\/mine: it does not answer \(ECONN\w+\)\)$/,
    );
    expect(namesIn(trialFolder())).toEqual([]);
    expect(readFileSync(join(one.folder, 'model'), 'utf8')).toBe('weights');
  });

  it('is given back by a worker that is told to stop while it waits for a checkpoint', async () => {
    const one = await taken('one');
    one.end({ status: 'queued', step: 4 });
    await one.settled();
    await coordinator.round();
    const stop = new AbortController();
    const source = await sourceOf('two', quick, stop.signal);
    await server.kill();
    const claimed = source.claim();
    await until(() => notes.some((note) => /waits for its checkpoint/.test(note)), 'it waits');
    stop.abort();
    expect(await claimed).toBe(undefined);
    await server.start();
    await coordinator.round();
    expect((await (await sourceOf('three', quick)).claim())!.attempt).toBe(3);
  });

  it('refuses damaged files with a note, and the trial counts', async () => {
    const one = await taken('one');
    writeFileSync(join(one.folder, 'model'), 'weights');
    one.end({ status: 'complete', step: 10 });
    await one.settled();
    await bucket.put(fileKey(study, first, hashOf('weights')), Buffer.from('weightz'));
    await coordinator.round();
    expect(store.trial(trial)!.status).toBe('complete');
    expect(namesIn(trialFolder())).toEqual([]);
    expect(notes).toEqual([
      expect.stringMatching(/^files of trial \w{8} are refused: "model" is not as it was uploaded$/),
    ]);
  });

  it('has files of a worker without the bucket through Redis', async () => {
    const one = await taken('one', null);
    writeFileSync(join(one.folder, 'model'), 'weights');
    one.end({ status: 'complete', step: 10 });
    await one.settled();
    await coordinator.round();
    expect(namesIn(trialFolder())).toEqual(['model']);
    expect(notes).toEqual([
      expect.stringMatching(
        /the study "s" has a bucket \(s3:\/\/lab\/studies\/mine\) and this worker was started without one/,
      ),
    ]);
  });

  it('has nothing of the keys in Redis', async () => {
    const one = await taken('one');
    writeFileSync(join(one.folder, 'model'), 'weights');
    one.end({ status: 'complete', step: 10 });
    await one.settled();
    await coordinator.round();
    const log = join(redisServer.folder, 'appendonlydir');
    const all = readdirSync(log)
      .map((name) => readFileSync(join(log, name), 'latin1'))
      .join('');
    expect(all).toContain('s3://lab/studies/mine');
    for (const secret of Object.values(keys)) expect(all).not.toContain(secret);
  });
});

it('keys of a bucket are listed page by page', async () => {
  const asked: (string | null)[] = [];
  // s3rver fails at a second page: this one says what a server would.
  const pages = createServer(({ url = '' }, response) => {
    const token = new URL(url, 'http://x').searchParams.get('continuation-token');
    asked.push(token);
    const more = token === null ? '<NextContinuationToken>next/+=</NextContinuationToken>' : '';
    response.setHeader('content-type', 'application/xml');
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${token === null}</IsTruncated>${more}<Contents><Key>studies/mine/${asked.length}</Key></Contents></ListBucketResult>`,
    );
  });
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  const { port } = pages.address() as AddressInfo;
  const one = await openBucket({ url: server.url, endpoint: `http://127.0.0.1:${port}` });
  expect(await one.list('')).toEqual(['1', '2']);
  expect(asked).toEqual([null, 'next/+=']);
  one.close();
  pages.closeAllConnections();
  await new Promise((resolve) => pages.close(resolve));
});

describe('a way to a bucket that is not right', () => {
  const problem = async (url: string, endpoint: string | undefined, env: Record<string, string | undefined> = {}) => {
    const held = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
    const set = (values: Record<string, string | undefined>) => {
      for (const [name, value] of Object.entries(values))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    };
    set(env);
    try {
      const one = await openBucket({ url, endpoint });
      await one.check().finally(() => one.close());
      return undefined;
    } catch (error) {
      return (error as Error).message;
    } finally {
      set(held);
    }
  };
  it('is named in a line, without the keys', async () => {
    const { url, endpoint } = server;
    const there = `${url} at ${endpoint}`;
    expect(await problem(url, endpoint)).toBe(undefined);
    expect(await problem(url, endpoint, { AWS_SECRET_ACCESS_KEY: 'wrong' })).toBe(
      `${there}: the secret key is not the right one; AWS_SECRET_ACCESS_KEY has it, or a profile`,
    );
    expect(await problem(url, endpoint, { AWS_ACCESS_KEY_ID: 'nobody' })).toBe(
      `${there}: the access key is not known there; AWS_ACCESS_KEY_ID has it, or a profile`,
    );
    expect(await problem(url, endpoint, { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined })).toBe(
      `${there}: no keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE`,
    );
    expect(await problem('s3://nowhere/x', endpoint)).toMatch(/there is no such bucket$/);
    expect(await problem(url, 'http://127.0.0.1:1')).toMatch(/it does not answer \(ECONNREFUSED\)$/);
    expect(await problem(url, undefined)).toBe(`${url}: its region is not known; AWS_REGION names it, or a profile`);
    expect(keys.AWS_SECRET_ACCESS_KEY.length).toBeGreaterThan(10);
  });
});
