/** The files of one attempt on their way to a bucket, beside the computation. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { BallastError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';
import type { Fence } from '../../schema/index.ts';
import { filesBelow, type TrialFile } from '../trial-files.ts';
import { BucketFailed } from './bucket.ts';
import { fileKey, isCarried, type ListedFile, type ListName, listKey, mostFiles, namesProblem } from './manifest.ts';
import type { StudyBucket } from './study-bucket.ts';

/** Bytes up to which a file goes in one piece. */
const onePiece = 8 << 20;
/** How often files are listed again that changed or went away meanwhile, before that is left to the next round. */
const again = 5;

/** Milliseconds, for tests to shorten. */
export interface UploadTimes {
  /** Between two uploads while the trial runs. */
  readonly pause: number;
  /** Between looks for a newer checkpoint. */
  readonly looking: number;
  /** Between tries where the bucket fails, at first and at most. */
  readonly backOff: readonly [number, number];
  /** Without any success, after which the last upload is given up: of a trial that has ended, and of one that is given back. */
  readonly patience: { readonly result: number; readonly checkpoint: number };
}

export const usualTimes: UploadTimes = {
  pause: 30_000,
  looking: 2_000,
  backOff: [2_000, 30_000],
  patience: { result: 600_000, checkpoint: 45_000 },
};

export interface AttemptUploadOptions {
  readonly bucket: StudyBucket;
  readonly fence: Fence;
  readonly folder: string;
  /** What says which checkpoint is the newest; undefined where there is none to go on from. */
  readonly newest: () => Promise<string | undefined>;
  /** The checkpoint that is in the bucket already. */
  readonly there?: string | undefined;
  /** The worker is told to stop: it waits for no longer than with a trial that it gives back. */
  readonly hurry?: AbortSignal | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  readonly times?: UploadTimes | undefined;
}

interface Failure {
  readonly why: string;
  /** Whether waiting may help. */
  readonly passes: boolean;
}

/** A file changed while it was read. */
class Changed extends BallastError {}

export class AttemptUpload {
  readonly #options: AttemptUploadOptions;
  readonly #times: UploadTimes;
  readonly #stop = new AbortController();
  /** What files were found to be, by path: those that are as they were are not read again. */
  readonly #known = new Map<string, { readonly facts: string; readonly listed: ListedFile }>();
  /** Contents that are in the bucket. */
  readonly #there = new Set<string>();
  /** Contents that a list names. */
  readonly #listed = new Map<ListName, ReadonlySet<string>>();
  #progress = performance.now();
  #waits = false;
  #told = false;
  readonly #watching: Promise<void>;

