import { describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/data/index.ts';
import { evaluate } from '../../src/evaluate/index.ts';
import { loadNetwork } from '../../src/models/index.ts';
import { realData } from '../support/real-data.ts';

describe.skipIf(!realData('checkpoints'))('the published checkpoints on the CIFAR-10 test set', () => {
  it.each([
    ['resnet20', 'resnet20-12fca82f.th', 91.73],
    ['resnet32', 'resnet32-d509ac18.th', 92.63],
    ['resnet44', 'resnet44-014dd654.th', 93.1],
    ['resnet56', 'resnet56-4bfd9763.th', 93.39],
  ])('%s scores its published accuracy to 0.02 %%', async (model, file, percent) => {
    const dataset = await loadDataset({ name: 'cifar10', dir: realData('cifar10')!, split: 'test' });
    const network = await loadNetwork({ model, weights: realData(`checkpoints/${file}`)! });
    const { accuracy } = await evaluate(network, dataset);
    expect(Math.abs(100 * accuracy - percent)).toBeLessThanOrEqual(0.02);
  });
});
