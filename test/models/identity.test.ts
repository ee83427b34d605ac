import { describe, expect, it } from 'vitest';
import { networkIdentity } from '../../src/models/identity.ts';
import { loadNetwork } from '../../src/models/load-network.ts';
import type { NetworkRequest } from '../../src/models/network.ts';

const identityOf = async (request: NetworkRequest) => networkIdentity(await loadNetwork(request));

describe('networkIdentity', () => {
  it('is the same for the same network loaded twice', async () => {
    const fresh = { model: 'resnet8', weights: 'random', seed: 3 };
    expect(await identityOf(fresh)).toBe(await identityOf(fresh));
    expect(await identityOf(fresh)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('differs with the weights, the classes, the size of the images and the normalization', async () => {
    const fresh = { model: 'resnet8', weights: 'random' };
    const found = await Promise.all(
      [
        fresh,
        { ...fresh, seed: 1 },
        { ...fresh, classes: 11 },
        { ...fresh, inputShape: [3, 16, 16] },
        { ...fresh, normalize: 'cifar10' },
        { ...fresh, model: 'resnet8b' },
        { model: 'mlp', weights: 'random' },
        { model: 'lstm1x8', weights: 'random', classes: 20 },
      ].map(identityOf),
    );
    expect(new Set(found).size).toBe(found.length);
  });
});
