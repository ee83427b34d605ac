import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { makeFolder, nameProblem, pathBelow, quote, writeError } from '../../formats/index.ts';
import { FilesRefused, filesBelow } from '../trial-files.ts';

/** Bytes of a piece, and of all files of a trial: what is more stays on the worker. */
const piece = 1 << 20;
const mostBytes = 1 << 28;
const mostFiles = 10_000;
/** Seconds that files wait for a coordinator. */
const kept = 7 * 86_400;

const headSchema = z.strictObject({
  /** Names of folders and of the file. */
  path: z.array(z.string()).min(1).max(20),
  offset: z.int().nonnegative(),
  /** SHA-256 of the whole file, with its last piece. */
  sha256: z.string().nullable(),
});

/** Sends the files of a trial, piece by piece. Resolves to why not, where they are more than is sent. */
export async function sendFiles(redis: Redis, key: string, folder: string): Promise<string | undefined> {
  const files = await filesBelow(folder);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > mostBytes || files.length > mostFiles)
    return `its files are too many to be sent back and stay in ${folder}: ${files.length}, of ${(bytes / 1e6).toFixed(0)} MB`;
  await redis.del(key);
  for (const { path, names } of files) {
    const file = await open(path, 'r');
    const hash = createHash('sha256');
    try {
      for (let offset = 0, end = false; !end; ) {
        const buffer = Buffer.alloc(piece);
        const { bytesRead } = await file.read(buffer, 0, piece, offset);
        const data = buffer.subarray(0, bytesRead);
        hash.update(data);
        end = bytesRead < piece;
        const head = Buffer.from(JSON.stringify({ path: names, offset, sha256: end ? hash.digest('hex') : null }));
        const length = Buffer.alloc(4);
        length.writeUInt32BE(head.length);
        await redis.rpush(key, Buffer.concat([length, head, data]));
        offset += bytesRead;
      }
    } finally {
      await file.close();
    }
  }
  await redis.expire(key, kept);
  return undefined;
}

/** Takes what was sent of a trial into its folder: each file whole and as it was, or not at all. `keep`: others will take it as well. Throws FilesRefused for a path that leads elsewhere or a piece that is damaged, and FileError where it cannot be written. */
export async function receiveFiles(
  redis: Redis,
  key: string,
  folder: string,
  { keep = false }: { readonly keep?: boolean } = {},
): Promise<void> {
  const incoming = `${folder}.incoming`;
  await rm(incoming, { recursive: true, force: true });
  await makeFolder(folder);
  await makeFolder(incoming);
  const hashes = new Map<string, ReturnType<typeof createHash>>();
  try {
    for (let i = 0; ; i++) {
      const frame = await redis.lindexBuffer(key, i);
      if (frame === null) break;
      const { head, data } = parsed(frame);
      const to = pathBelow(incoming, ...head.path);
      await mkdir(dirname(to), { recursive: true });
      const file = await open(to, head.offset === 0 ? 'w' : 'r+');
      try {
        await file.write(data, 0, data.length, head.offset);
      } finally {
        await file.close();
      }
      const hash = hashes.get(to) ?? createHash('sha256');
      hashes.set(to, hash);
      hash.update(data);
      if (head.sha256 === null) continue;
      if (hash.digest('hex') !== head.sha256)
        throw new FilesRefused(`${quote(head.path.join('/'))} did not arrive as it was sent`);
      const final = pathBelow(folder, ...head.path);
      await mkdir(dirname(final), { recursive: true });
      await rename(to, final);
    }
    if (!keep) await redis.del(key);
  } catch (cause) {
    throw writeError(folder, cause);
  } finally {
    await rm(incoming, { recursive: true, force: true });
  }
}

function parsed(frame: Buffer) {
  try {
    const length = frame.readUInt32BE(0);
    const head = headSchema.parse(JSON.parse(frame.toString('utf8', 4, 4 + length)));
    const problem = head.path.map(nameProblem).find((p) => p !== undefined);
    if (problem !== undefined) throw new FilesRefused(`${quote(head.path.join('/'))}: ${problem}`);
    return { head, data: frame.subarray(4 + length) };
  } catch (cause) {
    if (cause instanceof FilesRefused) throw cause;
    throw new FilesRefused('what was sent is no piece of a file', { cause });
  }
}
