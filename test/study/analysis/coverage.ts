import { RandomStream } from '../../../src/base/random.ts';
import {
  analyseTarget,
  criticalBatchRatio,
  criticalBatchSum,
  type KnownTarget,
  reportOf,
} from '../../../src/study/analysis/index.ts';
import type { MeasuredTrial } from '../../../src/study/measured/measured.ts';
import { intervalOf } from '../../../src/verdict/index.ts';
import { absolute, syntheticStudy, syntheticTrial } from '../synthetic-studies.ts';

/** A simulated study: S = 400 (1 + 300 / B) and log-normal noise from seed to seed. */
export interface Simulated {
  readonly sizes: number;
  readonly seeds: number;
  readonly noise: number;
}

const truth = { minSteps: 400, critical: 300 };
const target: KnownTarget = {
  name: 'loss',
  quantity: 'trainLoss',
  direction: 'min',
  rule: '',
  value: 0.01,
  reason: null,
};

const expectedSteps = (batchSize: number, critical: number) => truth.minSteps * (1 + critical / batchSize);

/** Batch sizes around the critical one, in ratios of 2, or of 4 where they are few. */
const sizesOf = (count: number) =>
  Array.from({ length: count }, (_, i) => Math.round(300 * (count < 6 ? 4 : 2) ** (i - (count - 1) / 2)));

function trialsOf({ sizes, seeds, noise }: Simulated, critical: number, stream: RandomStream): MeasuredTrial[] {
  return sizesOf(sizes).flatMap((batchSize) =>
    Array.from({ length: seeds }, (_, seed) => {
      const steps = expectedSteps(batchSize, critical) * Math.exp(noise * stream.normal());
      const at = [Math.floor(steps) - 1, Math.floor(steps), Math.ceil(steps) + 1];
      return syntheticTrial({
        batchSize,
        rate: 0.1,
        seed,
        budget: at[2]!,
        loss: (step) => 0.01 ** (step / steps),
        steps: at,
      });
    }),
  );
}

const holds = ([low, high]: readonly [number | null, number | null], value: number) =>
  (low ?? Number.NEGATIVE_INFINITY) <= value && value <= (high ?? Number.POSITIVE_INFINITY);

/** Shares of studies whose printed 95 % intervals hold the truth, by kind of interval; and whether every B_crit lay within its own. */
export function coverage(simulated: Simulated, studies: number, seed = 0) {
  const stream = new RandomStream({ seed, purpose: 'coverage' });
  const counts = {
    criticalBatch: [0, 0],
    speedup: [0, 0],
    ratio: [0, 0],
    gap: [0, 0],
    noiseScale: [0, 0],
    sum: [0, 0],
  };
  const count = (kind: keyof typeof counts, held: boolean) => {
    counts[kind][0]! += held ? 1 : 0;
    counts[kind][1]!++;
  };
  let inside = true;
  for (let study = 0; study < studies; study++) {
    const { criticalBatch, points } = analyseTarget(trialsOf(simulated, truth.critical, stream), target);
    const last = points.at(-1)!;
    if (last.speedupInterval) {
      const [a, b] = [points[0]!, last].map((p) => expectedSteps(p.batchSize, truth.critical));
      count('speedup', holds([last.speedupInterval.low, last.speedupInterval.high], a! / b!));
    }
    const gap = gapAndNoise(simulated, stream);
    if (gap) {
      count('gap', holds(gap.gap, 0.2));
      count('noiseScale', holds(gap.noiseScale, 250));
    }
    if (criticalBatch.value !== null) {
      const { value, low, high } = criticalBatch;
      inside &&= holds([low, high], value);
      count('criticalBatch', holds([low, high], truth.critical));
      // The profile of two curves at once takes the longest.
      if (study % 2 > 0) continue;
      const other = analyseTarget(trialsOf(simulated, 1.5 * truth.critical, stream), target).criticalBatch;
      const effect =
        other.value === null
          ? null
          : criticalBatchRatio(
              { points: criticalBatch.points, criticalBatch: value },
              { points: other.points, criticalBatch: other.value },
            );
      if (effect) count('ratio', holds(intervalOf(effect), Math.log(1.5)));
      // Three at once: how far the two lie from a third on either side of it.
      const third =
        study % 10 > 0 ? null : analyseTarget(trialsOf(simulated, truth.critical / 1.5, stream), target).criticalBatch;
      if (!third || third.value === null || other.value === null) continue;
      const sum = criticalBatchSum([
        { weight: 1, curve: { points: other.points, criticalBatch: other.value } },
        { weight: 1, curve: { points: third.points, criticalBatch: third.value } },
        { weight: -2, curve: { points: criticalBatch.points, criticalBatch: value } },
      ]);
      if (sum) count('sum', holds(intervalOf(sum), 0));
    }
  }
  const share = ([held, all]: readonly number[]) => (all! > 0 ? held! / all! : null);
  return {
    inside,
    criticalBatch: share(counts.criticalBatch),
    ratio: share(counts.ratio),
    speedup: share(counts.speedup),
    gap: share(counts.gap),
    noiseScale: share(counts.noiseScale),
    sum: share(counts.sum),
  };
}

/** One batch size with seeds whose generalization gap is 0.2 and whose noise scale is 250, but for chance. */
function gapAndNoise({ seeds, noise }: Simulated, stream: RandomStream) {
  const study = syntheticStudy(
    [absolute(0.01)],
    Array.from({ length: seeds }, (_, seed) => ({
      batchSize: 64,
      rate: 0.1,
      seed,
      budget: 12,
      loss: (step: number) => 0.01 ** (step / 10),
    })),
  );
  const trials = study.trials.map((trial) => {
    const [gap, scale] = [0.2 + noise * stream.normal(), 250 * Math.exp(noise * stream.normal())];
    return {
      ...trial,
      measurements: trial.measurements.map((m) => ({ ...m, valLoss: m.trainLoss! + gap, noiseScale: scale })),
    };
  });
  const [workload] = reportOf({ ...study, trials }).workloads;
  const [gap, scale] = [workload!.generalization[0]!.gapAtTargetInterval, workload!.noiseScale[0]!.nearTargetInterval];
  return gap && scale ? { gap: [gap.low, gap.high] as const, noiseScale: [scale.low, scale.high] as const } : null;
}
