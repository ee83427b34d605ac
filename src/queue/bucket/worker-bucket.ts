import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makeFolder, writeError, writeFileAtomic } from '../../formats/index.ts';
import type { Fence, QueuePayload } from '../../schema/index.ts';
import { findCheckpoints } from '../../trials/index.ts';
import { type JobSpec, jobSpecOf } from '../job-spec.ts';
import { FilesRefused, keptFolder } from '../trial-files.ts';
import { AttemptUpload, type UploadTimes, usualTimes } from './attempt-upload.ts';
import { type Bucket, BucketFailed } from './bucket.ts';
import { StudyBucket } from './study-bucket.ts';

export interface WorkerBucketOptions {
  readonly bucket: Bucket;
  /** The worker is told to stop. */
  readonly signal?: AbortSignal | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  readonly times?: UploadTimes | undefined;
}

/** Milliseconds that a checkpoint of a program has to be as it is before it counts as written. */
const settling = 1500;

/** The bucket that a worker was started with: no other is used, whatever a payload says. */
export class WorkerBucket {
  readonly #options: WorkerBucketOptions;
  readonly #studies = new Map<string, StudyBucket | undefined>();

  constructor(options: WorkerBucketOptions) {
    this.#options = options;
  }

  /** The bucket of a study, where it is the one of this worker; undefined, which is said once, where it is not. */
  async of({ offer, study, bucket: named }: QueuePayload): Promise<StudyBucket | undefined> {
    const { bucket, signal, onNote } = this.#options;
    if (named === undefined) return undefined;
    if (this.#studies.has(study)) return this.#studies.get(study);
    const own = new StudyBucket(bucket, study);
    const shown = `the study ${JSON.stringify(offer.study)}`;
    const other = (why: string) => {
      this.#studies.set(study, undefined);
      onNote?.(`${why}: its files go back through Redis`);
      return undefined;
    };
    if (named !== bucket.url) return other(`${shown} has another bucket (${named}) than this worker (${bucket.url})`);
    try {
      if (!(await own.isMarked(signal))) return other(`${bucket.url} is not the bucket of ${shown}, only called so`);
      this.#studies.set(study, own);
    } catch (cause) {
      // Away for now: it is asked again with the next trial.
      if (!(cause instanceof BucketFailed)) throw cause;
    }
    return own;
  }

  /**
   * Sees to it that an attempt finds in its folder what the newest earlier one has left: here, or in the bucket. A bucket that is away is waited for; what is damaged is passed over, and said.
   * Resolves to whether what lies there came out of the bucket. Throws FileError, and AbortError where the worker is told to stop or has lost the trial.
   */
  async prepare(bucket: StudyBucket, fence: Fence, folder: string, lost?: AbortSignal): Promise<boolean> {
    const { onNote, times = usualTimes } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, lost].filter((one) => one !== undefined));
    const note = (what: string) => onNote?.(`trial ${fence.trial.slice(0, 8)}: ${what}`);
    let brought = false;
    if (fence.attempt > 1) {
      const until = performance.now() + times.patience.result;
      for (let tries = 0; ; tries++)
        try {
          brought = await this.#bring(bucket, fence, folder, { note, signal });
          break;
        } catch (cause) {
          if (!(cause instanceof BucketFailed)) throw cause;
          if (performance.now() > until) {
            note(`${cause.message}; it goes on from what is here`);
            break;
          }
          if (tries === 0) note(`${cause.message}; it waits for its checkpoint`);
          const [first, last] = times.backOff;
          await setTimeout(Math.min(last, first * 2 ** Math.min(tries, 20)), undefined, { signal });
        }
    }
    await makeFolder(join(folder, keptFolder));
    await writeFileAtomic(attemptPath(folder), String(fence.attempt));
    return brought;
  }

  async #bring(
    bucket: StudyBucket,
    { trial, attempt: own }: Fence,
    folder: string,
    { note, signal }: { readonly note: (what: string) => void; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const here = await attemptIn(folder);
    for (const attempt of await bucket.checkpointsOf(trial, signal)) {
      if (attempt >= own) continue;
      // What an attempt has here is at least as new as what it had uploaded.
      if (here !== undefined && here >= attempt) return false;
      const incoming = `${folder}.incoming`;
      try {
        const manifest = await bucket.manifest({ trial, attempt }, 'checkpoint', signal);
        if (manifest === undefined) continue;
        await rm(incoming, { recursive: true, force: true });
        await bucket.bring(manifest, incoming, signal);
        await rm(folder, { recursive: true, force: true });
        await rename(incoming, folder);
        return true;
      } catch (cause) {
        if (cause instanceof FilesRefused)
          note(`what attempt ${attempt} has left in the bucket is refused: ${cause.message}`);
        else if (cause instanceof Error && cause.name === 'AbortError') throw cause;
        else throw writeError(folder, cause);
      } finally {
        await rm(incoming, { recursive: true, force: true });
      }
    }
    return false;
  }

  /** Uploads the files of an attempt from now on: its newest checkpoint as it goes, and all that it leaves when it is told to finish. */
  async follow(
    bucket: StudyBucket,
    {
      fence,
      folder,
      spec,
      isThere,
    }: { readonly fence: Fence; readonly folder: string; readonly spec: string; readonly isThere: boolean },
  ): Promise<AttemptUpload> {
    const { onNote, times, signal: hurry } = this.#options;
    const job = jobSpecOf(spec, 'the settings of a trial');
    const newest = () => newestCheckpoint(folder, job);
    return new AttemptUpload({
      ...{ bucket, fence, folder, newest, hurry, onNote, times },
      there: isThere ? await newest().catch(() => undefined) : undefined,
    });
  }

  close(): void {
    this.#options.bucket.close();
  }
}

/** Says which attempt's files lie in a folder of this machine. */
const attemptPath = (folder: string) => join(folder, keptFolder, 'attempt');

async function attemptIn(folder: string): Promise<number | undefined> {
  const text = await readFile(attemptPath(folder), 'utf8').catch(() => '');
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : undefined;
}

/** What changes when there is a newer checkpoint; undefined while there is none to go on from. */
async function newestCheckpoint(folder: string, spec: JobSpec): Promise<string | undefined> {
  switch (spec.kind) {
    case 'piece':
      return undefined;
    case 'own': {
      const path = join(folder, 'checkpoint');
      if (!existsSync(path)) return undefined;
      return (await readdir(path))
        .filter((name) => !name.startsWith('.'))
        .sort()
        .at(-1);
    }
    case 'command': {
      if (spec.command.resume === null) return undefined;
      // A program may still be writing the newest one.
      for (const path of await findCheckpoints(join(folder, 'run'), spec.command.checkpoints)) {
        const { mtimeMs } = await stat(path);
        if (Math.abs(Date.now() - mtimeMs) >= settling) return `${path} ${mtimeMs}`;
      }
      return undefined;
    }
  }
}
