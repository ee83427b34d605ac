import type { RuntimeOptions } from '../../runtime/index.ts';
import {
  createTrainer,
  fittingMicroBatch,
  type PlannedConfig,
  planTraining,
  type TrainingData,
} from '../../train/index.ts';
import type { Stepper } from './measure-step-times.ts';

export interface TrainingSteps extends TrainingData {
  /** The training whose steps are timed; its batch size and micro-batch are replaced. */
  readonly config: PlannedConfig;
  /** Examples in memory at a time at most; as many as fit unless told. */
  readonly microBatch?: number;
  readonly runtime?: RuntimeOptions;
}

/**
 * Real steps of a training at any batch size: its network, data, augmentation and update rule, from fresh weights. Batches that do
 * not fit into memory are accumulated, as `ballast train` does it. Throws UsageError for a batch that the data do not allow.
 */
export async function trainingSteps(
  { config, train, valid, microBatch: most, runtime = {} }: TrainingSteps,
  batchSize: number,
): Promise<Stepper> {
  const sized = { ...config, batchSize, length: '1ep' };
  const plan = planTraining(sized, { train, valid });
  const microBatch = most === undefined ? fittingMicroBatch(plan, batchSize) : largestDivisor(batchSize, most);
  const trainer = await createTrainer(plan, { ...sized, microBatch }, runtime);
  let step = 0;
  return {
    microBatch,
    async step() {
      const position = step * batchSize;
      await trainer.step({
        batch: (micro) => plan.task.batch(position + micro * microBatch, microBatch),
        // A rate of 0 takes as long as any other, and cannot diverge.
        scalars: plan.optimizer.scalarsAt(step, 0),
        step,
      });
      step++;
    },
    dispose: () => trainer.dispose(),
  };
}

/** The largest divisor of a batch that is at most `most`. */
export function largestDivisor(batchSize: number, most: number): number {
  for (let d = Math.min(batchSize, Math.floor(most)); d > 1; d--) if (batchSize % d === 0) return d;
  return 1;
}
