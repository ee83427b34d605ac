import { smallEigen } from '../../../linalg/small-eigen.ts';
import { type UnitMap, vectors } from './unit-map.ts';

export interface Top {
  /** Singular values, descending. */
  readonly values: readonly number[];
  /** Largest change of them in the last round, relative to the largest. */
  readonly change: number;
}

/** Rounds at most, and the change at which they end. */
const mostRounds = 60;
const enough = 1e-4;

/** Columns of a block made orthonormal, one after another, twice each. */
function orthonormalize(block: Float32Array, n: number): void {
  for (let i = 0; i < vectors; i++) {
    const own = block.subarray(i * n, (i + 1) * n);
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) {
        const other = block.subarray(j * n, (j + 1) * n);
        let dot = 0;
        for (let k = 0; k < n; k++) dot += own[k]! * other[k]!;
        for (let k = 0; k < n; k++) own[k]! -= dot * other[k]!;
      }
    let norm = 0;
    for (let k = 0; k < n; k++) norm += own[k]! * own[k]!;
    norm = Math.sqrt(norm);
    for (let k = 0; k < n; k++) own[k]! /= norm || 1;
  }
}

/** Numbers that are the same each time (Park, Miller 1988). */
function drawn(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647 - 0.5;
  });
}

/**
 * The largest singular values of a map by subspace iteration on JᵀJ with Rayleigh-Ritz (Rutishauser 1970): slow where values are close together, and in need of little.
 * `onRound` is told what is known after each round; `signal` stops it.
 */
export async function topOf(
  map: UnitMap,
  count: number,
  signal: AbortSignal,
  onRound: (top: Top) => void,
): Promise<Top> {
  const { rows, cols } = map;
  const block = drawn(vectors * cols);
  let top: Top = { values: [], change: 1 };
  for (let round = 0; round < mostRounds; round++) {
    signal.throwIfAborted();
    orthonormalize(block, cols);
    const image = await map.apply(block);
    const gram = new Float64Array(vectors * vectors);
    for (let i = 0; i < vectors; i++)
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let k = 0; k < rows; k++) dot += image[i * rows + k]! * image[j * rows + k]!;
        gram[i * vectors + j] = gram[j * vectors + i] = dot;
      }
    const values = [...smallEigen(gram, vectors).values].slice(0, count).map((v) => Math.sqrt(Math.max(0, v)));
    const largest = values[0] || 1;
    const change =
      top.values.length === 0 ? 1 : Math.max(...values.map((v, i) => Math.abs(v - top.values[i]!))) / largest;
    top = { values, change };
    onRound(top);
    if (change < enough) break;
    block.set(await map.applyTranspose(image));
  }
  return top;
}
