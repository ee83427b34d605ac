import { FileError } from '../base/errors.ts';

/**
 * How much memory a file may make its reader allocate. A few bytes of a hostile file can ask for terabytes
 * (a tensor of stride 0, a zip bomb, one long string copied a million times), so every allocation
 * that the size of the file does not already bound is spent here before it is made. What is left only ever falls.
 */
export class Budget {
  readonly #path: string;
  #left: number;

  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#left = bytes;
  }

  /** Throws FileError when `bytes` more are not allowed, or are no number of bytes at all. */
  spend(bytes: number, what: string): void {
    if (!(bytes >= 0)) throw new FileError(this.#path, `${what} needs ${bytes} bytes; expected a number of bytes`);
    if (bytes > this.#left) {
      throw new FileError(this.#path, `${what} needs ${bytes} bytes; far more than a file of this size may ask for`);
    }
    this.#left -= bytes;
  }
}
