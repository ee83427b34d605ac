import { gunzipSync, inflateSync } from 'node:zlib';
import { FileError } from '../errors.ts';

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

/** Unpacks gzip data that may hold at most `maxBytes`. `path` opens the messages. */
export function unpackGzip(bytes: Uint8Array, path: string, maxBytes: number): Uint8Array {
  return unpack('gzip', () => gunzipSync(bytes, { maxOutputLength: maxBytes }), path, maxBytes);
}

/** Unpacks zlib data that may hold at most `maxBytes`. `path` opens the messages. */
export function unpackZlib(bytes: Uint8Array, path: string, maxBytes: number): Uint8Array {
  return unpack('zlib', () => inflateSync(bytes, { maxOutputLength: maxBytes }), path, maxBytes);
}
