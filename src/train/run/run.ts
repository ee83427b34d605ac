import { join } from 'node:path';
import { breathe } from '../../base/breathe.ts';
import { BallastError, InputError, UsageError } from '../../base/errors.ts';
import type { HeldOutScore } from '../../evaluate/index.ts';
import { makeFolder, writeSafetensors } from '../../formats/index.ts';
import type { Params } from '../../nn/index.ts';
import { noiseAfter, noiseEstimate, noTerms } from '../noise-scale.ts';
import type { TrainingTask } from '../tasks/index.ts';
import type { Trainer } from '../trainer.ts';
import type { BatchPlan } from './batch-plan.ts';
import { CheckpointFolder, checkpointName, type RunProgress } from './checkpoint.ts';
import { MetricsLog, type MetricsRecord, readMetrics } from './metrics-log.ts';

export interface RunSettings {
  /** Steps in all. */
  readonly steps: number;
  readonly plan: BatchPlan;
  /** Whether a line of metrics is due after so many steps. */
  readonly logAt: (step: number) => boolean;
  /** Likewise an evaluation; there is one at the end too. */
  readonly evaluateAt: (step: number) => boolean;
  /** Likewise a checkpoint; there is one at the end, and when the run is interrupted. */
  readonly checkpointAt: (step: number) => boolean;
  /** Steps after which the weights stay in `kept/`, whatever comes after them; 0 for those at the beginning. */
  readonly keepAt?: ReadonlySet<number>;
  /** A loss above this (or one that is no number) ends the run as infeasible. */
  readonly lossBound: number;
  /** The learning rate of a step. */
  readonly rateAt: (step: number) => number;
  /** All of the update rule's scalars at a step and rate. */
  readonly scalarsAt: (step: number, lr: number) => Readonly<Record<string, number>>;
  /** Identifies the configuration: a checkpoint of another one is refused. */
  readonly configHash: string;
  /** The same of earlier versions, and of a run that is made longer now. */
  readonly formerHashes?: readonly string[];
  /** Written into `model.safetensors`, so that the weights say what they are. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface RunRequest {
  readonly trainer: Trainer;
  readonly task: TrainingTask;
  /** Judges the parameters that it has come to, on held-out data. */
  readonly evaluate: (parameters: Params) => Promise<HeldOutScore>;
  readonly settings: RunSettings;
  readonly folder: string;
  readonly resume: boolean;
  /** End after so many steps, though the schedule has more. */
  readonly until?: number;
  /** When it fires, the step is finished and saved, and the run ends as `interrupted`. */
  readonly signal?: AbortSignal;
  /** Told once, of the step that the run goes on from and the parameters there, when all has been checked and nothing was computed. */
  readonly onStart?: (step: number, parameters: Params) => void | Promise<void>;
  /** `seconds`: time in this step. */
  readonly onStep?: (state: { step: number; loss: number; seconds: number; examplesPerSecond: number }) => void;
  readonly onRecord?: (record: MetricsRecord) => void;
  /**
   * Told of every evaluation, off the clock. What it answers with `stop` ends the run as `stopped`, saved as at its end. A run that goes on from a
   * checkpoint tells of those after it again.
   */
  readonly onEvaluation?: (record: MetricsRecord, parameters: Params) => Promise<'continue' | 'stop'>;
  /** Told of what is odd but no error, such as a damaged checkpoint that was passed over. */
  readonly onNote?: (note: string) => void;
}

/** `infeasible`: the loss left all bounds, and the run ended there (Shallue et al., arXiv 1811.03600). `stopped`: as `onEvaluation` said. */
export type RunStatus = 'complete' | 'stopped' | 'interrupted' | 'infeasible';

/** How a run ended, after how many steps and seconds, and the last losses. */
export interface RunResult {
  readonly status: RunStatus;
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly examplesPerSecond: number;
  readonly final: { readonly trainLoss: number; readonly valLoss?: number; readonly valMetric?: number };
}

