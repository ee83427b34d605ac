/** Jacobians of the tokens of small vision transformers, as PyTorch exports them, against PyTorch's own in float64. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { pythonWithTorch } from '../../../bench/harness.ts';
import { expectAgreement, VisionPeer } from './vision.ts';

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
  ])('%s: attention, feed-forward and blocks, and coupling within a stage', (...expected) =>
    expectAgreement(peer, ...expected),
  );
});
