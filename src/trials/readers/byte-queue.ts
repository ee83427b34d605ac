/** Bytes that came in pieces and are taken in others, each copied at most once more. */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  /** Of the first piece, taken already. */
  #from = 0;
  length = 0;

  /** The piece is copied: its memory may be used again. */
  push(piece: Uint8Array): void {
    this.#pieces.push(Uint8Array.from(piece));
    this.length += piece.length;
  }

  /** The next `length` bytes, which stay unless `take` follows. There must be so many. */
  peek(length: number): Uint8Array {
    const first = this.#pieces[0] ?? new Uint8Array(0);
    if (first.length - this.#from >= length) return first.subarray(this.#from, this.#from + length);
    const all = Buffer.concat([first.subarray(this.#from), ...this.#pieces.slice(1)]);
    this.#pieces = [all];
    this.#from = 0;
    return all.subarray(0, length);
  }

  take(length: number): Uint8Array {
    const bytes = this.peek(length);
    this.#from += length;
    this.length -= length;
    if (this.#from === this.#pieces[0]?.length) {
      this.#pieces.shift();
      this.#from = 0;
    }
    return bytes;
  }

  clear(): void {
    this.#pieces = [];
    this.#from = this.length = 0;
  }
}
