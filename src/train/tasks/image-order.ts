import { epochOrder } from '../../data/index.ts';

/** Some examples of one epoch, which lie one after another in the stream. */
export interface Piece {
  readonly epoch: number;
  readonly indices: Int32Array;
  /** Where they go in the batch. */
  readonly at: number;
}

/** The endless stream of examples: a random order in each epoch, epochs one after another without a gap. */
export class ImageOrder {
  readonly #count: number;
  readonly #seed: number;
  #order: { epoch: number; indices: Int32Array } | undefined;

  constructor(count: number, seed: number) {
    this.#count = count;
    this.#seed = seed;
  }

  /** The `size` examples from `position` on, by epoch. */
  *pieces(position: number, size: number): Generator<Piece> {
    for (let at = 0; at < size; ) {
      const epoch = Math.floor((position + at) / this.#count);
      const first = (position + at) % this.#count;
      const indices = this.#orderOf(epoch).subarray(first, Math.min(this.#count, first + size - at));
      yield { epoch, indices, at };
      at += indices.length;
    }
  }

  #orderOf(epoch: number): Int32Array {
    if (this.#order?.epoch !== epoch) this.#order = { epoch, indices: epochOrder(this.#count, this.#seed, epoch) };
    return this.#order.indices;
  }
}
