import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Coordinator, connect, RedisQueue, RedisSource } from '../../src/queue/index.ts';
import { KeptCurve } from '../../src/queue/process/kept-curve.ts';
import { receiveFiles, sendFiles } from '../../src/queue/redis/files.ts';
import { RedisKeys } from '../../src/queue/redis/keys.ts';
import { Speech } from '../../src/queue/redis/speech.ts';
import type { Announcement } from '../../src/schema/index.ts';
import { ClaimLost, StudyStore } from '../../src/store/index.ts';
import { conforms } from '../support/queue/conformance.ts';
import { until } from '../support/queue/handed-out.ts';
import { hasRedis, type RedisServer, startRedis } from '../support/queue/redis.ts';
import { commandSpec, rowAt, trialOf, waitFor, workerNamed } from '../support/queue/stored-trials.ts';

const available = hasRedis();
const password = 'a secret/with:signs@';
let server: RedisServer;
beforeAll(async () => {
  if (available) server = await startRedis({ password });
  process.env.BALLAST_REDIS_PASSWORD = password;
});
afterAll(async () => {
  delete process.env.BALLAST_REDIS_PASSWORD;
  await server?.stop();
});

let studies = 0;

/** A study in a namespace of its own. */
async function handed(store: StudyStore, { lock = 60_000 } = {}) {
  const namespace = `n${++studies}`;
  const study = 'abcdef012345';
  let now = 0;
  const notes: string[] = [];
  const coordinatorOf = async () => {
    const queue = new RedisQueue({
      redis: await connect({ url: server.url, namespace }),
      ...{ namespace, study, lock },
      folderOf: (trial) => join(store.folder, 'trials', trial.slice(0, 16)),
      dataOf: () => null,
      onNote: (note) => notes.push(note),
    });
    return { queue, coordinator: new Coordinator({ store, queue, now: () => now, onNote: (n) => notes.push(n) }) };
  };
  const all = [await coordinatorOf()];
  return {
    ...{ namespace, study, notes },
    queue: () => all.at(-1)!.queue,
    cancel: () => all.at(-1)!.coordinator.cancel(),
    source: async (worker: Announcement) =>
      new RedisSource({
        redis: await connect({ url: server.url, namespace }),
        ...{ namespace, worker, lock },
        place: async ({ offer, folder }) => ({ spec: offer.spec, folder, isShared: true }),
        onNote: (note) => notes.push(note),
      }),
    round: async () => {
      await all.at(-1)!.coordinator.round();
      now += 61_000;
      await all.at(-1)!.coordinator.round();
    },
    replaced: async () => {
      all.push(await coordinatorOf());
    },
    close: async () => {
      for (const { queue } of all) await queue.close();
    },
  };
}

describe.skipIf(!available)('the queue on a real Redis', () => {
  conforms((store) => handed(store));
});

