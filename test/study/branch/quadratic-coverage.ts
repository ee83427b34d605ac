import { RandomStream } from '../../../src/base/random.ts';
import { branched, exactCritical, spectrum, studyExamples, trained } from './quadratic-branches.ts';

/** A moment of training the noisy quadratic model: 300 steps of 8 at rate 0.1. */
const setting = { batch: 8, rate: 0.1, steps: 300 };
const protocol = { margin: 0.008, most: 16, perDoubling: 2, orders: 4, mostOrders: 16 };

/** How many of so many branched trainings hold B* of the closed form in their interval, and what they cost on average, the training with them, as a share of a whole study. */
export function coverage(runs: number): {
  readonly covered: number;
  readonly costShare: number;
  readonly decided: number;
} {
  let [covered, examples, decided] = [0, 0, 0];
  for (let seed = 0; seed < runs; seed++) {
    const theta = trained(
      spectrum.map(() => 1),
      setting,
      new RandomStream({ seed, purpose: 'training' }),
    );
    const moment = { theta, batch: setting.batch, rate: setting.rate, rule: 'linear', examples: 8 * 16 * 20 } as const;
    const truth = exactCritical(moment, protocol.margin);
    const found = branched(moment, protocol, seed);
    const { low, high, lowTested } = found.critical;
    if (low <= truth && (high === null || truth <= high)) covered++;
    if (lowTested && high !== null) decided++;
    examples += found.examples + setting.batch * setting.steps;
  }
  // Nine batch sizes, six rates and three seeds, each to a fifth of the initial risk or 40,000 examples.
  const study = studyExamples({
    batchSizes: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    rates: [0.025, 0.05, 0.1, 0.2, 0.4, 0.8],
    seeds: 3,
    target: 0.2,
    budget: 40_000,
  });
  return { covered, costShare: examples / runs / study, decided };
}
