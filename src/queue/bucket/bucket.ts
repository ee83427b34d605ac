/** A bucket of an S3-compatible server, as far as files of trials need it. */
import type { Readable } from 'node:stream';
import { BallastError, UsageError } from '../../base/errors.ts';

/** Where a bucket is. Its keys are no part of it: they come from the environment or a profile, as for all programs of Amazon's library. */
export interface BucketPlace {
  /** `s3://NAME/PREFIX`. */
  readonly url: string;
  /** Of a server that is not Amazon's. */
  readonly endpoint?: string | undefined;
}

/** The bucket was asked and did not do it: it may later. */
export class BucketFailed extends BallastError {}

/** Bytes in pieces, read from `offset` on and never kept in memory together. */
export type Pieces = (offset: number, length: number) => Promise<Uint8Array>;

/** Keys are below the prefix. All throw BucketFailed, or AbortError where their signal fires. */
export interface Bucket {
  readonly url: string;
  put(key: string, data: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** An object that may be large, piece by piece; `isStill` is asked before it is made of them. False where it is not. */
  putLarge(
    key: string,
    pieces: Pieces,
    bytes: number,
    isStill: () => boolean,
    options?: { readonly signal?: AbortSignal | undefined; readonly onPiece?: (() => void) | undefined },
  ): Promise<boolean>;
  /** An object of at most so many bytes; undefined where there is none. */
  get(key: string, most: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Its bytes from an offset on; undefined where there is none. */
  read(key: string, offset: number, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Keys that begin so. */
  list(prefix: string, signal?: AbortSignal): Promise<string[]>;
  remove(keys: readonly string[]): Promise<void>;
  /** Throws UsageError for keys, a bucket or a server that are not the right ones. */
  check(): Promise<void>;
  close(): void;
}

/** Bytes of a piece of a large object; S3 takes ten thousand of at least 5 MB. */
const piece = 8 << 20;
const mostPieces = 9_000;
/** Pieces on their way at a time. */
const atATime = 3;
/** Milliseconds without a byte after which a connection counts as dead. */
const silence = 30_000;

/** In words what services and the library call so. */
const reasons: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'the access key is not known there; AWS_ACCESS_KEY_ID has it, or a profile',
  SignatureDoesNotMatch: 'the secret key is not the right one; AWS_SECRET_ACCESS_KEY has it, or a profile',
  CredentialsProviderError: 'no keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
  AccessDenied: 'these keys may not do that there (they need to list, read, write and remove objects)',
  Forbidden: 'these keys may not do that there (they need to list, read, write and remove objects)',
  ExpiredToken: 'the session of these keys has expired',
  InvalidToken: 'the session of these keys is not valid',
  NoSuchBucket: 'there is no such bucket',
  PermanentRedirect: 'the bucket is in another region; AWS_REGION names it',
  AuthorizationHeaderMalformed: 'the bucket is in another region; AWS_REGION names it',
  RequestTimeTooSkewed: 'the clock of this machine is wrong',
};

/** Those that waiting does not help. */
const lasting = new Set(Object.keys(reasons).filter((name) => name !== 'RequestTimeTooSkewed'));

interface ServiceFailure {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** What failed, in words. What the library says itself is not repeated: it may quote requests, which are signed. */
function reasonOf(cause: unknown): string {
  const { name = 'Error', code, $metadata } = cause as ServiceFailure;
  const status = $metadata?.httpStatusCode;
  if (reasons[name] !== undefined) return reasons[name];
  return status === undefined ? `it does not answer (${code ?? name})` : `it answers ${name} (${status})`;
}

const isMissing = (cause: unknown) => ['NoSuchKey', 'NotFound'].includes((cause as ServiceFailure).name ?? '');

async function library(): Promise<typeof import('@aws-sdk/client-s3')> {
  // It says on standard error which versions of Node its next ones will ask for: nothing that a user of Ballast can act on.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  try {
    return await import('@aws-sdk/client-s3');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new UsageError(
      'a bucket needs a library that is not installed with Ballast: npm install @aws-sdk/client-s3',
      {
        cause,
      },
    );
  }
}

/** Opens the way to a bucket; nothing is asked yet. Throws UsageError where the library or a region is missing. */
export async function openBucket({ url, endpoint }: BucketPlace): Promise<Bucket> {
  const s3 = await library();
  const [, , name = '', ...below] = url.split('/');
  const full = (key: string) => [...below, key].join('/');
  const options = {
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // Files are checked by their SHA-256; servers of others refuse the sums that the library adds.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    requestHandler: {
      ...{ connectionTimeout: 10_000, socketTimeout: silence, requestTimeout: 20 * silence },
      throwOnRequestTimeout: true,
    },
  } as const;
  let client = new s3.S3Client(options);
  try {
    await client.config.region();
  } catch (cause) {
    client.destroy();
    if (endpoint === undefined)
      throw new UsageError(`${url}: its region is not known; AWS_REGION names it, or a profile`, { cause });
    client = new s3.S3Client({ ...options, region: 'us-east-1' });
  }
  const failed = (cause: unknown) => {
    if (cause instanceof BallastError || (cause as Error).name === 'AbortError') return cause;
    return new BucketFailed(`${url}: ${reasonOf(cause)}`, { cause });
  };
  const asking = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (cause) {
      throw failed(cause);
    }
  };
  const given = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });
  const list: Bucket['list'] = (prefix, signal) =>
    asking(async () => {
      const found: string[] = [];
      for (let from: string | undefined; ; ) {
        const page = await client.send(
          new s3.ListObjectsV2Command({ Bucket: name, Prefix: full(prefix), ContinuationToken: from }),
          given(signal),
        );
        const skipped = full('').length;
        for (const { Key: key } of page.Contents ?? []) if (key !== undefined) found.push(key.slice(skipped));
        from = page.NextContinuationToken;
        if (!page.IsTruncated || from === undefined) return found;
      }
    });
  const read: Bucket['read'] = (key, offset, signal) =>
    asking(async () => {
      try {
        const { Body: body } = await client.send(
          new s3.GetObjectCommand({
            ...{ Bucket: name, Key: full(key) },
            ...(offset === 0 ? {} : { Range: `bytes=${offset}-` }),
          }),
          given(signal),
        );
        return timely(body as Readable, failed, signal);
      } catch (cause) {
        if (isMissing(cause)) return undefined;
        throw cause;
      }
    });
  return {
    url,
    list,
    read,
    put: (key, data, signal) =>
      asking(async () => {
        await client.send(new s3.PutObjectCommand({ Bucket: name, Key: full(key), Body: data }), given(signal));
      }),
    putLarge: (key, pieces, bytes, isStill, { signal, onPiece } = {}) =>
      asking(async () => {
        const object = { Bucket: name, Key: full(key) };
        const length = Math.max(piece, Math.ceil(bytes / mostPieces));
        const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand(object), given(signal));
        const upload = { ...object, UploadId };
        try {
          const parts: { PartNumber: number; ETag: string | undefined }[] = [];
          const sending = new Set<Promise<void>>();
          let broken: { readonly cause: unknown } | undefined;
          for (let at = 0, number = 1; at < bytes && broken === undefined; at += length, number++) {
            const data = await pieces(at, Math.min(length, bytes - at));
            const sent = client
              .send(new s3.UploadPartCommand({ ...upload, PartNumber: number, Body: data }), given(signal))
              .then(
                ({ ETag }) => {
                  parts[number - 1] = { PartNumber: number, ETag };
                  onPiece?.();
                },
                (cause: unknown) => {
                  broken ??= { cause };
                },
              )
              .finally(() => sending.delete(sent));
            sending.add(sent);
            if (sending.size >= atATime) await Promise.race(sending);
          }
          await Promise.all(sending);
          if (broken !== undefined) throw (broken as { readonly cause: unknown }).cause;
          if (isStill()) {
            await client.send(
              new s3.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } }),
              given(signal),
            );
            return true;
          }
          await client.send(new s3.AbortMultipartUploadCommand(upload));
          return false;
        } catch (cause) {
          // Pieces of what never becomes an object are paid for as well.
          await client.send(new s3.AbortMultipartUploadCommand(upload)).catch(() => {});
          throw cause;
        }
      }),
    async get(key, most, signal) {
      const body = await read(key, 0, signal);
      if (body === undefined) return undefined;
      const found: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > most) throw new BucketFailed(`${url}: ${key} is larger than it can be`);
        found.push(chunk);
      }
      return Buffer.concat(found);
    },
    remove: (keys) =>
      asking(async () => {
        for (const key of keys) await client.send(new s3.DeleteObjectCommand({ Bucket: name, Key: full(key) }));
      }),
    async check() {
      try {
        // Nothing begins so: what is asked is whether one may.
        await client.send(new s3.ListObjectsV2Command({ Bucket: name, Prefix: full('check/') }));
      } catch (cause) {
        const why = `${endpoint === undefined ? url : `${url} at ${endpoint}`}: ${reasonOf(cause)}`;
        throw lasting.has((cause as Error).name) ? new UsageError(why, { cause }) : new BallastError(why, { cause });
      }
    },
    close: () => client.destroy(),
  };
}

/** The pieces of a body, as long as they come: one that is silent is noticed here, for the library looks after the beginning of an answer alone. */
async function* timely(
  body: Readable,
  failed: (cause: unknown) => unknown,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const late = () => void body.destroy(Object.assign(new Error('silent'), { code: 'no answer' }));
  const stop = () => void body.destroy(new DOMException('told to stop', 'AbortError'));
  signal?.addEventListener('abort', stop);
  let timer = setTimeout(late, silence);
  try {
    for await (const chunk of body) {
      clearTimeout(timer);
      yield chunk as Uint8Array;
      timer = setTimeout(late, silence);
    }
  } catch (cause) {
    throw failed(cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}
