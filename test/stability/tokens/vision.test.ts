/** Jacobians of the tokens of small vision transformers, as PyTorch exports them, against PyTorch's own in float64. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonWithTorch } from '../../../bench/harness.ts';
import { apart, expectMaps } from './agreement.ts';
import { VisionPeer } from './vision.ts';

describe.skipIf(!pythonWithTorch())('tokens of images', () => {
  let peer: VisionPeer;
  beforeAll(() => {
    peer = new VisionPeer();
  });
  afterAll(() => peer?.close());

  it.each([
    ['vit', 'block attention feed-forward block attention feed-forward stream', [17, 17]],
    // Two blocks of 8 x 8 places, one of 4 x 4 behind the merging of patches.
    ['swin', 'block attention feed-forward block attention feed-forward block attention feed-forward', [64, 64, 16]],
    ['convnext', 'block block block', [64, 64, 16]],
    // x + a(x) + m(x) is one unit.
    ['beside', 'block block stream', [16, 16]],
    ['pre_norm', 'block attention feed-forward block attention feed-forward stream', [16, 16]],
  ])('%s: attention, feed-forward and blocks, and coupling within a stage', async (network, parts, counts) => {
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
  });

  it.each(['post_norm', 'post_norm_written_out'])('%s: a block ends behind its normalization', async (network) => {
    const { known, found } = await peer.measured(network, { tokens: [0, 5] });
    expectMaps(found, known.maps);
    expect(found.maps.some((m) => m.additive && m.part === 'block')).toBe(false);
    expect(found.coupling).toEqual([]);
    // What the normalization behind a block takes away: the mean of a token, so that one singular value of each is 0.
    const [block] = found.maps;
    expect(block!.normality[0]!.eigenvalues.at(-1)!.map(Math.abs)).toEqual([
      expect.closeTo(0, 4),
      expect.closeTo(0, 4),
    ]);
  });
});
