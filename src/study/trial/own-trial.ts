import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, UsageError } from '../../base/errors.ts';
import { isText, toFloat } from '../../data/index.ts';
import { heldOutScore, ModelEvaluator } from '../../evaluate/index.ts';
import { type Model, withValues } from '../../models/index.ts';
import type { Params } from '../../nn/index.ts';
import type { MeasurementRow } from '../../store/index.ts';
import {
  CheckpointFolder,
  calibrateBatchNorm,
  type MetricsRecord,
  planTraining,
  trainNetwork,
  writeRunConfig,
} from '../../train/index.ts';
import { shouldStop } from '../declare/stopping.ts';
import { type Keep, type OwnTrialSpec, trialId } from '../layout/trial-spec.ts';
import { contentOf, type StudyData } from '../study-data.ts';
import { renewal, type TrialOutcome, type TrialRequest } from './trial-request.ts';

/** What a row of measurements takes from an evaluation. */
type Evaluated = Pick<
  MetricsRecord,
  'step' | 'epoch' | 'examples' | 'seconds' | 'valLoss' | 'valMetric' | 'noiseScale'
> & { readonly gradNorm?: number };

/** Steps whose times are kept for the median. */
const timedSteps = 4096;

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Trains a network of ours, from its newest checkpoint on, and tells its curve as it goes. Measurements
 * are told before the checkpoint that follows them, so whatever kills the process, they are there or are made again, the same.
 */
export async function runOwnTrial(
  request: TrialRequest,
  { config, data: dataSpec, dir, rules, keep }: OwnTrialSpec,
): Promise<TrialOutcome> {
  const { trial, shelf, runtime, hardware, signal } = request;
  const { folder, budgetSteps, budgetSeconds } = trial;
  const data = await shelf.of(dataSpec, dir);
  const { content, ...named } = dataSpec;
  if (content !== undefined && content !== contentOf(data))
    throw new UsageError(`${dataSpec.dataset}: the data are not those that the study was laid out on; run it again`);
  const { task, model } = planTraining(config, data);
  await requireReadable(join(folder, 'checkpoint'));
  let curve: MeasurementRow[] = trial.known();
  const isOver = (last: MeasurementRow | undefined) =>
    last !== undefined &&
    ((budgetSeconds !== null && last.seconds >= budgetSeconds) ||
      (rules.length > 0 && rules.every((rule) => shouldStop(rule, curve, budgetSteps))));
  // It may have been killed between the measurement that ended it and the note of that.
  const until = isOver(curve.at(-1)) ? curve.at(-1)!.step : budgetSteps;
  const measured = async (record: Evaluated, parameters: Params): Promise<MeasurementRow> => {
    const row: MeasurementRow = {
      step: record.step,
      epoch: record.epoch,
      examples: record.examples * (task.tokens ?? 1),
      seconds: record.seconds,
      trainLoss: finite((await evaluator.evaluate(parameters, data.sample)).loss),
      valLoss: finite(record.valLoss),
      valMetric: finite(record.valMetric),
      noiseScale: finite(record.noiseScale),
      gradNorm: finite(record.gradNorm),
    };
    trial.measure(row);
    curve.push(row);
    return row;
  };
  const times: number[] = [];
  const evaluator = new ModelEvaluator(model, runtime);
  let renewed = Date.now();
  await writeRunConfig(folder, config);
  const result = await trainNetwork({
    config,
    identity: trial.id,
    formerIdentities: [trialId(config, named)],
    train: data.train,
    valid: data.valid,
    folder,
    resume: true,
    runtime,
    evaluator,
    signal,
    until,
    onStart: async (step, parameters) => {
      trial.begin(step);
      curve = curve.filter((m) => m.step <= step);
      request.onBegin?.(step);
      // How deep a target lies is told from the start, and a target that the first evaluation has passed lies between the two.
      if (step > 0 || curve.length > 0) return;
      const there = await normalizing(model, parameters, data, config.microBatch);
      const { loss, metric } = heldOutScore(await evaluator.evaluate(there, data.valid));
      await measured({ step: 0, epoch: 0, examples: 0, seconds: 0, valLoss: loss, valMetric: metric }, there);
    },
    onStep: (state) => {
      if (times.length < timedSteps) times.push(state.seconds);
      request.onStep?.(state);
      if (Date.now() - renewed < renewal) return;
      renewed = Date.now();
      trial.renew(state.step);
    },
    onEvaluation: async (record, parameters) => (isOver(await measured(record, parameters)) ? 'stop' : 'continue'),
  }).finally(() => evaluator.dispose());
  const status = result.status === 'complete' && until < budgetSteps ? 'stopped' : result.status;
  if (status !== 'interrupted') await tidy(folder, status === 'infeasible' ? 'nothing' : keep);
  const bySeconds = status === 'stopped' && budgetSeconds !== null && (curve.at(-1)?.seconds ?? 0) >= budgetSeconds;
  trial.end({
    status: status === 'interrupted' ? 'queued' : bySeconds ? 'complete' : status,
    step: result.steps,
    hardware,
    secondsPerStep: median(times),
  });
  return { status, note: undefined };
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** Batches whose statistics stand for the running ones at the start. */
const startingBatches = 4;

/** Parameters at the start with running statistics of batch norm as the first batches have them: with those of fresh ones, 0 and 1, nothing is normalized, and the loss says nothing. */
async function normalizing(model: Model, parameters: Params, { train }: StudyData, batchSize: number): Promise<Params> {
  if (isText(train) || batchSize < 2) return parameters;
  const count = Math.min(train.count, startingBatches * batchSize);
  const images = toFloat(
    train,
    Array.from({ length: count }, (_, i) => i),
  );
  const fresh = { ...withValues(model, parameters), weights: 'at the start' };
  const network = await calibrateBatchNorm({ network: fresh, images, batchSize });
  return network.builtFrom!.params;
}

/** Removes checkpoints of which none can be read: the trial begins anew. */
async function requireReadable(path: string): Promise<void> {
  try {
    await new CheckpointFolder(path).newest(() => {});
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    await rm(path, { recursive: true, force: true });
  }
}

/** Leaves of a finished trial's files what is to be kept. */
async function tidy(folder: string, keep: Keep): Promise<void> {
  const path = join(folder, 'checkpoint');
  if (keep === 'checkpoint') await new CheckpointFolder(path, 1).prune();
  else await rm(path, { recursive: true, force: true });
  if (keep === 'nothing') await rm(join(folder, 'model.safetensors'), { force: true });
}
