/** What a peer says of a transformer's maps, and how far `ballast tokens` is from it. */
import { expect } from 'vitest';
import type { TokensResult } from '../../../src/schema/index.ts';

export interface PeerMap {
  readonly part: string;
  /** Of all tokens; none where they were not asked for. */
  readonly singularValues: readonly number[];
  readonly pairs: readonly {
    readonly from: number;
    readonly to: number;
    readonly singularValues: readonly number[];
    readonly frobenius: number;
  }[];
  readonly normality: readonly { readonly radius: number; readonly departure: number }[];
}

/** Largest difference relative to the largest value. */
export const apart = (found: readonly number[], known: readonly number[]): number =>
  Math.max(...known.map((v, i) => Math.abs(v - found[i]!))) / Math.max(...known, 1e-3);

/** Every map but the stream as the peer has it: singular values of all tokens and of pairs, radii and norms to 1e-4 of the largest, departures to 1e-3. */
export function expectMaps(result: TokensResult, known: readonly PeerMap[]): void {
  expect(result.unmeasured).toEqual([]);
  const maps = result.maps.filter((m) => m.part !== 'stream');
  expect(maps.map((m) => (m.part === 'convolution' ? 'block' : m.part))).toEqual(known.map((m) => m.part));
  maps.forEach((map, m) => {
    const peer = known[m]!;
    if (peer.singularValues.length) expect(apart(map.singularValues, peer.singularValues)).toBeLessThan(1e-4);
    expect(map.pairs.map((p) => [p.from, p.to])).toEqual(peer.pairs.map((p) => [p.from, p.to]));
    map.pairs.forEach((pair, p) => {
      const { singularValues, frobenius } = peer.pairs[p]!;
      expect(pair.singularValues.length).toBe(singularValues.length);
      expect(apart(pair.singularValues, singularValues)).toBeLessThan(1e-4);
      if (pair.frobenius !== null) expect(apart([pair.frobenius], [frobenius])).toBeLessThan(1e-4);
    });
    map.normality.forEach((n, i) => {
      expect(apart([n.radius], [peer.normality[i]!.radius])).toBeLessThan(1e-4);
      expect(n.departure).toBeCloseTo(peer.normality[i]!.departure, 3);
    });
  });
}
