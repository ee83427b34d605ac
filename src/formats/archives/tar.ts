import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { BallastError, FileError } from '../../base/errors.ts';
import { Budget } from '../budget.ts';
import { readFailure } from '../files/read-bytes.ts';
import { quote } from '../quote.ts';
import { inflatedLimit } from './gzip.ts';

/** How large a file is, and whether it is compressed. */
async function look(path: string): Promise<{ bytes: number; gzip: boolean }> {
  const file = await open(path, 'r');
  try {
    const { size: bytes } = await file.stat();
    const start = Buffer.alloc(2);
    await file.read(start, 0, 2, 0);
    return { bytes, gzip: start[0] === 0x1f && start[1] === 0x8b };
  } finally {
    await file.close();
  }
}

/** Passes on at most `most` bytes; more are a FileError. */
function atMost(most: number, path: string): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      seen += chunk.length;
      if (seen > most)
        done(new FileError(path, `unpacks to more than ${most} bytes; far more than a file of this size may`));
      else done(null, chunk);
    },
  });
}

interface Member {
  /** As the archive has it, e.g. `folder/file.bin`. */
  readonly name: string;
  readonly size: number;
}

/**
 * Goes through the files of a `.tar` or `.tar.gz`.
 *
 * @param wants Whether a file is to be read; may throw, and must have bounded its size when it says yes.
 * @param take Gets each such file; reading stops when it returns true.
 */
async function scan(
  path: string,
  wants: (member: Member) => boolean,
  take: (name: string, content: Uint8Array) => boolean,
): Promise<void> {
  const enough = new AbortController();
  const unpack = extract();
  unpack.on('entry', (header, stream, next) => {
    const member = { name: header.name, size: header.size ?? 0 };
    stream.on('error', next);
    let wanted: boolean;
    try {
      wanted = header.type === 'file' && wants(member);
    } catch (error) {
      next(error as Error);
      return;
    }
    if (header.type === 'directory') {
      // A damaged header may give it a size, of which the parser then never sends the end.
      next();
      return;
    }
    if (!wanted) {
      stream.on('end', next);
      stream.resume();
      return;
    }
    const content = new Uint8Array(member.size);
    let at = 0;
    stream.on('data', (data: unknown) => {
      const chunk = data as Uint8Array;
      content.set(chunk, at);
      at += chunk.length;
    });
    stream.on('end', () => {
      if (take(member.name, content)) enough.abort();
      next();
    });
  });
  try {
    const source = createReadStream(path, { highWaterMark: 1 << 18 });
    const options = { signal: enough.signal };
    const { bytes, gzip } = await look(path);
    const bound = atMost(inflatedLimit(bytes), path);
    if (gzip) await pipeline(source, createGunzip({ chunkSize: 1 << 18 }), bound, unpack, options);
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
  const last = (name: string) => name.split('/').at(-1) ?? '';
  const wants = ({ name, size }: Member): boolean => {
    const expected = wanted.get(last(name));
    if (expected === undefined || found.has(last(name))) return false;
    if (size !== expected) {
      throw new FileError(path, `${quote(name)} in it has ${size} bytes, expected ${expected}`);
    }
    return true;
  };
  await scan(path, wants, (name, content) => {
    found.set(last(name), content);
    return found.size === wanted.size;
  });
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  if (missing.length) throw new FileError(path, `truncated or another archive: it has no ${missing.join(', ')}`);
  return found;
}

/**
 * The files of a `.tar` or `.tar.gz` whose names pass a test, by their names in it.
 *
 * @param limits The largest file and the sum of all that may be kept; beyond them is a FileError, before anything is allocated.
 */
export async function readTarFiles(
  path: string,
  accept: (name: string) => boolean,
  limits: { readonly fileBytes: number; readonly totalBytes: number },
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  const budget = new Budget(path, limits.totalBytes);
  const wants = ({ name, size }: Member): boolean => {
    if (!accept(name)) return false;
    if (found.has(name)) throw new FileError(path, `holds ${quote(name)} twice`);
    if (size > limits.fileBytes) {
      throw new FileError(path, `${quote(name)} in it has ${size} bytes, expected at most ${limits.fileBytes}`);
    }
    budget.spend(size, quote(name));
    return true;
  };
  await scan(path, wants, (name, content) => {
    found.set(name, content);
    return false;
  });
  return found;
}