const fresh = (config: string): RunProgress => ({
  step: 0,
  seconds: 0,
  pending: { count: 0, loss: 0, gradSquare: 0 },
  noise: noTerms,
  config,
});

/** Of the weights that stay, for whoever follows a network through its training: as `model.safetensors`, one file a step. */
const keptFolder = 'kept';

/** The whole checkpoints of the same steps, for whoever branches off there. */
export const keptStates = (folder: string): CheckpointFolder =>
  new CheckpointFolder(join(folder, 'states'), Number.POSITIVE_INFINITY);

/**
 * Trains from step 0, or from the newest checkpoint in `folder`, to `settings.steps`.
 *
 * Whatever is interrupted at any moment goes on as if it had not been: all randomness is keyed by the step, and a checkpoint
 * holds everything else that a step depends on. Metrics of steps after the checkpoint are dropped and written again.
 */
export async function run(request: RunRequest): Promise<RunResult> {
  const { trainer, task, settings, folder, signal } = request;
  const { steps, plan, logAt, evaluateAt, checkpointAt, lossBound, rateAt, scalarsAt, configHash } = settings;
  const checkpoints = new CheckpointFolder(join(folder, 'checkpoint'));
  let progress = await start(request, checkpoints);
  await makeFolder(folder);
  const log = await MetricsLog.open(join(folder, 'metrics.jsonl'), progress.step);
  let last: MetricsRecord | undefined = (await readMetrics(log.path)).at(-1);
  const { microBatch } = trainer;
  const end = Math.min(steps, request.until ?? steps);
  const first = progress.step;
  await request.onStart?.(first, trainer.parameters());
  const firstSeconds = progress.seconds;
  let status: RunStatus = 'complete';
  let saved = progress.step;
  const save = async () => {
    await log.flush();
    await checkpoints.save({ progress, tensors: trainer.state() }, settings.metadata);
    saved = progress.step;
  };
  const keep = async () => {
    if (settings.keepAt?.has(progress.step) !== true) return;
    await makeFolder(join(folder, keptFolder));
    await writeSafetensors(join(folder, keptFolder, checkpointName(progress.step)), trainer.parameters(), {
      ...settings.metadata,
      step: String(progress.step),
    });
    await keptStates(folder).save({ progress, tensors: trainer.state() }, settings.metadata);
  };
  try {
    if (first === 0) await keep();
    while (progress.step < end) {
      const { step } = progress;
      const began = performance.now();
      const lr = rateAt(step);
      const [batchSize, position] = [plan.batchSizeAt(step), plan.examplesBefore(step)];
      if (task.startsAnew?.(position)) trainer.resetCarry();
      const result = await trainer.step({
        batch: (micro) => task.batch(position + micro * microBatch, microBatch),
        scalars: scalarsAt(step, lr),
        step,
        microBatches: batchSize / microBatch,
      });
      const seconds = progress.seconds + (performance.now() - began) / 1000;
      if (!(Math.abs(result.loss) <= lossBound) || !Number.isFinite(result.gradSquare)) {
        status = 'infeasible';
        request.onNote?.(`the loss at step ${step + 1} is ${result.loss}: infeasible with these settings`);
        break;
      }
      const pending = {
        count: progress.pending.count + 1,
        loss: progress.pending.loss + result.loss,
        gradSquare: progress.pending.gradSquare + result.gradSquare,
        ...(result.microSquare === undefined
          ? {}
          : { microSquare: (progress.pending.microSquare ?? 0) + result.microSquare }),
      };
      const noise = noiseAfter(progress.noise, result, { batchSize, microBatch });
      request.onStep?.({
        step: step + 1,
        loss: result.loss,
        seconds: seconds - progress.seconds,
        examplesPerSecond: (plan.examplesBefore(step + 1) - plan.examplesBefore(first)) / (seconds - firstSeconds),
      });
      progress = { ...progress, step: step + 1, seconds, pending, noise };
      let atEnd = progress.step === end;
      await keep();
      const evaluation = evaluateAt(progress.step) || atEnd ? await request.evaluate(trainer.parameters()) : undefined;
      if (evaluation || logAt(progress.step)) {
        last = recordOf(
          progress,
          { lr, batchSize, examples: plan.examplesBefore(progress.step), epoch: task.examples },
          evaluation,
        );
        await log.append(last);
        request.onRecord?.(last);
        progress = { ...progress, pending: fresh(configHash).pending };
      }
      if (evaluation && (await request.onEvaluation?.(last!, trainer.parameters())) === 'stop') {
        status = 'stopped';
        atEnd = true;
      }
      if (checkpointAt(progress.step) || atEnd) await save();
      await breathe();
      if (atEnd) break;
      if (signal?.aborted) {
        status = 'interrupted';
        break;
      }
    }
    if (status === 'interrupted' && saved !== progress.step) await save();
    if (status === 'complete' || status === 'stopped') {
      await writeSafetensors(join(folder, 'model.safetensors'), trainer.parameters(), settings.metadata);
    }
  } finally {
    await log.close();
  }
  const examples = plan.examplesBefore(progress.step);
  const seconds = progress.seconds - firstSeconds;
  return {
    status,
    steps: progress.step,
    epochs: examples / task.examples,
    seconds: progress.seconds,
    examplesPerSecond: seconds > 0 ? (examples - plan.examplesBefore(first)) / seconds : 0,
    final: {
      trainLoss: last?.trainLoss ?? Number.NaN,
      ...(last?.valLoss === undefined ? {} : { valLoss: last.valLoss }),
      ...(last?.valMetric === undefined ? {} : { valMetric: last.valMetric }),
    },
  };
}

