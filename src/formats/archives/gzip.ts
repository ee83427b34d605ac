import { gunzipSync, inflateSync } from 'node:zlib';
import { FileError } from '../../base/errors.ts';

/** The most that so many compressed bytes may unpack to: deflate reaches 1000 to 1, but only on what holds next to nothing. */
export const inflatedLimit = (bytes: number): number => 64 * bytes + 2 ** 26;

function unpack(kind: string, decode: () => Buffer, path: string, maxBytes: number): Uint8Array {
  try {
    return decode();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const problem =
      code === 'ERR_BUFFER_TOO_LARGE'
        ? `unpacks to more than the ${maxBytes} bytes expected`
        : `truncated or damaged ${kind} data (${message})`;
    throw new FileError(path, problem, { cause });
  }
}

/** Unpacks gzip data that may hold at most `maxBytes`, and no more than `inflatedLimit`. `path` opens the messages. */
export function unpackGzip(bytes: Uint8Array, path: string, maxBytes: number): Uint8Array {
  const most = Math.min(maxBytes, inflatedLimit(bytes.length));
  return unpack('gzip', () => gunzipSync(bytes, { maxOutputLength: most }), path, most);
}

/** Unpacks zlib data that may hold at most `maxBytes`. `path` opens the messages. */
export function unpackZlib(bytes: Uint8Array, path: string, maxBytes: number): Uint8Array {
  return unpack('zlib', () => inflateSync(bytes, { maxOutputLength: maxBytes }), path, maxBytes);
}
