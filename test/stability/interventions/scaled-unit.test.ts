import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../../src/base/random.ts';
import type { ImageDataset } from '../../../src/data/index.ts';
import { type Network, resnet, withValues } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { measureIntervention } from '../../../src/stability/interventions/intervention-measurement.ts';
import { ScaledUnit } from '../../../src/stability/interventions/scaled-unit.ts';

const draw = new RandomStream({ seed: 2, purpose: 'test' });
const dataset: ImageDataset = {
  ...{ name: 'noise', classes: ['a', 'b'], count: 4, shape: [3, 8, 8] },
  pixels: Uint8Array.from({ length: 4 * 192 }, () => 255 * draw.uniform()),
  labels: Uint8Array.from({ length: 4 }, (_, i) => i % 2),
};
const model = resnet({ depth: 8, width: 4, classes: 2, inputShape: [3, 8, 8] });
const network: Network = { ...withValues(model, initialize(model.parameters, 4)), weights: 'test' };

describe('the top of the spectrum of a scaled unit', () => {
  it.each(['layer1.0', 'layer3.0'])('is that of the whole spectrum of the network with scales: %s', async (name) => {
    const unit = await ScaledUnit.open({ network, dataset, image: 1, unit: name });
    const whole = await measureIntervention({
      ...{ network, dataset, images: [1], units: name, skipScales: [0.5], weightScales: [3] },
      ...{ operatingPoint: 'frozen', evaluationImages: 2, finalRelu: false, method: 'dense', top: 5 },
    });
    for (const { skipScale, weightScale, units } of [whole.unchanged, ...whole.scales]) {
      const { values, residual } = await unit.top({ skipScale, weightScale }, 5);
      expect(residual).toBeLessThan(1e-2);
      expect(values.length).toBe(5);
      values.forEach((value, i) => {
        expect(value, `${skipScale}, ${weightScale}: ${i}`).toBeCloseTo(units[0]!.singularValues[i]!, 2);
      });
    }
    await unit.dispose();
  });

  it('names a unit that is not there', async () => {
    await expect(ScaledUnit.open({ network, dataset, image: 0, unit: 'layer9.0' })).rejects.toThrow(/layer9\.0/);
  });
});
