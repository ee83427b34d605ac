import { spawn } from 'node:child_process';
import { FileError } from '../../base/errors.ts';

/**
 * Decompresses an `.xz` file with the `xz` program (Node has no decoder for it).
 *
 * @param size Bytes that must come out; a file that unpacks to less or more is a FileError, and never more than that is kept.
 * @param options.atMost Less may come out, too.
 */
export async function unpackXz(
  path: string,
  size: number,
  { atMost = false }: { readonly atMost?: boolean } = {},
): Promise<Uint8Array> {
  const child = spawn('xz', ['--decompress', '--stdout', '--', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const content = new Uint8Array(size);
  let at = 0;
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 1000) complaint += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (at + chunk.length > size) child.kill();
    else content.set(chunk, at);
    at += chunk.length;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const problem =
        cause.code === 'ENOENT'
          ? 'needs the program xz to be read (Debian: apt install xz-utils)'
          : `xz cannot be started (${cause.code})`;
      reject(new FileError(path, problem, { cause }));
    });
  });
  if (at > size) throw new FileError(path, `unpacks to more than the ${size} bytes expected`);
  if (status !== 0) {
    const reason = complaint.trim().split('\n')[0]?.split(': ').at(-1);
    throw new FileError(path, `xz cannot unpack it (${reason || `exit status ${status}`}); expected ${size} bytes`);
  }
  if (at < size && !atMost) throw new FileError(path, `unpacks to ${at} bytes, expected ${size}`);
  return content.subarray(0, at);
}
