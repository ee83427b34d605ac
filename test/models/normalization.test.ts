import { describe, expect, it } from 'vitest';
import { loadNetwork } from '../../src/models/load-network.ts';
import { describeNormalization, imagenetNormalization, normalizationNamed } from '../../src/models/normalization.ts';

describe('normalization', () => {
  it('is one by name, or any mean and deviation by channel or for all of them', () => {
    expect(normalizationNamed('imagenet')).toBe(imagenetNormalization);
    expect(normalizationNamed('default')).toBeUndefined();
    expect(normalizationNamed('0.5, 0.4,0.3/0.25,1,2e-1')).toEqual({ mean: [0.5, 0.4, 0.3], std: [0.25, 1, 0.2] });
    expect(normalizationNamed('0.5/0.5')).toEqual({ mean: [0.5], std: [0.5] });
    for (const wrong of ['mnist', '0.5', '0.5/0.5/0.5', 'constructor', '']) {
      expect(() => normalizationNamed(wrong), wrong).toThrow(
        /^normalization: expected imagenet, .* such as 0\.5,0\.5,0\.5\/0\.25/,
      );
    }
    expect(() => normalizationNamed('0.5,0.5/0.5')).toThrow('2 means and 1 deviations');
    for (const wrong of ['0.5/0', '0.5/-1', 'x/1', '0.5/x', '123.7/58.4', '/1', '0.5/Infinity'])
      expect(() => normalizationNamed(wrong), wrong).toThrow('expected means from 0 to 1 and deviations above 0');
  });

  it('in force is told with its values and its reason, and is what the network does', async () => {
    const said = async (normalize: string | undefined) => {
      const network = await loadNetwork({
        model: 'mlp4',
        weights: 'random',
        inputShape: [3, 2, 2],
        classes: 2,
        normalize,
      });
      return { text: describeNormalization(network.normalization!), nodes: network.graph(1).nodes };
    };
    expect((await said(undefined)).text).toBe(
      'imagenet (mean 0.485, 0.456, 0.406; deviation 0.229, 0.224, 0.225), by default',
    );
    expect((await said('none')).text).toBe('none (pixels from 0 to 1)');
    expect((await said('0.5/0.5')).text).toBe('mean 0.5, 0.5, 0.5; deviation 0.5, 0.5, 0.5');
    expect((await said('0.485,0.456,0.406/0.229,0.224,0.225')).text).toMatch(/^imagenet \(.*\)$/);
    await expect(said('0.5,0.5/0.5,0.5')).rejects.toThrow('is for 2 channels, images have 3');
  });
});
