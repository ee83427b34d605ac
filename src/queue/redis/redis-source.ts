import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { BallastError, reasonOf } from '../../base/errors.ts';
import {
  type Announcement,
  eventText,
  type Fence,
  firstProblem,
  longestPayload,
  type QueuePayload,
  queuePayloadSchema,
  type TrialEvent,
} from '../../schema/index.ts';
import { ClaimLost, type MeasurementRow } from '../../store/index.ts';
import type { AttemptUpload } from '../bucket/attempt-upload.ts';
import type { WorkerBucket } from '../bucket/worker-bucket.ts';
import type { HeldTrial, TrialSource } from '../driver.ts';
import { fits } from '../fits.ts';
import { receiveFiles, sendFiles } from './files.ts';
import { classNamed, jobId, RedisKeys, type TrialClass } from './keys.ts';
import { Speech } from './speech.ts';

/** Where a worker computes a trial. */
export interface TrialPlace {
  /** Its settings, JSON, as this machine can use them. */
  readonly spec: string;
  readonly folder: string;
  /** Whether the coordinator sees the folder; where it does not, the files are sent to it. */
  readonly isShared: boolean;
}

/** Brings a folder that came with a study, by name, to a path. Throws BallastError where it is not to be had. */
export type TakeFolder = (name: string, path: string) => Promise<void>;

export interface RedisSourceOptions {
  readonly redis: Redis;
  readonly namespace: string;
  readonly worker: Announcement;
  /** Where a trial computes: its settings as this machine can use them, and the folder of its files; undefined where the data are not here. `take` brings a folder that came with its study here. Throws for settings that are not valid. */
  readonly place: (payload: QueuePayload, take: TakeFolder) => Promise<TrialPlace | undefined>;
  /** Where files of trials go whose study has it as well; through Redis where there is none. */
  readonly bucket?: WorkerBucket | undefined;
  /** Told what was refused. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Milliseconds that a claim holds without a sign of life. */
  readonly lock?: number;
}

/** Milliseconds for which classes of trials, and whether a study drains, are taken to be as they were. */
const classesFor = 2000;
/** Seconds after which a worker that says nothing is no longer listed. */
const listedFor = 60;

/** Takes trials from BullMQ, class by class, those that ask for the most first. */
export class RedisSource implements TrialSource {
  readonly #options: RedisSourceOptions;
  readonly #keys: RedisKeys;
  readonly #queues = new Map<string, Worker>();
  /** Classes whose data are not here. */
  readonly #absent = new Set<string>();
  /** Studies whose bucket this worker does not have. */
  readonly #withoutBucket = new Set<string>();
  readonly #held = new Map<string, Fence>();
  readonly #draining = new Map<string, { readonly is: boolean; readonly at: number }>();
  #classes: readonly string[] = [];
  #looked = Number.NEGATIVE_INFINITY;

  constructor(options: RedisSourceOptions) {
    this.#options = options;
    this.#keys = new RedisKeys(options.namespace);
  }

