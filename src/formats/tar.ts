import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { BallastError, FileError } from '../errors.ts';
import { quote } from './quote.ts';
import { readFailure } from './read-bytes.ts';

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const start = Buffer.alloc(2);
    await file.read(start, 0, 2, 0);
    return start[0] === 0x1f && start[1] === 0x8b;
  } finally {
    await file.close();
  }
}

/**
 * The members of a `.tar` or `.tar.gz` file whose last path component is in `wanted`, by that component.
 * Reading stops once all have been found, so damage behind the last one is not seen.
 *
 * @param wanted Name to size in bytes: a member of another size is a FileError, before anything of it is kept.
 */
export async function readTarMembers(
  path: string,
  wanted: ReadonlyMap<string, number>,
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const enough = new AbortController();
  const unpack = extract();
  unpack.on('entry', (header, stream, next) => {
    const name = header.name.split('/').at(-1) ?? '';
    const size = wanted.get(name);
    stream.on('error', next);
    if (header.type !== 'file' || size === undefined || found.has(name)) {
      stream.on('end', next);
      stream.resume();
      return;
    }
    if (header.size !== size) {
      next(new FileError(path, `${quote(header.name)} in it has ${header.size} bytes, expected ${size}`));
      return;
    }
    const content = new Uint8Array(size);
    let at = 0;
    stream.on('data', (data: unknown) => {
      const chunk = data as Uint8Array;
      content.set(chunk, at);
      at += chunk.length;
    });
    stream.on('end', () => {
      found.set(name, content);
      if (found.size === wanted.size) enough.abort();
      next();
    });
  });
  try {
    const source = createReadStream(path, { highWaterMark: 1 << 18 });
    const options = { signal: enough.signal };
    if (await isGzip(path)) await pipeline(source, createGunzip({ chunkSize: 1 << 18 }), unpack, options);
    else await pipeline(source, unpack, options);
  } catch (cause) {
    if (cause instanceof BallastError) throw cause;
    if (!enough.signal.aborted) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const damaged = code === undefined || code.startsWith('Z_');
      throw new FileError(
        path,
        damaged ? `truncated or damaged archive (${message}); expected a .tar or .tar.gz file` : readFailure(cause),
        { cause },
      );
    }
  }
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  if (missing.length) throw new FileError(path, `truncated or another archive: it has no ${missing.join(', ')}`);
  return found;
}
