export type OnProgress = (fraction: number, detail: string) => void;

/** Progress over several parts, each of which tells only its own; what is told never goes back. */
export class PartedProgress {
  readonly #onProgress: OnProgress | undefined;
  #done = 0;
  #share = 0;
  #total = 1;

  constructor(onProgress: OnProgress | undefined) {
    this.#onProgress = onProgress;
  }

  /** The part before is done; the next one takes `share` of `total`. */
  begin(share: number, total: number): void {
    this.#done += this.#share;
    this.#share = share;
    this.#total = total;
  }

  readonly say: OnProgress = (fraction, detail) =>
    this.#onProgress?.(Math.min(1, (this.#done + fraction * this.#share) / this.#total), detail);
}