describe.skipIf(!available)('a study on a real Redis', () => {
  let store: StudyStore;
  let study: Awaited<ReturnType<typeof handed>>;
  const sources: RedisSource[] = [];
  beforeEach(async () => {
    store = await StudyStore.open(mkdtempSync(join(tmpdir(), 'ballast-')));
    waitFor(store, ['a']);
    study = await handed(store, { lock: 1000 });
    await study.round();
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await study.close();
    store.close();
    rmSync(store.folder, { recursive: true, force: true });
  });
  const source = async (name = 'w', more: Partial<Announcement> = {}) => {
    const one = await study.source(workerNamed(name, more));
    sources.push(one);
    return one;
  };

  it('is given to somebody else where a worker was gone before it said that it had taken it, and hears no more of that one', async () => {
    const late = await study.source(workerNamed('late'));
    // Between the lock and the first word: what it says waits for an answer that never comes.
    const said = vi.spyOn(Speech.prototype, 'say').mockImplementation(() => {});
    const first = (await late.claim())!;
    said.mockRestore();
    await study.round();
    expect(store.trial(first.id)!.status).toBe('queued');
    const redis = await connect({ url: server.url, namespace: study.namespace });
    const lock = `ballast:${study.namespace}:command_0_0_0_-:${study.study}-${first.id}-1:lock`;
    const other = await source('next');
    let next: Awaited<ReturnType<typeof other.claim>>;
    await until(async () => {
      await redis.del(lock);
      await study.round();
      next ??= await other.claim();
      return next !== undefined;
    }, 'it is given to somebody else');
    redis.disconnect();
    if (!next) return expect.unreachable();
    expect([next.id, next.attempt]).toEqual([first.id, 2]);
    next.begin(0);
    await next.settled();
    // The one that was only slow comes back.
    expect(() => first.begin(0)).toThrow(ClaimLost);
    await study.round();
    expect(store.trial(first.id)!.status).toBe('running');
    next.end({ status: 'complete', step: 10 });
    await next.settled();
    await study.round();
    expect(store.trial(first.id)!.status).toBe('complete');
    await late.close();
  });

  it('is taken from a worker that is gone when its lock has run out; somebody else goes on from what it said', async () => {
    const gone = await study.source(workerNamed('gone'));
    const trial = (await gone.claim())!;
    trial.begin(0);
    trial.measure(rowAt(2));
    await trial.settled();
    await study.round();
    expect(store.trial(trial.id)!.status).toBe('running');
    // As if its process were killed: nobody renews its lock, and its connection is closed.
    const redis = await connect({ url: server.url, namespace: study.namespace });
    const lock = `ballast:${study.namespace}:command_0_0_0_-:${study.study}-${trial.id}-1:lock`;
    await until(async () => {
      await redis.del(lock);
      await study.round();
      return store.trial(trial.id)!.status === 'queued';
    }, 'the trial is taken back');
    redis.disconnect();
    const next = (await (await source('next')).claim())!;
    expect([next.attempt, next.known()]).toEqual([2, [rowAt(2)]]);
    // That the first attempt is over, told once more, is nothing to the second one.
    for (let i = 0; i < 3; i++) await study.round();
    await study.queue().cancel([{ trial: trial.id, attempt: 1 }]);
    next.renew(1);
    next.measure(rowAt(3));
    await next.settled();
    // The one that was slow and not gone is told, and what it says is not stored.
    const late = async () => {
      trial.measure(rowAt(4));
      await trial.settled();
    };
    await expect(late()).rejects.toThrow(ClaimLost);
    expect(() => trial.measure(rowAt(6))).toThrow(ClaimLost);
    next.end({ status: 'complete', step: 10 });
    await next.settled();
    await study.round();
    expect(store.curve(next.id)).toEqual([rowAt(2), rowAt(3)]);
    expect(store.trial(next.id)!.status).toBe('complete');
    await gone.close();
  });

  it('takes its trials back when it is cancelled, and gives nothing out while it drains', async () => {
    waitFor(store, ['a', 'b']);
    await study.round();
    await study.queue().drain(true);
    const worker = await source();
    expect(await worker.claim()).toBe(undefined);
    await study.queue().drain(false);
    let trial: Awaited<ReturnType<typeof worker.claim>>;
    await until(async () => {
      trial = await worker.claim();
      return trial !== undefined;
    }, 'a trial is given out again');
    trial!.begin(0);
    trial!.measure(rowAt(2));
    await trial!.settled();
    await study.round();
    await study.cancel();
    trial!.measure(rowAt(4));
    await expect(trial!.settled()).rejects.toThrow(ClaimLost);
    expect(store.trials().map((t) => t.status)).toEqual(['queued', 'queued']);
    expect(store.curve(trial!.id)).toEqual([rowAt(2)]);
    // Whoever has lost its trial lets go of it, instead of holding the claim for ever.
    const redis = await connect({ url: server.url, namespace: study.namespace });
    const active = `ballast:${study.namespace}:command_0_0_0_-:active`;
    await until(async () => (await redis.llen(active)) === 0, 'nothing is held any more');
    redis.disconnect();
  });

  it('gives each worker what it can compute', async () => {
    waitFor(store, ['gpu', 'plain'], (name) => commandSpec(10, name === 'gpu' ? { gpus: 2 } : {}));
    // Of the study as it was before, nothing is given out any more.
    await study.replaced();
    await study.round();
    expect(await (await source('obedient', { commands: false, gpus: 2 })).claim()).toBe(undefined);
    const small = await source('small');
    expect((await small.claim())!.id).toBe(trialOf('plain'));
    expect(await small.claim()).toBe(undefined);
    expect((await (await source('cards', { gpus: 2 })).claim())!.id).toBe(trialOf('gpu'));
  });

  it('refuses jobs that are none of a study, says so, and the worker lives', async () => {
    const { namespace } = study;
    const keys = new RedisKeys(namespace);
    const name = 'command_0_0_0_-';
    const queue = new Queue(name, { connection: { url: server.url, password }, prefix: keys.prefix });
    const first = (await (await source('first')).claim())!;
    const trial = trialOf('x');
    const offer = {
      ...{
        trial,
        attempt: 1,
        study: 's',
        spec: commandSpec(),
        budgetSteps: 10,
        budgetSeconds: null,
        priority: 0,
        work: 1,
      },
      requires: { gpus: 0, cpus: 0, memory: 0, command: true },
    };
    const good = { offer, study: study.study, folder: '/somewhere/trials/0123456789abcdef', known: [] };
    const id = `${study.study}-${trial}-1`;
    const bad: [string, string, unknown, RegExp][] = [
      ['mail', 'a', { to: 'x' }, /a job of somebody else \(mail\)/],
      ['trial', 'b', 'text', /expected object/],
      ['trial', 'c', { ...good, offer: { ...offer, trial: '../../etc/passwd' } }, /SHA-256/],
      ['trial', 'd', { ...good, extra: 1 }, /Unrecognized key/],
      ['trial', 'e', good, /its name is that of another trial/],
      [
        'trial',
        id,
        { ...good, offer: { ...offer, requires: { ...offer.requires, gpus: 8 } } },
        /does not have what it takes/,
      ],
      ['trial', 'f', { ...good, offer: { ...offer, spec: 'x'.repeat(9 << 20) } }, /larger than a trial can be/],
    ];
    for (const [job, jobId, data, why] of bad) {
      await queue.add(job, data, { jobId });
      expect(await (await source()).claim()).toBe(undefined);
      expect(study.notes.at(-1)).toMatch(why);
    }
    // Foreign names among the classes are passed by.
    const redis = await connect({ url: server.url, namespace });
    await redis.sadd(keys.classes, 'no class', 'own_1_1_1_zz', 'x'.repeat(1000));
    await redis.xadd(keys.events(study.study), '*', 'trial', 'nobody', 'attempt', '-1', 'event', '{"kind":"row"}');
    await redis.xadd(keys.events(study.study), '*', 'a', 'b');
    await redis.hset(keys.steps(study.study), 'rubbish', 'rubbish');
    await redis.set(keys.worker('liar'), '{"worker":1}');
    await redis.sadd(keys.workers, 'liar', 'nobody');
    redis.disconnect();
    await queue.close();
    first.end({ status: 'complete', step: 10 });
    await first.settled();
    await study.round();
    expect(store.trial(first.id)!.status).toBe('complete');
    expect(store.trials()).toHaveLength(1);
    expect(await study.queue().workers()).toEqual([]);
  });

  it('takes files that come back whole, and none whose name leads out of the folder or that was damaged on the way', async () => {
    const redis = await connect({ url: server.url, namespace: study.namespace });
    const from = join(store.folder, 'from');
    mkdirSync(join(from, 'checkpoint'), { recursive: true });
    const large = Buffer.alloc((1 << 20) + 5, 7);
    writeFileSync(join(from, 'checkpoint', 'a.bin'), large);
    writeFileSync(join(from, 'empty'), '');
    symlinkSync('/etc/passwd', join(from, 'link'));
    // What the worker keeps for itself, and takes away when the trial has ended, stays there.
    new KeptCurve(from).begin([]);
    const to = join(store.folder, 'to');
    expect(await sendFiles(redis, 'files', from)).toBe(undefined);
    await receiveFiles(redis, 'files', to);
    expect(readdirSync(to, { recursive: true }).sort()).toEqual(['checkpoint', 'checkpoint/a.bin', 'empty']);
    expect(readFileSync(join(to, 'checkpoint', 'a.bin')).equals(large)).toBe(true);
    const frame = (head: unknown, data = 'x') => {
      const text = Buffer.from(JSON.stringify(head));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return Buffer.concat([length, text, Buffer.from(data)]);
    };
    const bad: [Buffer, RegExp][] = [
      [frame({ path: ['..', 'x'], offset: 0, sha256: null }), /more than dots/],
      [frame({ path: ['a/../../x'], offset: 0, sha256: null }), /without slashes/],
      [frame({ path: ['x'], offset: 0, sha256: 'no' }), /did not arrive as it was sent/],
      [frame({ path: [], offset: 0, sha256: null }), /no piece of a file/],
      [Buffer.from('\xff\xff\xff\xff'), /no piece of a file/],
      [Buffer.from(''), /no piece of a file/],
    ];
    const before = readdirSync(store.folder).sort();
    for (const [piece, why] of bad) {
      await redis.del('files');
      await redis.rpush('files', piece);
      await expect(receiveFiles(redis, 'files', to)).rejects.toThrow(why);
    }
    expect(readdirSync(store.folder).sort()).toEqual(before);
    expect(readdirSync(to).sort()).toEqual(['checkpoint', 'empty']);
    // A coordinator that hears of such files says so and goes on.
    const worker = await source();
    const trial = (await worker.claim())!;
    await redis.rpush(new RedisKeys(study.namespace).files(study.study, { trial: trial.id, attempt: 1 }), bad[0]![0]);
    trial.end({ status: 'complete', step: 10 });
    await trial.settled();
    await study.round();
    expect(store.trial(trial.id)!.status).toBe('complete');
    expect(study.notes.at(-1)).toMatch(/files of trial \w{8} are refused/);
    redis.disconnect();
  });

  it('names a wrong password, a missing one and a server that is not there', async () => {
    const place = { namespace: 'x' };
    const wrong = server.url.replace('//', '//:wrong@');
    await expect(connect({ ...place, url: wrong })).rejects.toThrow(/the password is not the right one/);
    await expect(connect({ ...place, url: wrong })).rejects.not.toThrow(/wrong@/);
    delete process.env.BALLAST_REDIS_PASSWORD;
    await expect(connect({ ...place, url: server.url })).rejects.toThrow(/the password is not the right one/);
    process.env.BALLAST_REDIS_PASSWORD = password;
    await expect(connect({ ...place, url: 'redis://127.0.0.1:1' })).rejects.toThrow(/no Redis answers there/);
    await expect(connect({ ...place, url: 'redis://127.0.0.1:6379/x' })).rejects.toThrow(/number of a database/);
  });

  it('goes through TLS where its certificate is known, and not where it is not', async () => {
    const secure = await startRedis({ tls: true });
    try {
      const place = { url: secure.url, namespace: 'x' };
      await expect(connect(place)).rejects.toThrow(/no Redis answers there \(.*(certificate|self-signed)/);
      const redis = await connect({ ...place, ca: join(secure.folder, 'ca.pem') });
      expect(await redis.ping()).toBe('PONG');
      redis.disconnect();
      await expect(connect({ ...place, ca: '/nowhere.pem' })).rejects.toThrow(/nowhere.pem: cannot be read/);
    } finally {
      await secure.stop();
    }
  });
});
