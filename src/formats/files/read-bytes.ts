import { readFile, stat } from 'node:fs/promises';
import { FileError } from '../../base/errors.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  ERR_FS_FILE_TOO_LARGE: 'larger than 2 GiB',
};

/** Why reading failed, in words. */
export function readFailure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code !== undefined && reasons[code]) || `cannot be read (${code ?? message})`;
}

/** A whole file. `expected` says in the error what should have been there, e.g. `a safetensors file`. */
export async function readBytes(path: string, expected: string): Promise<Uint8Array> {
  try {
    const kind = await stat(path);
    // A device such as /dev/zero never ends.
    if (kind.isCharacterDevice() || kind.isBlockDevice())
      throw new FileError(path, `is a device; expected ${expected}`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new FileError(path, `${readFailure(cause)}; expected ${expected}`, { cause });
  }
}
