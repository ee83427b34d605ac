/** Where trials run: one interface with a driver each for processes of this machine and for workers that share a folder. Every message carries the attempt that it is of. */

export { type Bucket, type BucketPlace, openBucket } from './bucket/bucket.ts';
export { StudyBucket } from './bucket/study-bucket.ts';
export { WorkerBucket } from './bucket/worker-bucket.ts';
export { type CoordinatedRun, coordinateStudy } from './coordinate-study.ts';
export { Coordinator, type CoordinatorOptions } from './coordinator.ts';
export type { HandedOut, HeldTrial, Remaining, TrialQueue, TrialSource } from './driver.ts';
export { FolderQueue, type FolderQueueOptions } from './folder/folder-queue.ts';
export { FolderSource } from './folder/folder-source.ts';
export { type JobSpec, jobSpecOf } from './job-spec.ts';
export { runStudy, type StudyRun, type StudyRunResult } from './local/run-study.ts';
export { StoreSource } from './local/store-source.ts';
export type { ComputePiece } from './process/compute-trial.ts';
export { serveTrials } from './process/serve-trials.ts';
export type { ProcessReport } from './process/trial-process-messages.ts';
export { connect, isRedisUrl, type RedisPlace, withoutSecrets } from './redis/connection.ts';
export { RedisQueue, type RedisQueueOptions } from './redis/redis-queue.ts';
export { RedisSource, type RedisSourceOptions, type TakeFolder } from './redis/redis-source.ts';
export { type ArrayJob, jobScript } from './slurm/job-script.ts';
export { Scheduler, type SchedulerOptions } from './slurm/scheduler.ts';
export { SlurmQueue, type SlurmQueueOptions } from './slurm/slurm-queue.ts';
export { announcementOf, measuredSpeed } from './worker/announcement.ts';
export { runWorker, type WorkerOptions, type WorkerResult } from './worker/worker.ts';
