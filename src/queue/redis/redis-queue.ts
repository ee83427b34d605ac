import { existsSync } from 'node:fs';
import { type Job, type JobType, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { BallastError } from '../../base/errors.ts';
import { makeFolder } from '../../formats/index.ts';
import {
  announcementSchema,
  eventOf,
  type Fence,
  fenceSchema,
  messageText,
  type Offer,
  type QueueMessage,
  type QueuePayload,
  type WorkerReport,
} from '../../schema/index.ts';
import { BucketFailed } from '../bucket/bucket.ts';
import type { StudyBucket } from '../bucket/study-bucket.ts';
import type { HandedOut, Remaining, TrialQueue } from '../driver.ts';
import { FilesRefused } from '../trial-files.ts';
import { receiveFiles, sendFiles } from './files.ts';
import { bullPriority, className, jobId, RedisKeys } from './keys.ts';

export interface RedisQueueOptions {
  readonly redis: Redis;
  readonly namespace: string;
  /** Of the study, its own: 12 hexadecimal digits. */
  readonly study: string;
  /** Folder of a trial's files. */
  readonly folderOf: (trial: string) => string;
  /** Beginning of the identity of a trial's data, where a worker has to find them; null where they are made. */
  readonly dataOf: (offer: Offer) => string | null;
  /** Where workers leave files of trials that do not come through here: its name, and the way to it, which is opened when it is needed. */
  readonly bucket?: { readonly url: string; readonly open: () => Promise<StudyBucket> } | undefined;
  /** Told what was refused. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Milliseconds that a worker's claim holds without a sign of life. */
  readonly lock?: number;
}

/** States of jobs that nobody has. */
const waitingStates = ['prioritized', 'waiting', 'delayed'] as const;

const isWaiting = (state: string) => (waitingStates as readonly string[]).includes(state);

/** Offers that go to the server together. */
const chunk = 500;
/** Messages that are read at a time. */
const most = 5000;

/** Ends attempts: no attempt has the number 0. A later one, which may have been offered since, is left alone. */
const endScript = `
for i = 1, #ARGV, 2 do
  local owner = redis.call('HGET', KEYS[1], ARGV[i])
  if not owner or tonumber(owner) <= tonumber(ARGV[i + 1]) then redis.call('HSET', KEYS[1], ARGV[i], '0') end
end`;

const reportSchema = announcementSchema.extend({ trials: fenceSchema.array().max(10_000) });

/** BullMQ makes JSON of it: numbers that JSON has no word for are texts by then. */
const payloadOf = (payload: QueuePayload): unknown => JSON.parse(messageText(payload));

/** Hands the trials of a study out through BullMQ on Redis or Valkey. */
export class RedisQueue implements TrialQueue {
  readonly #options: RedisQueueOptions;
  readonly #keys: RedisKeys;
  readonly #queues = new Map<string, { readonly queue: Queue; readonly checker: Worker }>();
  /** Read and applied, to be removed with the next call. */
  #applied: string[] = [];
  #steps = new Map<string, string>();
  #bucket: StudyBucket | undefined;
  /** Since it last answered, and when it is asked again. */
  #failures = 0;
  #bucketAfter = Number.NEGATIVE_INFINITY;
  /** Attempts whose files are here. */
  readonly #spent: Fence[] = [];

  constructor(options: RedisQueueOptions) {
    this.#options = options;
    this.#keys = new RedisKeys(options.namespace);
  }

  async supply(folders: ReadonlyMap<string, string>): Promise<void> {
    const { redis, study } = this.#options;
    for (const [name, path] of folders) {
      if (await redis.sismember(this.#keys.folders(study), name)) continue;
      const refused = await sendFiles(redis, this.#keys.folder(study, name), path);
      if (refused !== undefined)
        throw new BallastError(`${refused}; let workers share a folder with this machine, or use Slurm`);
      await redis.sadd(this.#keys.folders(study), name);
    }
  }

  async offer(handed: readonly HandedOut[]): Promise<readonly Fence[]> {
    const { redis, study, folderOf, dataOf, bucket } = this.#options;
    if (handed.length === 0) return [];
    // What failed without a word is known by its name, and would not be added again.
    const failed = new Set((await this.#jobs(['failed'])).map((job) => job.id));
    const isGone = ({ offer }: HandedOut) => failed.has(jobId(study, offer));
    const open = handed.filter((one) => !isGone(one));
    for (let at = 0; at < open.length; at += chunk) {
      const byClass = new Map<string, HandedOut[]>();
      const part = open.slice(at, at + chunk);
      for (const one of part) {
        const name = className({ requires: one.offer.requires, data: dataOf(one.offer) });
        byClass.set(name, [...(byClass.get(name) ?? []), one]);
      }
      const fences = part.flatMap(({ offer }) => [offer.trial, String(offer.attempt)]);
      await redis.hset(this.#keys.fences(study), ...fences);
      await redis.sadd(this.#keys.classes, ...byClass.keys());
      for (const [name, group] of byClass) {
        await this.#queueOf(name).queue.addBulk(
          group.map(({ offer, known }) => ({
            name: 'trial',
            data: payloadOf({
              ...{ offer, study, folder: folderOf(offer.trial), known: [...known()] },
              ...(bucket && { bucket: bucket.url }),
            }),
            opts: { jobId: jobId(study, offer), priority: bullPriority(offer), attempts: 1 },
          })),
        );
      }
    }
    return handed.filter(isGone).map(({ offer: { trial, attempt } }) => ({ trial, attempt }));
  }

  async receive(): Promise<readonly QueueMessage[]> {
    const { redis, study, folderOf } = this.#options;
    const stream = this.#keys.events(study);
    // What the last call gave is in the store by now.
    if (this.#applied.length > 0) await redis.xdel(stream, ...this.#applied);
    await this.#removeSpent();
    const entries = await redis.xrange(stream, '-', '+', 'COUNT', most);
    const heard = entries.map(([id, fields]) => {
      const [, trial, , attempt, , text] = fields;
      const fence = fenceSchema.safeParse({ trial, attempt: Number(attempt) }).data;
      const event = text === undefined ? undefined : eventOf(text);
      return { id, message: fence && event && { ...fence, event } };
    });
    const last = heard.flatMap(({ id, message }) =>
      message?.event.kind === 'ended' || message?.event.kind === 'crashed' ? [{ id, ...message }] : [],
    );
    const arrived = await this.#arrived(last);
    /** Ended, and not to be told before their files are here. */
    const later = new Set<string>();
    for (const { id, trial, attempt, event } of last) {
      if (event.kind !== 'ended') continue;
      const folder = folderOf(trial);
      // A trial without a folder would be made again.
      if (!existsSync(folder)) await makeFolder(folder);
      const key = this.#keys.files(study, { trial, attempt });
      try {
        if (arrived.has(key)) await receiveFiles(redis, key, folder);
        else if (event.status !== 'queued' && !(await this.#tookFromBucket({ trial, attempt }, event.status)))
          later.add(id);
      } catch (error) {
        if (!(error instanceof FilesRefused)) throw error;
        this.#options.onNote?.(`files of trial ${trial.slice(0, 8)} are refused: ${error.message}`);
        await redis.del(key);
      }
    }
    const told = heard.filter(({ id }) => !later.has(id));
    this.#applied = told.map(({ id }) => id);
    const messages = told.flatMap(({ message }): QueueMessage[] => (message ? [message] : []));
    const ended = last.filter(({ id }) => !later.has(id));
    if (ended.length > 0)
      await redis.hdel(this.#keys.steps(study), ...ended.map(({ trial, attempt }) => `${trial} ${attempt}`));
    // Signs of life come after what was measured meanwhile.
    const steps = await redis.hgetall(this.#keys.steps(study));
    for (const [key, text] of Object.entries(steps)) {
      if (this.#steps.get(key) === text) continue;
      const [trial, attempt] = key.split(' ');
      const fence = fenceSchema.safeParse({ trial, attempt: Number(attempt) }).data;
      const event = eventOf(text);
      if (fence && event?.kind === 'alive') messages.push({ ...fence, event });
    }
    this.#steps = new Map(Object.entries(steps));
    return messages;
  }

  /** Takes what an ended attempt has left in the bucket; false where that is away, and has to be asked again. */
  async #tookFromBucket(fence: Fence, status: string): Promise<boolean> {
    const { bucket: way, onNote, folderOf } = this.#options;
    if (way === undefined) return true;
    if (performance.now() < this.#bucketAfter) return false;
    try {
      this.#bucket ??= await way.open();
      await this.#bucket.takeResult(fence, folderOf(fence.trial));
      this.#failures = 0;
      // One that failed may be tried again, from the checkpoint that its last attempt has left.
      this.#spent.push(status === 'failed' ? { ...fence, attempt: fence.attempt - 1 } : fence);
      return true;
    } catch (cause) {
      if (cause instanceof FilesRefused) this.#spent.push(fence);
      if (!(cause instanceof BucketFailed)) throw cause;
      if (this.#failures++ === 0) onNote?.(`${cause.message}; trials that have ended wait for it`);
      this.#bucketAfter = performance.now() + Math.min(60_000, 2000 * 2 ** Math.min(this.#failures, 10));
      return false;
    }
  }

  /** Removes from the bucket what belongs to trials whose end is in the store. */
  async #removeSpent(): Promise<void> {
    // What is left is removed with the study.
    for (const fence of this.#spent.splice(0))
      await this.#bucket?.removeUpTo(fence).catch((cause) => {
        if (!(cause instanceof BucketFailed)) throw cause;
      });
  }

  /** Of attempts those with files that wait here, by their keys: asked for all of them at once. */
  async #arrived(ended: readonly Fence[]): Promise<ReadonlySet<string>> {
    if (ended.length === 0) return new Set();
    const keys = ended.map((fence) => this.#keys.files(this.#options.study, fence));
    const asking = this.#options.redis.pipeline();
    for (const key of keys) asking.exists(key);
    const answers = (await asking.exec()) ?? [];
    const failed = answers.find(([error]) => error)?.[0];
    if (failed) throw failed;
    return new Set(keys.filter((_, i) => answers[i]?.[1] === 1));
  }

  async cancel(fences: readonly Fence[]): Promise<void> {
    const { redis, study } = this.#options;
    if (fences.length === 0) return;
    const own = fences.flatMap(({ trial, attempt }) => [trial, attempt]);
    await redis.eval(endScript, 1, this.#keys.fences(study), ...own);
    await this.withdraw(fences);
  }

  async withdraw(fences: readonly Fence[]): Promise<void> {
    const { study } = this.#options;
    for (const fence of fences)
      for (const { queue } of await this.#all()) {
        // One that has ended is still known by its name: nobody takes it up again.
        if (!isWaiting(await queue.getJobState(jobId(study, fence)))) continue;
        // One that is being worked on cannot be removed; it ends when its worker hears.
        const job = await queue.getJob(jobId(study, fence));
        await job?.remove().catch(() => {});
      }
  }

  async lost(held: readonly Fence[]): Promise<readonly Fence[]> {
    if (held.length === 0) return [];
    const { study } = this.#options;
    const active = new Set<string>();
    for (const { queue } of await this.#all()) for (const job of await queue.getActive()) active.add(String(job?.id));
    const away = held.filter((fence) => !active.has(jobId(study, fence)));
    // Those that have ended well say so in the stream, now or with the next look.
    const states = await Promise.all(
      away.map(async (fence) => {
        for (const { queue } of await this.#all()) {
          const state = await queue.getJobState(jobId(study, fence));
          if (state !== 'unknown') return state;
        }
        return 'unknown';
      }),
    );
    return away.filter((_, i) => states[i] !== 'completed' && states[i] !== 'active');
  }

  async retain(trials: ReadonlySet<string>): Promise<void> {
    for (const job of await this.#jobs(waitingStates)) {
      const trial = job.id!.split('-')[1]!;
      if (!trials.has(trial)) await job.remove().catch(() => {});
    }
  }

  async drain(draining: boolean): Promise<void> {
    const { redis, study } = this.#options;
    if (draining) await redis.set(this.#keys.drain(study), '1');
    else await redis.del(this.#keys.drain(study));
  }

  async isDraining(): Promise<boolean> {
    return (await this.#options.redis.exists(this.#keys.drain(this.#options.study))) === 1;
  }

  async workers(): Promise<readonly WorkerReport[]> {
    const { redis } = this.#options;
    const names = await redis.smembers(this.#keys.workers);
    if (names.length === 0) return [];
    const told = await redis.mget(names.map((name) => this.#keys.worker(name)));
    const gone = names.filter((_, i) => told[i] === null);
    if (gone.length > 0) await redis.srem(this.#keys.workers, ...gone);
    return told.flatMap((text) => {
      try {
        const report = reportSchema.safeParse(JSON.parse(text ?? '')).data;
        return report ? [report] : [];
      } catch {
        return [];
      }
    });
  }

  async serve(_: Remaining): Promise<void> {}

  async clear(): Promise<void> {
    const { redis, study } = this.#options;
    for (const job of await this.#jobs(['completed', 'failed', ...waitingStates])) await job.remove().catch(() => {});
    const folders = await redis.smembers(this.#keys.folders(study));
    await redis.del(
      ...[this.#keys.events(study), this.#keys.steps(study), this.#keys.drain(study), this.#keys.folders(study)],
      ...folders.map((name) => this.#keys.folder(study, name)),
    );
    // Who still works on something of it has lost it.
    const fences = await redis.hkeys(this.#keys.fences(study));
    if (fences.length > 0) await redis.hset(this.#keys.fences(study), ...fences.flatMap((trial) => [trial, '0']));
    await redis.expire(this.#keys.fences(study), 86_400);
    await this.#clearBucket();
  }

  async #clearBucket(): Promise<void> {
    const { bucket: way, study, onNote } = this.#options;
    if (way === undefined) return;
    this.#spent.splice(0);
    try {
      this.#bucket ??= await way.open();
      await this.#bucket.clear();
    } catch (cause) {
      if (!(cause instanceof BallastError)) throw cause;
      onNote?.(`${cause.message}; objects of the study may be left below ${way.url}/${study}`);
    }
  }

  async close(): Promise<void> {
    for (const { queue, checker } of this.#queues.values()) {
      await checker.close(true);
      await queue.close();
    }
    this.#bucket?.bucket.close();
    this.#options.redis.disconnect();
  }

  /** Jobs of this study in some states. */
  async #jobs(states: readonly JobType[]): Promise<Job[]> {
    const found: Job[] = [];
    for (const { queue } of await this.#all())
      for (const job of await queue.getJobs([...states]))
        if (job?.id?.startsWith(`${this.#options.study}-`)) found.push(job);
    return found;
  }

  /** The queues of all classes that there are. */
  async #all() {
    for (const name of await this.#options.redis.smembers(this.#keys.classes)) this.#queueOf(name);
    return [...this.#queues.values()];
  }

  #queueOf(name: string) {
    const known = this.#queues.get(name);
    if (known) return known;
    const { redis, lock = 60_000 } = this.#options;
    const prefix = this.#keys.prefix;
    const queue = new Queue(name, { connection: redis, prefix });
    // Where all workers are gone, somebody still has to see that their claims have run out.
    const checker = new Worker(name, null, {
      ...{ connection: redis, prefix, autorun: false, maxStalledCount: 0 },
      ...{ lockDuration: lock, stalledInterval: lock / 2 },
    });
    // A connection that breaks is made again by itself.
    queue.on('error', () => {});
    checker.on('error', () => {});
    void checker.startStalledCheckTimer();
    const both = { queue, checker };
    this.#queues.set(name, both);
    return both;
  }
}
