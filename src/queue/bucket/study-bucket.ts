/** The objects of one study in a bucket, for those who read them. */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { version } from '../../base/version.ts';
import { makeFolder, pathBelow, quote, writeError } from '../../formats/index.ts';
import type { Fence } from '../../schema/index.ts';
import { FilesRefused } from '../trial-files.ts';
import { type Bucket, BucketFailed } from './bucket.ts';
import {
  attemptOfKey,
  fileKey,
  type ListedFile,
  type ListName,
  listKey,
  longestManifest,
  type Manifest,
  manifestOf,
  markKey,
  studyPrefix,
  trialPrefix,
} from './manifest.ts';

/** Files that are read at a time. */
const atATime = 4;
/** How often a file that breaks off is gone on with. */
const most = 5;

export class StudyBucket {
  readonly bucket: Bucket;
  readonly study: string;

  constructor(bucket: Bucket, study: string) {
    this.bucket = bucket;
    this.study = study;
  }

  /** Tells workers that this is the bucket. */
  async mark(): Promise<void> {
    await this.bucket.put(markKey(this.study), Buffer.from(`${JSON.stringify({ kind: 'study', ballast: version })}\n`));
  }

  /** Whether the coordinator means this bucket: at another server there may be one of the same name. */
  async isMarked(signal?: AbortSignal): Promise<boolean> {
    return (await this.bucket.get(markKey(this.study), 1 << 16, signal)) !== undefined;
  }

  /** Attempts of a trial that have left a checkpoint, the newest first. */
  async checkpointsOf(trial: string, signal?: AbortSignal): Promise<number[]> {
    const keys = await this.bucket.list(trialPrefix(this.study, trial), signal);
    const wanted = new Set<number>();
    for (const key of keys) {
      const attempt = attemptOfKey(key);
      if (attempt !== undefined && key === listKey(this.study, { trial, attempt }, 'checkpoint')) wanted.add(attempt);
    }
    return [...wanted].sort((a, b) => b - a);
  }

  /** The list of an attempt's files; undefined where there is none. Throws FilesRefused for one that is not in order. */
  async manifest(fence: Fence, list: ListName, signal?: AbortSignal): Promise<Manifest | undefined> {
    const data = await this.bucket.get(listKey(this.study, fence, list), longestManifest, signal);
    return data && manifestOf(data, this.study, fence, list);
  }

  /** Brings listed files into a folder that is empty or not there, each as it was uploaded. Throws FilesRefused for one that is not, BucketFailed, FileError, and AbortError. */
  async bring(manifest: Manifest, folder: string, signal?: AbortSignal): Promise<void> {
    await makeFolder(folder);
    const waiting = [...manifest.files];
    const stop = new AbortController();
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const next = async () => {
      for (let file = waiting.shift(); file !== undefined && !either.aborted; file = waiting.shift())
        await this.#bringOne(manifest, file, pathBelow(folder, ...file.path), either);
    };
    const results = await Promise.allSettled(
      Array.from({ length: atATime }, () =>
        next().catch((cause: unknown) => {
          stop.abort();
          throw cause;
        }),
      ),
    );
    signal?.throwIfAborted();
    const broken = results.filter((r) => r.status === 'rejected').map((r) => r.reason as Error);
    // What broke first has stopped the others.
    const cause = broken.find((error) => error.name !== 'AbortError') ?? broken[0];
    if (cause !== undefined) throw cause;
  }

  async #bringOne(manifest: Manifest, { path, bytes, sha256 }: ListedFile, to: string, signal: AbortSignal) {
    const key = fileKey(this.study, manifest, sha256);
    const hash = createHash('sha256');
    const refused = () => new FilesRefused(`${quote(path.join('/'))} is not as it was uploaded`);
    const file = await mkdir(dirname(to), { recursive: true })
      .then(() => open(to, 'wx'))
      .catch((cause) => {
        throw writeError(to, cause);
      });
    try {
      let at = 0;
      for (let tries = 1; at < bytes; tries++)
        try {
          const body = await this.bucket.read(key, at, signal);
          if (body === undefined) throw new FilesRefused(`${quote(path.join('/'))} is not in the bucket`);
          for await (const chunk of body) {
            if (at + chunk.length > bytes) throw refused();
            hash.update(chunk);
            for (let done = 0; done < chunk.length; )
              done += (
                await file.write(chunk, done, chunk.length - done, at + done).catch((cause) => {
                  throw writeError(to, cause);
                })
              ).bytesWritten;
            at += chunk.length;
          }
          if (at < bytes) throw new BucketFailed(`${this.bucket.url}: ${key} breaks off`);
        } catch (cause) {
          if (!(cause instanceof BucketFailed) || tries >= most) throw cause;
        }
      if (hash.digest('hex') !== sha256) throw refused();
    } finally {
      await file.close();
    }
  }

  /** Takes the files that an ended attempt has left into its trial's folder: all of them, each whole and as it was, or none. False where it left none here. Throws as `bring` does. */
  async takeResult(fence: Fence, folder: string): Promise<boolean> {
    const manifest = await this.manifest(fence, 'result');
    if (manifest === undefined) return false;
    const incoming = `${folder}.incoming`;
    await rm(incoming, { recursive: true, force: true });
    try {
      await this.bring(manifest, incoming);
      await makeFolder(folder);
      for (const { path } of manifest.files) {
        const final = pathBelow(folder, ...path);
        await mkdir(dirname(final), { recursive: true });
        await rename(pathBelow(incoming, ...path), final);
      }
      return true;
    } catch (cause) {
      throw cause instanceof Error && cause.name === 'AbortError' ? cause : writeError(folder, cause);
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
  }

  /** Removes what attempts of a trial up to this one have left. */
  async removeUpTo({ trial, attempt }: Fence): Promise<void> {
    const keys = await this.bucket.list(trialPrefix(this.study, trial));
    await this.bucket.remove(keys.filter((key) => (attemptOfKey(key) ?? 0) <= attempt));
  }

  /** Removes all objects of the study. */
  async clear(): Promise<void> {
    await this.bucket.remove(await this.bucket.list(studyPrefix(this.study)));
  }
}
