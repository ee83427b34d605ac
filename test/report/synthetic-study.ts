/** A measured batch study without any network behind it: steps to a loss follow (S/S_min - 1)(E/E_min - 1) = 1, strategy by strategy. */

import { RandomStream } from '../../src/base/random.ts';
import type { MeasuredStudy, MeasuredTrial, Measurement } from '../../src/study/index.ts';

const sizes = [8, 16, 32, 64, 128, 256, 512, 1024, 2048];
const budget = 6000;

/** More strategies than hues, so that their dashes must tell them apart; the last ones reach nothing at large batches. */
export const studyStrategies = [
  'tuned',
  'BLR',
  'LSR',
  'SRSR',
  'LSR + warm-up',
  'LARS',
  'LAMB',
  'Nesterov',
  'Adam',
  'growing',
  'label smoothing',
] as const;

interface Course {
  readonly strategy: string;
  readonly batchSize: number;
  readonly baseRate: number;
  readonly rate: number;
  readonly seed: number;
}

function curveOf({ strategy, batchSize, rate, seed }: Course, examples: number): Measurement[] {
  const at = studyStrategies.indexOf(strategy as (typeof studyStrategies)[number]);
  const random = new RandomStream({ seed: 17, purpose: `${strategy} ${batchSize} ${rate}`, index: seed });
  const [minSteps, minExamples] = [120 * (1 + 0.15 * at), 30_000 * (1 + 0.1 * at)];
  // The farther the rate is from the best of this batch, the longer it takes; beyond some batch the strategy breaks down.
  const best = 0.1 * Math.sqrt(batchSize / 8);
  const detour = 1 + 0.3 * Math.log2(rate / best) ** 2 + (at > 6 && batchSize > 256 ? 40 : 0);
  const steps = (minSteps + minExamples / batchSize) * detour * (1 + 0.05 * random.normal());
  return Array.from({ length: 60 }, (_, i): Measurement => {
    const step = Math.round((budget * (i + 1)) / 60);
    const trainLoss = 2.3 * (0.5 / 2.3) ** Math.min(1.6, (step / steps) ** 0.5);
    // One trial's held-out loss goes to pieces: an outlier that no axis should follow.
    const lost = strategy === 'BLR' && batchSize === 2048 && seed === 0;
    return {
      step,
      epoch: (step * batchSize) / examples,
      examples: step * batchSize,
      seconds: step * (0.004 + batchSize / 20_000),
      trainLoss,
      valLoss: lost ? 40_000 : trainLoss + 0.05 + 0.02 * random.uniform(),
      valMetric: lost ? 0.1 : 1 - trainLoss / 3,
      noiseScale: 40 + 300 * (step / budget) * (1 + 0.1 * random.normal()),
      gradNorm: 1,
    };
  });
}

export function syntheticStudy(strategies: readonly string[] = studyStrategies): MeasuredStudy {
  const examples = 5000;
  const trials = strategies.flatMap((strategy) =>
    sizes.flatMap((batchSize) =>
      [0.05, 0.1, 0.2, 0.4, 0.8].flatMap((baseRate) =>
        [0, 1, 2].map((seed): MeasuredTrial => {
          const learningRate = strategy === 'LSR' ? (baseRate * batchSize) / 32 : baseRate;
          return {
            id: `${strategy}-${batchSize}-${baseRate}-${seed}`,
            workload: 'made up',
            strategy,
            batchSize,
            baseRate,
            learningRate,
            seed,
            status: 'complete',
            budgetSteps: budget,
            measurements: curveOf({ strategy, batchSize, baseRate, rate: learningRate, seed }, examples),
            secondsPerStep: 0.004 + batchSize / 20_000,
            hardware: 'a made-up processor',
          };
        }),
      ),
    ),
  );
  return {
    name: 'made <up>',
    workloads: [
      {
        name: 'made up',
        model: 'net',
        dataset: 'data',
        fraction: 1,
        complexity: null,
        examples,
        metric: { name: 'accuracy', direction: 'max' },
        parameters: 272_474,
        targets: [
          { name: 'loss 0.5', quantity: 'trainLoss', rule: { kind: 'absolute', value: 0.5 } },
          { name: 'held-out loss 0.8', quantity: 'valLoss', rule: { kind: 'absolute', value: 0.8 } },
        ],
      },
    ],
    trials,
  };
}
