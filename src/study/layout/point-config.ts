import { UsageError } from '../../base/errors.ts';
import { modelNamed } from '../../models/index.ts';
import {
  defaultSettings,
  freeSettings,
  optimizerOptions,
  presets,
  type RunConfig,
  runConfigSchema,
  scaledRate,
} from '../../train/index.ts';
import type { GridPoint, OwnWorkload } from '../declare/grid.ts';

/** A place in the grid of a workload that Ballast trains itself. */
export type OwnPoint = GridPoint & { readonly workload: OwnWorkload };

/** How often a trial is measured and saved. */
export interface Cadence {
  readonly every: string;
  readonly checkpointEvery: string;
}

/** The largest micro-batch that is chosen by itself: beyond it, throughput gains little, and batch norm would see more than it does in small batches. */
const usualMicroBatch = 64;

/** The largest divisor of the batch up to 64. Throws UsageError when that is tiny, as for a prime batch size. */
export function usualMicroBatchOf(batchSize: number): number {
  if (batchSize <= usualMicroBatch) return batchSize;
  let divisor = usualMicroBatch;
  while (batchSize % divisor !== 0) divisor--;
  if (divisor < usualMicroBatch / 4) {
    throw new UsageError(
      `batch size ${batchSize} has no divisor from ${usualMicroBatch / 4} to ${usualMicroBatch} for the micro-batch; set microBatch`,
    );
  }
  return divisor;
}

/** The examples that a point has in memory at a time; `usual` says it where the study does not. Throws UsageError for what does not divide the batch. */
export function microBatchOf(
  { workload, strategy, batchSize }: GridPoint,
  usual: (batchSize: number) => number = usualMicroBatchOf,
): number {
  const given = strategy.ghostBatch ?? workload.microBatch;
  if (given === undefined) return usual(batchSize);
  if (given >= batchSize) return batchSize;
  if (batchSize % given !== 0)
    throw new UsageError(`the micro-batch ${given} does not divide the batch size ${batchSize}`);
  return given;
}

/** The options of an update rule that a workload sets for its own one, where a strategy brings another. */
const ruleOptions = ['momentum', 'trust', 'decayOn', 'adaptOn'] as const;

/** The rate that a point trains with, after the rule; rounded so that equal rates are equal numbers however they came about. */
export function ruledRate({ workload, strategy, batchSize, baseRate }: GridPoint): number {
  return Number(scaledRate(baseRate, strategy.scaling, batchSize, workload.baseBatch).toPrecision(12));
}

/**
 * The run of a point, but for its length. The rule is applied here, so that points that come to the same computation have the same
 * configuration. Throws UsageError for what does not go together.
 */
export function pointConfig(point: OwnPoint, cadence: Cadence): Omit<RunConfig, 'length'> {
  const { workload, strategy, batchSize, seed } = point;
  const { task } = modelNamed(workload.model);
  const optimizer = strategy.settings.optimizer ?? workload.settings.optimizer ?? presets[task].optimizer;
  const understood: readonly string[] = optimizerOptions(optimizer);
  const own = Object.fromEntries(
    Object.entries(workload.settings).filter(
      ([key]) => understood.includes(key) || !(ruleOptions as readonly string[]).includes(key),
    ),
  );
  const given = Object.fromEntries(
    Object.entries({ ...own, ...strategy.settings }).filter(([, value]) => value !== undefined),
  );
  if (given.beta2 !== undefined)
    throw new UsageError(
      'settings.beta2 is what ${beta2} of a command stands for; our own trainer has no such setting',
    );
  const usual = defaultSettings(freeSettings, { task, dataset: workload.data.dataset }, 'studyDefault');
  const config = {
    ...usual,
    ...given,
    model: workload.model,
    dataset: workload.data.dataset,
    seed,
    batchSize,
    microBatch: microBatchOf(point),
    optimizer,
    lr: ruledRate(point),
    scaling: 'base',
    baseBatch: batchSize,
    logEvery: cadence.every,
    evalEvery: cadence.every,
    checkpointEvery: cadence.checkpointEvery,
  };
  return pointSchema.parse(config);
}

/** The length is that of the trial, which several points may share. */
const pointSchema = runConfigSchema.omit({ length: true });
