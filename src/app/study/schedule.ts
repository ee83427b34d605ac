/** A schedule for somebody's own trainer, from what is known of a training that goes well. */
import { InputError } from '../../base/errors.ts';
import { type BranchesResult, checkRequest, type ScheduleRequest, scheduleRequest } from '../../schema/index.ts';
import {
  adamwAt,
  averaged,
  type KnownTraining,
  scheduleText,
  seesaw,
  stepsOf,
  type TrainingStage,
  warmedUp,
  withSteps,
} from '../../study/schedule/index.ts';
import { storedResults } from '../stored-results.ts';

/** A schedule, and what it comes to. */
export interface ScheduledTraining {
  readonly stages: readonly TrainingStage[];
  /** For a trainer, in the form that was asked for. */
  readonly text: string;
  readonly steps: number;
  /** Batch size of the training that was known. */
  readonly batchSize: number;
  /** Steps over those that the whole takes at that batch size throughout. */
  readonly share: number;
}

/** Throws InputError for a request that cannot be, FileError where no branches were measured. */
export async function scheduledTraining(given: unknown): Promise<ScheduledTraining> {
  const request = checkRequest(scheduleRequest, given);
  const { stages, examples, batchSize } = await staged(request);
  const steps = stepsOf(stages, examples);
  const text = scheduleText(stages, request.format);
  return { stages, text, steps, batchSize, share: (steps * batchSize) / examples };
}

interface Staged {
  readonly stages: TrainingStage[];
  readonly examples: number;
  readonly batchSize: number;
}

async function staged(request: ScheduleRequest): Promise<Staged> {
  if (request.strategy === 'warm-up') {
    const { result, known } = await measured(request);
    const { stages } = request.cautious ? result.cautious : result.warmUp;
    return { stages: withSteps(warmedUp(known, stages)), examples: known.examples, batchSize: known.batchSize };
  }
  const known = knownOf(request);
  const { batchSize, examples } = known;
  switch (request.strategy) {
    case 'adamw': {
      const toBatch = needed('toBatch', request.toBatch);
      const to = { batchSize: toBatch, examples: request.toExamples ?? examples, rule: request.rateRule };
      return { stages: withSteps([adamwAt(known, to)]), examples: to.examples, batchSize };
    }
    case 'seesaw': {
      const most = request.mostBatch ?? 16 * batchSize;
      return { stages: withSteps(seesaw(known, { decay: request.decay, most })), examples, batchSize };
    }
    case 'average':
      return { stages: withSteps([averaged(known, request.halfLife)]), examples, batchSize };
  }
}

function needed(key: string, value: number | undefined): number {
  if (value === undefined) throw new InputError(key, 'is missing');
  return value;
}

const knownOf = ({
  batchSize,
  rate,
  examples,
  weightDecay,
  beta2,
}: Pick<ScheduleRequest, 'batchSize' | 'rate' | 'examples' | 'weightDecay' | 'beta2'>): KnownTraining => ({
  batchSize: needed('batchSize', batchSize),
  rate: needed('rate', rate),
  examples: needed('examples', examples),
  ...(weightDecay === undefined ? {} : { weightDecay }),
  ...(beta2 === undefined ? {} : { beta2 }),
});

/** Branches, and their training: what is not said of it is what they found. */
async function measured(request: ScheduleRequest) {
  const { branches } = request;
  if (branches === undefined)
    throw new InputError('branches', 'is missing; expected what `ballast batch branch` wrote');
  const found = (await storedResults(branches)).find((r) => r.document.kind.kind === 'branches');
  if (!found) throw new InputError('branches', `${branches} has no result of branches`);
  const result = found.document.result as BranchesResult;
  const known = knownOf({
    ...request,
    rate: request.rate ?? result.moments[0]!.learningRate,
    examples: request.examples ?? result.totalExamples,
    batchSize: result.warmUp.stages[0]!.batchSize,
  });
  return { result, known };
}