  async claim(): Promise<HeldTrial | undefined> {
    for (const name of await this.#served()) {
      const queue = this.#queueOf(name);
      for (;;) {
        const token = randomBytes(12).toString('hex');
        const job: Job | undefined = await queue.getNextJob(token, { block: false });
        if (!job) break;
        const held = await this.#taken(job, token, name);
        if (held) return held;
        if (this.#absent.has(name)) break;
      }
    }
    return undefined;
  }

  async announce(): Promise<void> {
    const { redis, worker } = this.#options;
    const report = JSON.stringify({ ...worker, trials: [...this.#held.values()] });
    await redis
      .multi()
      .set(this.#keys.worker(worker.worker), report, 'EX', listedFor)
      .sadd(this.#keys.workers, worker.worker)
      .exec();
  }

  async close(): Promise<void> {
    const { redis, worker } = this.#options;
    this.#options.bucket?.close();
    await Promise.all([...this.#queues.values()].map((queue) => queue.close(true)));
    await redis.multi().del(this.#keys.worker(worker.worker)).srem(this.#keys.workers, worker.worker).exec();
    redis.disconnect();
  }

  /** Names of the classes that this worker can serve, the most demanding first. */
  async #served(): Promise<readonly string[]> {
    const { redis, worker } = this.#options;
    const now = performance.now();
    if (now - this.#looked > classesFor) {
      this.#looked = now;
      const demand = ({ requires: r }: TrialClass) => r.gpus * 1e6 + r.cpus * 1e3 + (r.command ? 1 : 0);
      this.#classes = (await redis.smembers(this.#keys.classes))
        .flatMap((name) => {
          const found = classNamed(name);
          return found && fits(found.requires, worker) ? [{ name, demand: demand(found) }] : [];
        })
        .sort((a, b) => b.demand - a.demand || (a.name < b.name ? -1 : 1))
        .map(({ name }) => name);
    }
    return this.#classes.filter((name) => !this.#absent.has(name));
  }

  /** Whether nothing of a study is to be begun; what it was a moment ago. */
  async #isDraining(study: string): Promise<boolean> {
    const now = performance.now();
    const known = this.#draining.get(study);
    if (known && now - known.at < classesFor) return known.is;
    const is = (await this.#options.redis.exists(this.#keys.drain(study))) === 1;
    this.#draining.set(study, { is, at: now });
    return is;
  }

  #queueOf(name: string): Worker {
    const known = this.#queues.get(name);
    if (known) return known;
    const { redis, worker, lock = 60_000 } = this.#options;
    const queue = new Worker(name, null, {
      connection: redis,
      prefix: this.#keys.prefix,
      autorun: false,
      name: worker.worker,
      lockDuration: lock,
      stalledInterval: lock / 2,
      // What was begun is another attempt when it is begun again, and that is the coordinator's to offer.
      maxStalledCount: 0,
    });
    queue.on('error', () => {});
    void queue.startStalledCheckTimer();
    this.#queues.set(name, queue);
    return queue;
  }

  /** A job as a trial that is held; undefined for one that is refused, which is said. */
  async #taken(job: Job, token: string, name: string): Promise<HeldTrial | undefined> {
    const refuse = async (why: string) => {
      this.#options.onNote?.(`job ${String(job.id).slice(0, 60)} is refused: ${why}`);
      await job.moveToFailed(new UnrecoverableError(why), token, false).catch(() => {});
      return undefined;
    };
    if (job.name !== 'trial') return refuse(`it is a job of somebody else (${job.name.slice(0, 60)})`);
    if (job.stalledCounter > 0 || job.deferredFailure !== undefined) return refuse('its attempt was begun before');
    if (JSON.stringify(job.data)?.length > longestPayload) return refuse('it is larger than a trial can be');
    const parsed = queuePayloadSchema.safeParse(job.data);
    if (!parsed.success) return refuse(firstProblem(parsed.error));
    const payload = parsed.data;
    const { offer, study } = payload;
    const fence = { trial: offer.trial, attempt: offer.attempt };
    if (job.id !== jobId(study, fence)) return refuse('its name is that of another trial');
    // Whatever queue it came through.
    if (!fits(offer.requires, this.#options.worker)) return refuse('this worker does not have what it takes');
    if (await this.#isDraining(study)) {
      await job.moveToDelayed(Date.now() + 5000, token).catch(() => {});
      return undefined;
    }
    let place: TrialPlace | undefined;
    try {
      place = await this.#options.place(payload, (folder, path) => this.#takeFolder(study, folder, path));
    } catch (cause) {
      // No worker could compute it: the coordinator parks it with the reason.
      const why = reasonOf(cause);
      const speech = new Speech(this.#options.redis, this.#keys, study, fence);
      speech.say({ kind: 'taken', worker: this.#options.worker });
      speech.say({ kind: 'ended', status: 'failed', step: null, note: why });
      await speech.settled().catch(() => {});
      return refuse(why);
    }
    if (place === undefined) {
      this.#absent.add(name);
      this.#options.onNote?.(
        `the data of trials of the study ${JSON.stringify(offer.study)} are not here; they are left to others`,
      );
      await job.moveToWait(token).catch(() => {});
      return undefined;
    }
    return this.#hold(job, token, payload, fence, place);
  }

  /** Brings the checkpoint of an earlier attempt here, and begins to upload what this one makes; undefined where its files go another way. Throws FileError, and AbortError where it is to stop. */
  async #uploadOf(
    payload: QueuePayload,
    { folder, isShared, spec }: TrialPlace,
    lost: AbortSignal,
  ): Promise<AttemptUpload | undefined> {
    const { bucket, onNote } = this.#options;
    const { bucket: named, offer, study } = payload;
    if (isShared || named === undefined) return undefined;
    if (bucket === undefined) {
      if (!this.#withoutBucket.has(study))
        onNote?.(
          `the study ${JSON.stringify(offer.study)} has a bucket (${named}) and this worker was started without one: its files go back through Redis`,
        );
      this.#withoutBucket.add(study);
      return undefined;
    }
    const own = await bucket.of(payload);
    if (own === undefined) return undefined;
    const fence = { trial: offer.trial, attempt: offer.attempt };
    const isThere = await bucket.prepare(own, fence, folder, lost);
    return bucket.follow(own, { fence, folder, spec, isThere });
  }

  async #takeFolder(study: string, name: string, path: string): Promise<void> {
    const { redis } = this.#options;
    const key = this.#keys.folder(study, name);
    if ((await redis.exists(key)) === 0) throw new BallastError('files that it needs are no longer in the queue');
    await receiveFiles(redis, key, path, { keep: true });
  }

  /** Holds a trial. Undefined where it was lost, or had to be given back, before it could begin. */
  async #hold(
    job: Job,
    token: string,
    payload: QueuePayload,
    fence: Fence,
    place: TrialPlace,
  ): Promise<HeldTrial | undefined> {
    const { offer, study, known } = payload;
    const { spec, folder, isShared } = place;
    let upload: AttemptUpload | undefined;
    const { redis, worker, lock = 60_000 } = this.#options;
    const key = `${fence.trial} ${fence.attempt}`;
    // Nobody waits for an attempt that has lost its trial: the claim would be renewed for ever.
    const lost = new AbortController();
    const letGo = () => {
      upload?.stop();
      lost.abort();
      clearInterval(renewing);
      this.#held.delete(key);
      void job.moveToFailed(new UnrecoverableError('lost'), token, false).catch(() => {});
    };
    const speech = new Speech(redis, this.#keys, study, fence, letGo);
    this.#held.set(key, fence);
    let finishing: Promise<unknown> | undefined;
    let over = false;
    const finish = (last: TrialEvent) => {
      over = true;
      const finished = async () => {
        await speech.settled();
        let final = last;
        if (upload) {
          const isResult = last.kind === 'ended' && last.status !== 'queued';
          const why = await upload.finish(isResult ? 'result' : 'checkpoint', lost.signal);
          if (why !== undefined && last.kind === 'ended' && isResult)
            final = { ...last, note: stayed(last.note, why, folder) };
        } else if (last.kind === 'ended' && last.status !== 'queued' && !isShared) {
          const why = await sendFiles(redis, this.#keys.files(study, fence), folder);
          if (why !== undefined) this.#options.onNote?.(`trial ${fence.trial.slice(0, 8)}: ${why}`);
        }
        speech.say(final);
        await speech.settled();
        if (last.kind === 'ended') await job.moveToCompleted(null, token, false);
        else await job.moveToFailed(new UnrecoverableError('crashed'), token, false);
      };
      finishing = finished().finally(() => {
        clearInterval(renewing);
        this.#held.delete(key);
      });
      finishing.catch(() => {});
    };
    // The lock is this process's affair, however busy the trial's is.
    const renewing = setInterval(() => {
      job.extendLock(token, lock).then(
        (held) => {
          if (held === 0) speech.lose();
        },
        () => {},
      );
    }, lock / 4);
    renewing.unref();
    const requireOpen = () => {
      if (over) throw new ClaimLost(`trial ${fence.trial.slice(0, 8)}: attempt ${fence.attempt} has ended`);
      speech.requireOwned();
    };
    speech.say({ kind: 'taken', worker });
    const rows: readonly MeasurementRow[] = known;
    const held: HeldTrial = {
      ...{ id: fence.trial, attempt: fence.attempt, spec, folder, from: 'the queue' },
      ...{ budgetSteps: offer.budgetSteps, budgetSeconds: offer.budgetSeconds },
      known: () => [...rows],
      begin: (step) => {
        requireOpen();
        speech.say({ kind: 'begun', step });
      },
      measure: (row) => {
        requireOpen();
        speech.say({ kind: 'row', row });
      },
      renew: (step) => {
        requireOpen();
        void redis.hset(this.#keys.steps(study), key, eventText({ kind: 'alive', step })).catch(() => {});
        // Whether it is still ours is told with the next thing said, or by the lock.
        void redis.hget(this.#keys.fences(study), fence.trial).then(
          (owner) => {
            if (owner !== null && Number(owner) !== fence.attempt) speech.lose();
          },
          () => {},
        );
      },
      end: ({ status, step, note, hardware, secondsPerStep }) => {
        requireOpen();
        finish({ kind: 'ended', status, step, note, hardware, secondsPerStep });
      },
      crash: (how) => {
        requireOpen();
        finish({ kind: 'crashed', how });
      },
      settled: async () => {
        await (finishing ?? speech.settled());
      },
    };
    // It is held by now: a checkpoint may take its time.
    try {
      upload = await this.#uploadOf(payload, place, lost.signal);
      speech.requireOwned();
      return held;
    } catch (cause) {
      upload?.stop();
      const giveBack = async () => {
        held.end({ status: 'queued', step: null });
        await held.settled();
      };
      await giveBack().catch((error) => {
        if (!(error instanceof ClaimLost)) throw error;
      });
      if (cause instanceof ClaimLost || (cause as Error).name === 'AbortError') return undefined;
      throw cause;
    }
  }
}

/** The note of a trial whose files did not get to the bucket. */
const stayed = (note: string | undefined, why: string, folder: string): string =>
  `${note === undefined ? '' : `${note}; `}its files stayed on the worker ${hostname()} in ${folder} (${why})`.slice(
    0,
    16_000,
  );
