/** `ballast tokens` against PyTorch's Jacobians in float64, for our own transformer and for the same network from ONNX. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Peer, pythonWithTorch, writeParameters } from '../../../bench/harness.ts';
import { RandomStream } from '../../../src/base/random.ts';
import { loadNetwork, modelNamed, type Network, withValues } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { tensor } from '../../../src/onnx/index.ts';
import { measureTokens } from '../../../src/stability/index.ts';
import { apart, expectMaps, type PeerMap } from './agreement.ts';
import { VisionPeer } from './vision.ts';

interface Answer {
  readonly maps: readonly PeerMap[];
  readonly coupling: readonly (readonly (readonly number[])[])[];
  readonly loss: number;
}

const [layers, width, heads, vocabulary, length, top] = [2, 64, 2, 50, 9, 5];
const tokens = [0, 4, 8];

describe.skipIf(!pythonWithTorch())('the Jacobians of tokens', () => {
  it('equal those of PyTorch to 1e-4, from our own model and from ONNX, with coupling and departure from normality', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ballast-tokens-'));
    const model = modelNamed(`transformer${layers}x${width}`, { classes: vocabulary });
    // Larger than a fresh network's values, so that attention is far from uniform and branches from nothing.
    const stream = new RandomStream({ seed: 4, purpose: 'test/values' });
    const params = new Map(
      [...initialize(model.parameters, 4)].map(([name, t]) => [
        name,
        { ...t, data: (t.data as Float32Array).map((v) => v + 0.15 * stream.normal()) },
      ]),
    );
    writeParameters(params, folder);
    const peer = Peer.start('tokens.py', [folder, String(heads)])!;
    try {
      const ids = Array.from({ length }, () => stream.integer(vocabulary));
      const expected = await peer.ask<Answer>({ ids, tokens, top });
      const own: Network = { ...withValues(model, params), weights: 'random' };
      const foreign = await loadNetwork({ model: join(folder, 'network.onnx') });
      expect(foreign).toMatchObject({ task: 'language', classes: vocabulary });
      for (const network of [own, foreign]) {
        const found = await measureTokens({
          network,
          graph: network.graph(1, length),
          dataset: 'random',
          points: [
            {
              at: 0,
              input: tensor('int64', [1, length], BigInt64Array.from(ids, BigInt)),
              labels: [...ids.slice(1), -1],
            },
          ],
          ...{ tokens, top, radius: 0.01, steps: 2, seed: 0 },
        });
        expectMaps(found, expected.maps);
        found.coupling.forEach((c, t) => {
          c.values.forEach((row, i) => {
            expect(apart(row, expected.coupling[t]![i]!)).toBeLessThan(1e-3);
          });
        });
        expect(found.growth[0]!.loss).toBeCloseTo(expected.loss, 4);
      }
    } finally {
      peer.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each([
    ['vit_larger', [0, 7, 40]],
    ['swin_larger', [0, 7, 60]],
    ['convnext_larger', [0, 7, 15]],
  ])('of %s too, those of its images', async (network, chosen) => {
    const peer = new VisionPeer();
    try {
      const { known, found } = await peer.measured(network, { tokens: chosen, whole: network !== 'swin_larger' });
      expectMaps(found, known.maps);
    } finally {
      peer.close();
    }
  });

  it('of more than 1024 numbers come from products alone', async () => {
    const peer = new VisionPeer();
    try {
      const { known, found } = await peer.measured('wide', { tokens: [0, 3], whole: false });
      expectMaps(found, known.maps);
      expect(found.maps.map((m) => m.width)).toEqual([1152, 1152, 1152]);
      for (const map of found.maps) {
        // The map of all tokens has 4608 numbers on either side and comes from products too, with its residual.
        expect(map.singularValues.length).toBe(5);
        expect(map.residual).toBeLessThan(1e-5);
        expect(map.normality).toEqual([]);
        expect(map.pairs.map((p) => p.frobenius)).toEqual([null, null, null, null]);
      }
      expect(found.coupling).toEqual([]);
    } finally {
      peer.close();
    }
  });
});
