/** A worker: takes trials from a queue and computes them. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { childModule } from '../../base/child-module.ts';
import { InputError, UsageError } from '../../base/errors.ts';
import { makeFolder, quote } from '../../formats/index.ts';
import {
  announcementOf,
  connect,
  FolderSource,
  isRedisUrl,
  openBucket,
  RedisSource,
  runWorker,
  type TrialSource,
  WorkerBucket,
  type WorkerOptions,
  type WorkerResult,
} from '../../queue/index.ts';
import { defaultThreads } from '../../runtime/index.ts';
import type { Announcement } from '../../schema/index.ts';
import { trialPlaces } from './trial-place.ts';

export interface WorkOptions
  extends Pick<WorkerOptions, 'signal' | 'gpus' | 'seconds' | 'untilIdle' | 'onReport' | 'onNote'> {
  /** Folder of a study that is handed out, or the address of a Redis. */
  readonly queue: string;
  /** Of the keys in Redis. */
  readonly namespace?: string | undefined;
  /** Path of the certificate that signs that of Redis. */
  readonly ca?: string | undefined;
  /** Folders of data, for trials that come without a folder. */
  readonly data?: readonly string[] | undefined;
  /** Folders that coordinators see as well. */
  readonly shared?: readonly string[] | undefined;
  /** For files of trials that come without a folder; among the temporary files unless told. */
  readonly scratch?: string | undefined;
  /** `s3://NAME/PREFIX`, for files of trials whose study names the same; and its server, where that is not Amazon's. */
  readonly bucket?: string | undefined;
  readonly s3Endpoint?: string | undefined;
  /** Trials at a time; 1 unless told. */
  readonly maxParallel?: number | undefined;
  /** Threads of all of them together; those that a batch system has given, else those of all cores. */
  readonly threads?: number | undefined;
  readonly device: string;
  /** Whether commands of studies are run here. */
  readonly allowCommands: boolean;
}

/** Threads that Slurm has given to this process; undefined elsewhere. */
const givenThreads = () => {
  const given = Number(process.env.SLURM_CPUS_PER_TASK ?? process.env.SLURM_CPUS_ON_NODE);
  return Number.isInteger(given) && given > 0 ? given : undefined;
};

/** Graphics processors that this process was given, as CUDA names them. */
const givenGpus = () => process.env.CUDA_VISIBLE_DEVICES?.split(',').filter((name) => name.trim() !== '');

/** Computes trials until it is told to stop. Throws UsageError for a folder without a queue or a Redis that refuses, and BallastError for what concerns all trials. */
export async function work(options: WorkOptions): Promise<WorkerResult> {
  const { allowCommands, device, maxParallel = 1, threads = givenThreads() ?? defaultThreads() } = options;
  const gpus = options.gpus ?? (process.env.SLURM_JOB_ID === undefined ? undefined : givenGpus());
  const open = await sourceOf(options);
  const announced = await announcementOf({ device, threads, gpus: gpus?.length ?? 0, commands: allowCommands });
  // What a trial can have of it.
  const each = {
    cores: Math.max(1, Math.floor(threads / maxParallel)),
    gpus: Math.floor(announced.gpus / maxParallel),
    memory: announced.memory / maxParallel,
  };
  const own = childModule('worker-process', import.meta.url);
  return runWorker({ ...options, process: own, gpus, maxParallel, threads, source: open({ ...announced, ...each }) });
}

/** The way to the trials, checked before anything else is done. */
async function sourceOf({
  queue,
  namespace = 'default',
  ca,
  data = [],
  shared = [],
  scratch = join(tmpdir(), 'ballast-worker'),
  bucket: url,
  s3Endpoint: endpoint,
  signal,
  onNote,
}: WorkOptions): Promise<(worker: Announcement) => TrialSource> {
  if (url === undefined && endpoint !== undefined)
    throw new InputError('s3Endpoint', 'the server of a bucket, and no bucket is named');
  if (!isRedisUrl(queue)) {
    if (url !== undefined) throw new InputError('bucket', 'is for trials over Redis; here all share a folder');
    const study = resolve(queue);
    if (!existsSync(join(study, 'queue')))
      throw new UsageError(
        `${quote(queue)} has no queue; expected the folder of a study that is handed out, or redis://...`,
      );
    return (worker) => new FolderSource(study, worker);
  }
  for (const folder of [...data, ...shared])
    if (!existsSync(folder)) throw new UsageError(`${quote(folder)} is not there; expected a folder`);
  await makeFolder(scratch);
  const opened = url === undefined ? undefined : await openBucket({ url, endpoint });
  await opened?.check();
  const redis = await connect({ url: queue, namespace, ca });
  // What trials start inherits the environment of this process.
  delete process.env.BALLAST_REDIS_PASSWORD;
  const place = trialPlaces({ data: data.map((d) => resolve(d)), shared: shared.map((d) => resolve(d)), scratch });
  const bucket = opened && new WorkerBucket({ bucket: opened, signal, onNote });
  return (worker) => new RedisSource({ redis, namespace, worker, place, bucket, onNote });
}
