/** A worker: takes trials from a queue and computes them. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';
import { announcementOf, FolderSource, runWorker, type WorkerOptions, type WorkerResult } from '../../queue/index.ts';
import { defaultThreads } from '../../runtime/index.ts';

export interface WorkOptions
  extends Pick<WorkerOptions, 'signal' | 'gpus' | 'seconds' | 'untilIdle' | 'onReport' | 'onNote'> {
  /** Folder of a study that is handed out. */
  readonly queue: string;
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

/** Computes trials until it is told to stop. Throws UsageError for a folder without a queue, and BallastError for what concerns all trials. */
export async function work(options: WorkOptions): Promise<WorkerResult> {
  const { allowCommands, device, maxParallel = 1, threads = givenThreads() ?? defaultThreads() } = options;
  const study = resolve(options.queue);
  if (!existsSync(join(study, 'queue')))
    throw new UsageError(`${quote(options.queue)} has no queue; expected the folder of a study that is handed out`);
  const gpus = options.gpus ?? (process.env.SLURM_JOB_ID === undefined ? undefined : givenGpus());
  const announced = await announcementOf({ device, threads, gpus: gpus?.length ?? 0, commands: allowCommands });
  const share = { ...announced, cores: Math.max(1, Math.floor(threads / maxParallel)) };
  return runWorker({
    ...options,
    gpus,
    maxParallel,
    threads,
    source: new FolderSource(study, {
      ...share,
      gpus: Math.floor(share.gpus / maxParallel),
      memory: share.memory / maxParallel,
    }),
  });
}
