import { describe, expect, it } from 'vitest';
import { shapesDataset } from '../../../src/data/index.ts';
import { modelNamed, quadratic } from '../../../src/models/index.ts';
import { initialize } from '../../../src/nn/index.ts';
import { tensor } from '../../../src/onnx/index.ts';
import { linearApproximation } from '../../../src/study/linear/linear-approximation.ts';
import { ClassificationTask } from '../../../src/train/index.ts';

describe('the linear-approximation error of a step', () => {
  it('is rate g’Hg / (2 |g|²) on a quadratic, over micro-batches of different size', async () => {
    const spectrum = [2, 1, 0.5];
    const model = quadratic({ spectrum });
    const noise = [
      [0.3, -0.2, 0.1],
      [0.1, 0.4, -0.5],
      [-0.2, 0.1, 0.9],
      [0.5, 0.3, 0.2],
      [0.8, -0.4, -0.3],
    ];
    const theta = [1, -2, 0.5];
    const found = await linearApproximation({
      task: {
        objective: (batch) => ({ graph: model.trace(batch), loss: (_, outputs) => outputs.get('loss')! }),
        batch: (position, size) => ({
          inputs: {
            noise: tensor(
              'float32',
              [size, 3],
              Float32Array.from(noise.slice(position - 7, position - 7 + size).flat()),
            ),
          },
          targets: size,
        }),
      },
      parameters: model.parameters,
      values: new Map([['theta', tensor('float32', [3], Float32Array.from(theta))]]),
      position: 7,
      batchSize: 5,
      microBatch: 2,
      rates: [0.1, 1.5],
    });
    const mean = spectrum.map((_, i) => noise.reduce((sum, n) => sum + n[i]!, 0) / 5);
    const g = spectrum.map((h, i) => h * theta[i]! + mean[i]!);
    const square = g.reduce((sum, x) => sum + x * x, 0);
    const curved = g.reduce((sum, x, i) => sum + spectrum[i]! * x * x, 0);
    expect(found.gradSquare / square).toBeCloseTo(1, 5);
    for (const { rate, error, measured } of found.points) {
      expect(error).toBeCloseTo((rate * curved) / (2 * square), 4);
      expect(measured).toBeCloseTo(rate * square - (rate ** 2 * curved) / 2, 4);
    }
    // Beyond 2 / curvature the step climbs, and the error says so.
    expect(found.points[1]!.error).toBeGreaterThan(1);
    expect(found.points[1]!.measured).toBeLessThan(0);
  });

  it('vanishes with the rate on a network with batch normalization, in proportion to it', async () => {
    const model = modelNamed('resnet8', { classes: 10, inputShape: [3, 32, 32] });
    const data = shapesDataset({ count: 16, seed: 1, split: 'train' });
    const found = await linearApproximation({
      task: new ClassificationTask({ model, train: data, valid: data, seed: 1, augment: undefined, smoothing: 0 }),
      parameters: model.parameters,
      values: initialize(model.parameters, 3),
      position: 0,
      batchSize: 16,
      microBatch: 8,
      rates: [1e-3, 2e-3, 1],
    });
    const [small, twice, large] = found.points.map((p) => p.error);
    expect(small).toBeLessThan(0.2);
    expect(twice! / small!).toBeGreaterThan(1.6);
    expect(twice! / small!).toBeLessThan(2.4);
    expect(large).toBeGreaterThan(0.5);
  });

  it('refuses a rate that is none', async () => {
    const model = quadratic({ spectrum: [1] });
    await expect(
      linearApproximation({
        task: {
          objective: () => ({ graph: model.trace(1), loss: () => undefined as never }),
          batch: () => undefined as never,
        },
        parameters: model.parameters,
        values: new Map(),
        position: 0,
        batchSize: 1,
        microBatch: 1,
        rates: [0],
      }),
    ).rejects.toThrow('expected positive rates, got 0');
  });
});
