import { InputError } from '../../base/errors.ts';
import { isText } from '../../data/index.ts';
import { parameterCount } from '../../nn/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import {
  fittingMicroBatch,
  type PlannedConfig,
  planTraining,
  type RunConfig,
  type TrainingData,
} from '../../train/index.ts';
import { type Link, largestDivisor, type StepTimePoint } from '../cost/index.ts';
import type { BatchPlanResult } from './plan-result.ts';

/** What a plan of the batch size is asked for: a training, how long it may be observed, and what devices there are. */
export interface PlanRequest extends TrainingData {
  /** The training that is planned for; its length stands for the target. */
  readonly config: PlannedConfig;
  /** Examples in memory at a time at most: of timed steps; as many as fit unless told. */
  readonly microBatch?: number;
  /** Steps of the short run; a tenth of the training unless told, but at least 200 where it has as many. */
  readonly steps?: number;
  /** Batch sizes of the table; powers of two from 8 to 8192 unless told, as far as the data go. */
  readonly batchSizes?: readonly number[];
  /** Seconds for timed steps. */
  readonly timing: number;
  readonly devices: readonly number[];
  readonly link?: Link;
  /** Of a device-hour. */
  readonly price?: number;
  readonly folder: string;
  readonly resume: boolean;
  readonly runtime?: RuntimeOptions;
  readonly environment: BatchPlanResult['environment'];
  readonly signal?: AbortSignal;
  readonly onStep?: (state: { readonly step: number; readonly loss: number }) => void;
  readonly onPoint?: (point: StepTimePoint) => void;
  readonly onNote?: (note: string) => void;
}

/** What a request comes to, before anything is computed. */
export interface PlanOutline {
  /** Of the short run. */
  readonly steps: number;
  readonly run: RunConfig;
  readonly batchSizes: readonly number[];
  /** Steps of the training that is planned for, and its epochs. */
  readonly reference: { readonly batchSize: number; readonly steps: number; readonly epochs: number };
  readonly parameters: number;
}

/**
 * Lays a plan out. The short run is the training itself with its schedule drawn together to so many steps, each of at least two micro-batches,
 * four where the batch allows it: they are what tells noise from signal. Throws UsageError for what does not go together.
 */
export function outlinePlan(request: PlanRequest): PlanOutline {
  const { config, train, valid, devices, link } = request;
  if (config.growth) throw new InputError('growAt', 'a batch that grows has no one batch size to plan; leave it out');
  if (config.batchSize < 2)
    throw new InputError(
      'batchSize',
      'the noise of the gradient shows between micro-batches; expected a batch size of at least 2',
    );
  if (devices.some((d) => d > 1) && !link)
    throw new InputError('devices', 'several devices need the bandwidth and the latency between them');
  const plan = planTraining(config, { train, valid });
  const { task, batches } = plan;
  const steps = request.steps ?? Math.min(plan.steps, Math.max(200, Math.ceil(plan.steps / 10)));
  const most = Math.min(
    Math.floor(config.batchSize / 4) || 1,
    fittingMicroBatch(plan, config.batchSize),
    request.microBatch ?? Number.POSITIVE_INFINITY,
  );
  const run: RunConfig = {
    ...config,
    microBatch: largestDivisor(config.batchSize, most),
    length: `${steps}st`,
    logEvery: '1st',
    evalEvery: `${steps}st`,
    checkpointEvery: `${Math.max(1, Math.ceil(steps / 5))}st`,
  };
  // Of text there must be a piece of full length for every stream, which planTraining checks; a batch of images is at most an epoch.
  const limit = isText(train)
    ? Math.floor((train.tokens.length * (config.fraction ?? 1)) / (2 * (task.tokens ?? 1)))
    : task.examples;
  const batchSizes = (request.batchSizes ?? powersOfTwo).filter((b) => b <= limit);
  const tooLarge = request.batchSizes?.find((b) => b > limit);
  if (tooLarge !== undefined)
    throw new InputError('batchSizes', `${tooLarge} is more than the ${limit} that the data allow`);
  if (batchSizes.length < 2) throw new InputError('batchSizes', 'expected two or more batch sizes that the data allow');
  const idle = Math.min(...devices);
  if (batchSizes.every((b) => b < idle))
    throw new InputError('devices', `no batch size can be shared by ${idle} devices`);
  return {
    steps,
    run,
    batchSizes: [...batchSizes].sort((a, b) => a - b),
    reference: {
      batchSize: config.batchSize,
      steps: plan.steps,
      epochs: batches.examplesBefore(plan.steps) / task.examples,
    },
    parameters: parameterCount(plan.model.parameters.filter((p) => p.trainable)),
  };
}

const powersOfTwo = Array.from({ length: 11 }, (_, i) => 8 * 2 ** i);
