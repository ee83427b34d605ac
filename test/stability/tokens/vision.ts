/** Small vision transformers that PyTorch exports, measured beside its own Jacobians. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Peer } from '../../../bench/harness.ts';
import { loadNetwork } from '../../../src/models/index.ts';
import { tensor } from '../../../src/onnx/index.ts';
import { measureTokens } from '../../../src/stability/index.ts';
import { apart, expectMaps, type PeerMap } from './agreement.ts';

interface Answer {
  readonly maps: readonly PeerMap[];
  /** By stage, token, and the two blocks. */
  readonly coupling: readonly (readonly (readonly (readonly number[])[])[])[];
}

/** The peer vision_tokens.py: what it says of a network, and what Ballast finds in the file that it wrote. */
export class VisionPeer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ballast-vision-'));
  readonly #peer = Peer.start('vision_tokens.py', [this.#folder])!;

  async measured(network: string, options: { readonly tokens: readonly number[]; readonly whole?: boolean }) {
    const [top, { tokens }] = [5, options];
    const known = await this.#peer.ask<Answer>({ network, top, ...options });
    const read = await loadNetwork({ model: join(this.#folder, `${network}.onnx`) });
    const bytes = readFileSync(join(this.#folder, `${network}.image`));
    const input = tensor('float32', [1, 3, 32, 32], new Float32Array(Uint8Array.from(bytes).buffer));
    const found = await measureTokens({
      ...{ network: read, graph: read.graph(1), dataset: 'noise', points: [{ at: 0, input, labels: [0] }] },
      ...{ tokens, top, radius: 0.01, steps: 1, seed: 0, runtime: { threads: 1 } },
    });
    return { known, found };
  }

  close(): void {
    this.#peer.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Whether what is measured of a network is what PyTorch has: maps of these parts, in their order, blocks of so many tokens, and their coupling. */
export async function expectAgreement(
  peer: VisionPeer,
  network: string,
  parts: string,
  counts: readonly number[],
): Promise<void> {
  // The second stage of Swin has no place 20: its block is measured at the others.
  const tokens = network === 'swin' ? [0, 5, 20] : [0, 5];
  const { known, found } = await peer.measured(network, { tokens, whole: network !== 'swin' });
  expectMaps(found, known.maps);
  expect(found.maps.map((m) => m.part).join(' ')).toBe(parts);
  const blocks = found.maps.filter((m) => m.part === 'block');
  expect(blocks.map((m) => m.tokens)).toEqual(counts);
  expect(blocks.every((m) => m.additive)).toBe(true);
  const expected = known.coupling.flat();
  expect(found.coupling.map((c) => c.values.length)).toEqual(expected.map((c) => c.length));
  found.coupling.forEach((c, k) => {
    c.values.forEach((row, i) => {
      expect(apart(row, expected[k]![i]!)).toBeLessThan(1e-3);
    });
  });
}
