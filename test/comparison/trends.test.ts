import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../src/base/random.ts';
import type { TrainedModel } from '../../src/comparison/result.ts';
import { isAboveChance, trendsOf } from '../../src/comparison/trends.ts';

/** Networks of a study of three rules, whose distance to the boundary follows the given slopes. */
function networks(
  slopes: { readonly batch: number; readonly rate: number; readonly loss: number },
  noise: number,
  seed = 1,
): TrainedModel[] {
  const stream = new RandomStream({ seed, purpose: 'networks' });
  return [0, 1, 2].flatMap((run) =>
    [64, 256, 1024, 4096].flatMap((batchSize) =>
      [0, 0.5, 1].map((power): TrainedModel => {
        const learningRate = 0.1 * (batchSize / 64) ** power;
        const trainLoss = 1.5 + 0.1 * Math.log2(batchSize / 64) + 0.1 * stream.normal();
        const distance =
          1 +
          slopes.batch * Math.log2(batchSize) +
          slopes.rate * Math.log2(learningRate) +
          slopes.loss * trainLoss +
          noise * stream.normal();
        return {
          trialId: `${run}/${batchSize}/${power}`,
          strategies: [['BLR', 'SRSR', 'LSR'][2 * power]!],
          batchSize,
          learningRate,
          optimizer: 'momentum',
          seed: run,
          steps: 100,
          examples: 100 * batchSize,
          trainLoss,
          valLoss: trainLoss,
          accuracy: 0.4,
          attacks: [],
          distance,
          growth: [],
          norms: [],
        };
      }),
    ),
  );
}

const distanceOf = (models: readonly TrainedModel[]) => trendsOf(models, models)[0]!;

describe('how stability goes with the batch', () => {
  it('is less, more, not shown or not testable: the four verdicts', () => {
    expect(distanceOf(networks({ batch: -0.1, rate: 0, loss: 0 }, 0.1)).batch.outcome).toBe('agrees');
    expect(distanceOf(networks({ batch: 0.1, rate: 0, loss: 0 }, 0.1)).batch.outcome).toBe('disagrees');
    const open = distanceOf(networks({ batch: 0, rate: 0, loss: 0 }, 0.1)).batch;
    expect(open.outcome).toBe('cannot tell');
    expect(open.power!.detectable).toBeGreaterThan(0);
    const one = networks({ batch: -0.1, rate: 0, loss: 0 }, 0.1).filter((m) => m.batchSize === 64);
    expect(distanceOf(one).batch.outcome).toBe('not testable here');
    expect(trendsOf(one, [])[0]!.batch.outcome).toBe('not testable here');
  });

  it('is told apart from what the rate and the training loss do', () => {
    const { batch, rate, both, loss } = distanceOf(networks({ batch: -0.14, rate: 0.19, loss: 0.5 }, 0.02));
    expect(both!.estimate).toBeCloseTo(batch.effect!.estimate + rate!.estimate, 10);
    expect(both!.low).toBeLessThan(0.05);
    expect(both!.high).toBeGreaterThan(0.05);
    expect(both!.low).toBeGreaterThan(0);
    expect(batch.effect!.estimate).toBeCloseTo(-0.14, 1);
    expect(rate!.estimate).toBeCloseTo(0.19, 1);
    expect(rate!.low).toBeGreaterThan(0.15);
    expect(loss!.estimate).toBeCloseTo(0.5, 0);
    // The rate alone: nothing is left for the batch, though the two go together in two of three rules.
    expect(distanceOf(networks({ batch: 0, rate: 0.19, loss: 0 }, 0.05)).batch.outcome).toBe('cannot tell');
  });

  it('says nothing where one rule sets the rate by the batch', () => {
    const linear = networks({ batch: -0.1, rate: 0, loss: 0 }, 0.1).filter((m) => m.strategies[0] === 'LSR');
    expect(distanceOf(linear).batch).toMatchObject({
      outcome: 'cannot tell',
      reason: expect.stringContaining('move together'),
    });
  });

  it('leaves out networks at chance: 18 of 100 right of ten classes are more than chance, 16 are not', () => {
    const [model] = networks({ batch: 0, rate: 0, loss: 0 }, 0);
    expect(isAboveChance({ ...model!, accuracy: 0.18 }, 100, 10)).toBe(true);
    expect(isAboveChance({ ...model!, accuracy: 0.16 }, 100, 10)).toBe(false);
  });
});
