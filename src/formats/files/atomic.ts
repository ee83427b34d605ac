import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BallastError, FileError } from '../../base/errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'larger than the file system or its limit allows',
  EROFS: 'the file system is read-only',
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  ENOENT: 'its folder does not exist',
  EEXIST: 'there is a file of this name',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'is a folder',
  ENAMETOOLONG: 'its name is too long',
  EIO: 'the device reports an input/output error',
};

/** The one-line error of a failed write to `path`. */
export function writeError(path: string, cause: unknown): BallastError {
  if (cause instanceof BallastError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = (code !== undefined && reasons[code]) || (code ?? message);
  return new FileError(path, `cannot be written: ${reason}; nothing was changed there`, { cause });
}

/** Makes a folder and those above it; it may be there already. Throws FileError. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeWithParents(resolve(path));
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** One folder after another: Node's own recursion never ends where a folder exists and takes no new ones, as in /proc. */
async function makeWithParents(path: string): Promise<void> {
  const make = () =>
    mkdir(path).catch(async (cause: NodeJS.ErrnoException) => {
      const there = await stat(path).catch(() => undefined);
      if (there?.isDirectory() !== true) throw cause;
    });
  try {
    await make();
  } catch (cause) {
    const above = dirname(path);
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw cause;
    await makeWithParents(above);
    await make();
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
  }
}

/**
 * Writes a file as a whole or not at all: into a temporary file of the same folder, which is flushed to the disk and then
 * renamed over `path`. Readers see the old content or the new one. When anything fails (including the iterable that
 * yields the content) the temporary file is removed, `path` is as it was, and the error is a FileError of one line.
 *
 * @param content Text, bytes, or pieces of bytes that are written one after another, so they need not be in memory at once.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomBytes(6).toString('hex')}.tmp`);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx');
    if (typeof content === 'string') await writeAll(file, Buffer.from(content));
    else if (content instanceof Uint8Array) await writeAll(file, content);
    else for await (const chunk of content) await writeAll(file, chunk);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (cause) {
    await file?.close().catch(() => undefined);
    if (file) await unlink(temporary).catch(() => undefined);
    throw writeError(path, cause);
  }
  await syncFolder(dirname(path));
}

/** Makes the rename itself survive a power cut; not every platform can open a folder, and then the file is still whole. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
