/** More networks than `npm test` has: those of images that PyTorch exports, against its own Jacobians in float64. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonWithTorch } from '../../../bench/harness.ts';
import { expectMaps } from './agreement.ts';
import { expectAgreement, VisionPeer } from './vision.ts';

describe.skipIf(!pythonWithTorch())('tokens of images', () => {
  let peer: VisionPeer;
  beforeAll(() => {
    peer = new VisionPeer();
  });
  afterAll(() => peer?.close());

  it.each([
    ['convnext', 'block block block', [64, 64, 16]],
    // x + a(x) + m(x) is one unit.
    ['beside', 'block block stream', [16, 16]],
    ['pre_norm', 'block attention feed-forward block attention feed-forward stream', [16, 16]],
  ])('%s: attention, feed-forward and blocks, and coupling within a stage', (...expected) =>
    expectAgreement(peer, ...expected),
  );

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