  constructor(options: AttemptUploadOptions) {
    this.#options = options;
    this.#times = options.times ?? usualTimes;
    this.#watching = this.#watch(this.#stop.signal).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#note(`its checkpoints are not uploaded: ${(error as Error).message}`);
    });
  }

  /** The trial is somebody else's. */
  stop(): void {
    this.#stop.abort();
  }

  /** Uploads what is there now, and ends. Resolves to why that did not succeed. */
  async finish(list: ListName, signal?: AbortSignal): Promise<string | undefined> {
    this.stop();
    await this.#watching;
    this.#progress = performance.now();
    for (let tries = 0; ; tries++) {
      const failure = await this.#tried(list, signal);
      if (failure === undefined) return undefined;
      const patience = this.#times.patience[this.#options.hurry?.aborted ? 'checkpoint' : list];
      const since = performance.now() - this.#progress;
      if (signal?.aborted || !failure.passes || since >= patience) return failure.why;
      await setTimeout(Math.min(this.#backOff(tries), patience - since), undefined, { signal }).catch(() => {});
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { newest } = this.#options;
    let done = this.#options.there;
    let tries = 0;
    for (let wait = this.#times.looking; ; ) {
      await setTimeout(wait, undefined, { signal });
      wait = this.#times.looking;
      const mark = await newest().catch(() => undefined);
      if (mark === undefined || mark === done) continue;
      const failure = await this.#tried('checkpoint', signal);
      signal.throwIfAborted();
      if (failure === undefined) {
        done = mark;
        tries = 0;
        wait = this.#times.pause;
      } else wait = this.#backOff(tries++);
    }
  }

  /** How an upload failed, and whether it may succeed later; undefined when it is there. That files wait, and no longer do, is said once each. */
  async #tried(list: ListName, signal: AbortSignal | undefined): Promise<Failure | undefined> {
    try {
      await this.#upload(list, signal);
      if (this.#waits) this.#note('its files go to the bucket again');
      this.#waits = false;
      return undefined;
    } catch (cause) {
      if (signal?.aborted) return { why: 'the worker was told to stop', passes: false };
      const { code } = cause as NodeJS.ErrnoException;
      if (!(cause instanceof BallastError) && code === undefined) throw cause;
      const why = cause instanceof BallastError ? cause.message : code!;
      if (!this.#waits) this.#note(`${why}; its files wait here`);
      this.#waits = true;
      return { why, passes: cause instanceof BucketFailed };
    }
  }

  #backOff(tries: number): number {
    const [first, last] = this.#times.backOff;
    return Math.min(last, first * 2 ** Math.min(tries, 20));
  }

  #note(what: string): void {
    this.#options.onNote?.(`trial ${this.#options.fence.trial.slice(0, 8)}: ${what}`);
  }

  async #upload(list: ListName, signal: AbortSignal | undefined): Promise<void> {
    for (let tries = 1; ; tries++)
      try {
        return await this.#uploadOnce(list, signal);
      } catch (cause) {
        const isMoving = cause instanceof Changed || (cause as NodeJS.ErrnoException).code === 'ENOENT';
        if (!isMoving || tries >= again) throw cause;
      }
  }

  async #uploadOnce(list: ListName, signal: AbortSignal | undefined): Promise<void> {
    const { bucket, fence, folder } = this.#options;
    // Names first and what is in them afterwards: the curve that goes with a checkpoint is as long as that needs.
    const all = existsSync(folder) ? await filesBelow(folder, { kept: list === 'checkpoint' }) : [];
    const files = all.filter(({ names }) => isCarried(names, list) && namesProblem(names) === undefined);
    this.#tellOfOdd(all);
    if (files.length > mostFiles)
      throw new BallastError(`${files.length} files are more than go to a bucket, which are ${mostFiles}`);
    const listed: ListedFile[] = [];
    for (const file of files) listed.push(await this.#uploadFile(file, signal));
    const manifest = { kind: 'files of a trial', study: bucket.study, ...fence, files: listed };
    await bucket.bucket.put(listKey(bucket.study, fence, list), Buffer.from(JSON.stringify(manifest)), signal);
    this.#progress = performance.now();
    this.#listed.set(list, new Set(listed.map((file) => file.sha256)));
    await this.#removeOld();
  }

  #tellOfOdd(all: readonly TrialFile[]): void {
    const odd = all.find(({ names }) => namesProblem(names) !== undefined);
    if (odd === undefined || this.#told) return;
    this.#told = true;
    this.#note(`${quote(odd.names.join('/'))} stays here: ${namesProblem(odd.names)}`);
  }

  async #uploadFile(found: TrialFile, signal: AbortSignal | undefined): Promise<ListedFile> {
    const { bucket, fence } = this.#options;
    const path = found.names.join('/');
    const facts = `${found.bytes} ${found.changed}`;
    const known = this.#known.get(path);
    if (known?.facts === facts && this.#there.has(known.listed.sha256)) return known.listed;
    const file = await open(found.path, 'r');
    try {
      // As long as it is now: a log grows meanwhile.
      const { size: bytes } = await file.stat();
      const pieces = (offset: number, length: number) => readExactly(file, offset, length);
      let sha256: string;
      if (bytes <= onePiece) {
        const data = await pieces(0, bytes);
        sha256 = createHash('sha256').update(data).digest('hex');
        if (!this.#there.has(sha256)) await bucket.bucket.put(fileKey(bucket.study, fence, sha256), data, signal);
      } else {
        sha256 = await hashOf(pieces, bytes, signal);
        if (!this.#there.has(sha256)) await this.#uploadLarge(path, pieces, bytes, sha256, signal);
      }
      this.#progress = performance.now();
      this.#there.add(sha256);
      const listed = { path: [...found.names], bytes, sha256 };
      this.#known.set(path, { facts, listed });
      return listed;
    } finally {
      await file.close();
    }
  }

  async #uploadLarge(
    path: string,
    pieces: (offset: number, length: number) => Promise<Uint8Array>,
    bytes: number,
    sha256: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { bucket, fence } = this.#options;
    const sent = createHash('sha256');
    const hashed = async (offset: number, length: number) => {
      const data = await pieces(offset, length);
      sent.update(data);
      return data;
    };
    const isStill = () => sent.digest('hex') === sha256;
    const onPiece = () => {
      this.#progress = performance.now();
    };
    const key = fileKey(bucket.study, fence, sha256);
    if (!(await bucket.bucket.putLarge(key, hashed, bytes, isStill, { signal, onPiece })))
      throw new Changed(`${path} changed while it was uploaded`);
  }

  /** Removes what no list names any more; what cannot be removed now is by the coordinator at the end. */
  async #removeOld(): Promise<void> {
    const { bucket, fence } = this.#options;
    const old = [...this.#there].filter((hash) => ![...this.#listed.values()].some((wanted) => wanted.has(hash)));
    for (const hash of old) this.#there.delete(hash);
    try {
      await bucket.bucket.remove(old.map((hash) => fileKey(bucket.study, fence, hash)));
    } catch (cause) {
      if (!(cause instanceof BucketFailed)) throw cause;
    }
  }
}

async function readExactly(file: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const data = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(data, done, length - done, offset + done);
    if (bytesRead === 0) throw new Changed('a file became shorter while it was read');
    done += bytesRead;
  }
  return data;
}

/** Bytes that are read at a time for their hash. */
const reading = 1 << 20;

async function hashOf(
  pieces: (offset: number, length: number) => Promise<Uint8Array>,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes; at += reading) {
    signal?.throwIfAborted();
    hash.update(await pieces(at, Math.min(reading, bytes - at)));
  }
  return hash.digest('hex');
}
