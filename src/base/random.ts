/**
 * Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * A stream is keyed by (seed, purpose, step, index), so any draw can be made again on its own, in any order:
 * what image 4321 gets in epoch 7 does not depend on what was drawn before.
 */

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/**
 * High 32 bits of the 64-bit product of two unsigned 32-bit integers. The product as a double is off by at most 2^10; without its exact low word
 * it is a multiple of 2^32, and rounding finds which.
 */
function mulHigh(a: number, b: number): number {
  return Math.round((a * b - (Math.imul(a, b) >>> 0)) / 4294967296);
}

/** One block of the cipher: four 32-bit counters and two 32-bit keys to four random 32-bit words. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, c0);
    const high1 = mulHigh(M1, c2);
    const low0 = Math.imul(M0, c0) >>> 0;
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c1 = low1;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** FNV-1a, to turn the name of a purpose into a key. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

export interface StreamKey {
  /** A non-negative integer below 2^32. */
  readonly seed: number;
  /** What the numbers are for, e.g. `init/conv1.weight`: streams of different purposes are independent. */
  readonly purpose: string;
  readonly step?: number;
  readonly index?: number;
}

/** The numbers of one (seed, purpose, step, index), drawn in order. */
export class RandomStream {
  readonly #key: readonly [number, number];
  readonly #step: number;
  readonly #index: number;
  #block = 0;
  #words: readonly number[] = [];
  #spare: number | undefined;

  constructor({ seed, purpose, step = 0, index = 0 }: StreamKey) {
    this.#key = [seed >>> 0, hash(purpose)];
    this.#step = step >>> 0;
    this.#index = index >>> 0;
  }

  /** Uniform on the integers 0 .. 2^32 - 1. */
  uint32(): number {
    const at = this.#block & 3;
    if (at === 0) this.#words = philox([this.#block >>> 2, 0, this.#index, this.#step], this.#key);
    this.#block++;
    return this.#words[at]!;
  }

  /** Uniform on [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  /** Uniform on the integers 0 .. n - 1 (n at most 2^32; the bias is below n / 2^53). */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Fills an array with standard normal values times `scale` and returns it. */
  fillNormal<T extends Float32Array | Float64Array>(out: T, scale = 1): T {
    for (let i = 0; i < out.length; i++) out[i] = scale * this.normal();
    return out;
  }
}
