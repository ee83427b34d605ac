import { type FileHandle, open } from 'node:fs/promises';
import { FileError } from '../../base/errors.ts';
import { readFailure } from '../../formats/index.ts';

const chunkBytes = 1 << 18;
const witnessBytes = 1 << 10;

/**
 * A file that may be growing, read from where the last call stopped. Between calls it is closed, so a file that was replaced by a longer one is followed. One that became shorter, or whose
 * bytes just before the place reached are others than before, was written anew and is read from its beginning.
 */
export class FollowedFile {
  readonly path: string;
  rewritten = 0;
  #offset = 0;
  /** The first bytes and the last ones read: what tells a longer file from another one. */
  #head: Uint8Array = new Uint8Array(0);
  #tail: Uint8Array = new Uint8Array(0);

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Gives what was added, piece by piece; a piece is only valid during the call. `onRewritten` comes before the first piece of a file that was written anew. A file that is not there has nothing yet.
   * What is added during the call may wait for the next one. Throws FileError where the file cannot be read.
   */
  async read(take: (piece: Uint8Array) => void, onRewritten: () => void): Promise<void> {
    const file = await this.#open();
    if (!file) return;
    try {
      const { size } = await file.stat();
      if (size < this.#offset || !(await this.#same(file))) {
        this.rewritten++;
        this.#offset = 0;
        this.#head = this.#tail = new Uint8Array(0);
        onRewritten();
      }
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(1, size - this.#offset)));
      while (this.#offset < size) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - this.#offset), this.#offset);
        if (bytesRead === 0) return;
        const piece = buffer.subarray(0, bytesRead);
        if (this.#head.length < witnessBytes)
          this.#head = Buffer.concat([this.#head, piece.subarray(0, witnessBytes - this.#head.length)]);
        this.#tail = Buffer.concat([this.#tail, piece.subarray(-witnessBytes)]).subarray(-witnessBytes);
        this.#offset += bytesRead;
        take(piece);
      }
    } catch (cause) {
      throw cause instanceof FileError ? cause : this.#failure(cause);
    } finally {
      await file.close();
    }
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      return await open(this.path, 'r');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw this.#failure(cause);
    }
  }

  async #same(file: FileHandle): Promise<boolean> {
    for (const [was, at] of [
      [this.#head, 0],
      [this.#tail, this.#offset - this.#tail.length],
    ] as const) {
      const now = Buffer.alloc(was.length);
      const { bytesRead } = await file.read(now, 0, was.length, at);
      if (bytesRead < was.length || !now.equals(was)) return false;
    }
    return true;
  }

  #failure(cause: unknown): unknown {
    const { code } = cause as NodeJS.ErrnoException;
    return typeof code === 'string' ? new FileError(this.path, readFailure(cause), { cause }) : cause;
  }
}