/** Where the run begins: at the newest checkpoint with `resume`, else at step 0 in a folder without any. */
async function start(request: RunRequest, checkpoints: CheckpointFolder): Promise<RunProgress> {
  const { resume, trainer, settings, onNote } = request;
  if (!resume) {
    if ((await checkpoints.steps()).length > 0) {
      throw new InputError(
        'resume',
        `${checkpoints.path} has checkpoints of an earlier run; continue it, or choose another folder`,
      );
    }
    return fresh(settings.configHash);
  }
  const found = await checkpoints.newest((problem) => onNote?.(`passed over: ${problem}`));
  if (!found) return fresh(settings.configHash);
  const { config } = found.progress;
  if (config !== settings.configHash && settings.formerHashes?.includes(config) !== true) {
    throw new UsageError(
      `${checkpoints.path}: was made with other settings; resume with those of config.json beside it`,
    );
  }
  try {
    trainer.restore(found.tensors);
  } catch (cause) {
    const problem = cause instanceof BallastError ? cause.message : String(cause);
    throw new BallastError(`${checkpoints.path}: does not fit the model: ${problem}`, { cause });
  }
  return { ...found.progress, config: settings.configHash };
}

function recordOf(
  { step, seconds, pending, noise }: RunProgress,
  { lr, batchSize, examples, epoch }: { lr: number; batchSize: number; examples: number; epoch: number },
  evaluation: HeldOutScore | undefined,
): MetricsRecord {
  const noiseScale = noiseEstimate(noise)?.scale;
  return {
    step,
    epoch: examples / epoch,
    examples,
    seconds,
    trainLoss: pending.loss / pending.count,
    ...(evaluation ? { valLoss: evaluation.loss, valMetric: evaluation.metric } : {}),
    lr,
    batchSize,
    gradNorm: Math.sqrt(pending.gradSquare / pending.count),
    ...(pending.microSquare === undefined ? {} : { microGradNorm: Math.sqrt(pending.microSquare / pending.count) }),
    ...(noiseScale === undefined ? {} : { noiseScale }),
  };
}
