/** A training run in its folder: begun, or gone on with, to its end; with its result and its page. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { version } from '../../base/version.ts';
import { heldOutSplit } from '../../data/index.ts';
import { owningFolder, writeFileAtomic } from '../../formats/index.ts';
import { applied, normalizationEntry } from '../../models/normalization.ts';
import { parameterCount } from '../../nn/index.ts';
import { formatCount, formatNumber } from '../../report/numbers.ts';
import { describeRuntime, type RuntimeOptions } from '../../runtime/index.ts';
import { type RunSource, type StoredDocument, type TrainResult, toDocument, trainKind } from '../../schema/index.ts';
import {
  fittingMicroBatch,
  type MetricsRecord,
  openRun,
  type PlannedConfig,
  planTraining,
  type RunConfig,
  type RunResult,
  readBegunRun,
  readMetrics,
  requireStepMemory,
  type TrainingData,
  type TrainingPlan,
  trainNetwork,
  writeRunConfig,
} from '../../train/index.ts';
import { requireFree } from '../output-folder.ts';

/** What a run computes, and how it is told of. */
export interface TrainRunRequest extends TrainingData {
  /** All settings but the micro-batch. */
  readonly config: PlannedConfig;
  /** How the data were found, for whoever goes on with the run; as the run that is there has it unless told. */
  readonly source?: RunSource | undefined;
  /** Examples in memory at a time; as many as fit unless told. */
  readonly microBatch?: number | undefined;
  /** Those settings that were asked for, and not by default: a run that is gone on with must have been begun with them. All unless told. */
  readonly given?: Partial<RunConfig> | undefined;
  /** Go on with the run in the folder, whose settings need not be said again. */
  readonly resume?: boolean | undefined;
  readonly runtime?: RuntimeOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What the page says it was made by. */
  readonly command?: string | undefined;
  /** What whoever comes second is told this process is doing. */
  readonly doing?: string | undefined;
  /** Told before the first step of what is going to be done. */
  readonly onPlan?: ((outline: TrainingOutline) => void) | undefined;
  /** Told of the step that the run goes on from. */
  readonly onStart?: ((step: number) => void) | undefined;
  readonly onRecord?: ((record: MetricsRecord) => void) | undefined;
  readonly onStep?:
    | ((state: { readonly step: number; readonly loss: number; readonly examplesPerSecond: number }) => void)
    | undefined;
  /** Told what a user should know and cannot see, a sentence each. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What a run is going to do. */
export interface TrainingOutline {
  readonly plan: TrainingPlan;
  readonly config: RunConfig;
  /** On a line. */
  readonly estimate: string;
}

/** What a run has come to. */
export interface TrainRun {
  readonly plan: TrainingPlan;
  readonly config: RunConfig;
  readonly result: RunResult;
  readonly records: readonly MetricsRecord[];
  /** The result as it stands in `result.json`. */
  readonly document: StoredDocument;
  /** Path of the page. */
  readonly page: string;
}

/** Files of a training run in its folder, by which one is known. */
const own = ['config.json', 'result.json'];

/** What a training would do in `folder`, if there is one. Throws as `trainRun` does. */
export async function outlineTraining(request: TrainRunRequest, folder?: string): Promise<TrainingOutline> {
  if (folder !== undefined) requireFree(folder, own);
  const { plan, config } = await opened(request, folder);
  return { plan, config, estimate: lineOf(plan, config) };
}

/** What is done to pixels in front of a model; nothing for texts. */
const inFrontOf = (model: TrainingPlan['model'], { normalize }: RunConfig) =>
  normalizationEntry(applied(model.normalization, normalize, undefined));

function lineOf({ model, task, batches, steps }: TrainingPlan, config: RunConfig): string {
  const { batchSize, microBatch, growth } = config;
  const { normalization } = inFrontOf(model, config);
  const parts = microBatch < batchSize ? ` (${microBatch} at a time; batch norm sees these)` : '';
  const grown = growth ? ` growing to ${batches.batchSizeAt(steps - 1)}` : '';
  const unit = task.tokens === undefined ? '' : ` x ${task.tokens} tokens`;
  const epochs = formatNumber(batches.examplesBefore(steps) / task.examples);
  return (
    `${model.name} (${formatCount(parameterCount(model.parameters))} parameters) on ${config.dataset}: ${formatCount(steps)} steps of ` +
    `${batchSize}${unit}${grown}${parts}, ${epochs} epochs, ${config.optimizer}, ${config.schedule} schedule${
      normalization === undefined ? '' : `; normalisation ${normalization}`
    }`
  );
}

async function opened(request: TrainRunRequest, folder: string | undefined) {
  const { config: asked, train, valid, given, microBatch, resume = false } = request;
  const data = { train, valid };
  const run =
    folder === undefined
      ? undefined
      : await openRun(folder, {
          asked,
          given: given ?? { ...asked, ...(microBatch === undefined ? {} : { microBatch }) },
          resume,
          stepsOf: (config) => planTraining(config, data).steps,
        });
  const stored = run?.stored;
  const plan = planTraining(stored ?? asked, data);
  const config: RunConfig = stored ?? { ...asked, microBatch: microBatch ?? fittingMicroBatch(plan, asked.batchSize) };
  requireStepMemory(plan, config.microBatch);
  return { plan, config, isBegun: stored !== undefined, formerIdentities: run?.formerIdentities ?? [] };
}

/**
 * Trains in `folder`: `config.json`, `metrics.jsonl`, `checkpoint/`, and in the end `model.safetensors`, `result.json` and `report.html`. A run that was begun
 * there goes on exactly. Throws UsageError for a folder of something else or of a run with other settings, FolderOwned for one that another process writes.
 */
export async function trainRun(folder: string, request: TrainRunRequest): Promise<TrainRun> {
  requireFree(folder, own);
  const { doing = 'a training', command = 'the library', runtime, signal, onRecord, onStep, onNote } = request;
  return owningFolder(folder, { doing }, async () => {
    // Somebody may have been faster.
    requireFree(folder, own);
    const { plan, config, isBegun, formerIdentities } = await opened(request, folder);
    request.onPlan?.({ plan, config, estimate: lineOf(plan, config) });
    const { train, valid } = request;
    const result = await trainNetwork({
      ...{ config, train, valid, folder, formerIdentities },
      resume: isBegun,
      ...(signal && { signal }),
      ...(runtime && { runtime }),
      onStart: async (step) => {
        // Only now is it sure that the run can begin or go on.
        const begun = await readBegunRun(folder);
        const now = { config, source: request.source ?? begun?.source ?? {} };
        if (!isDeepStrictEqual(now, begun)) await writeRunConfig(folder, config, now.source);
        request.onStart?.(step);
      },
      ...(onRecord && { onRecord }),
      ...(onStep && { onStep }),
      ...(onNote && { onNote }),
    });
    const records = await readMetrics(join(folder, 'metrics.jsonl'));
    const whole = await described(plan, config, result, records, runtime);
    const document = toDocument(trainKind, { config }, whole);
    await writeFileAtomic(join(folder, 'result.json'), JSON.stringify(document));
    const page = join(folder, 'report.html');
    await writeFileAtomic(page, await trainingPage(config, whole, command));
    return { plan, config, result, records, document, page };
  });
}

async function described(
  { model, task }: TrainingPlan,
  config: RunConfig,
  result: RunResult,
  records: readonly MetricsRecord[],
  { device = 'cpu', threads }: RuntimeOptions = {},
): Promise<TrainResult> {
  const machine = await describeRuntime();
  const { cpu, node } = machine;
  return {
    ...result,
    metric: task.metric,
    parameters: parameterCount(model.parameters),
    heldOut: `${heldOutSplit(config.dataset) === 'valid' ? 'validation' : 'test'} split`,
    ...inFrontOf(model, config),
    records,
    environment: {
      ...{ ballast: version, node, cpu, device },
      threads: threads ?? machine.threads,
      date: new Date().toISOString(),
    },
  };
}

/** JSON has no number that is none. */
const orNone = (value: number | null): number => value ?? Number.NaN;
const known = <Key extends string>(key: Key, value: number | null | undefined) =>
  value === undefined ? {} : ({ [key]: orNone(value) } as Record<Key, number>);

/** A run as its reports take it, from its result. */
export function trainingRun(config: RunConfig, found: TrainResult) {
  const { records, final, status, steps, epochs, seconds, examplesPerSecond } = found;
  const { metric, parameters, heldOut, normalization } = found;
  return {
    ...{ config, metric, parameters, heldOut },
    ...(normalization === undefined ? {} : { normalization }),
    records: records.map(({ trainLoss, valLoss, valMetric, gradNorm, microGradNorm, noiseScale, ...rest }) => ({
      ...rest,
      trainLoss: orNone(trainLoss),
      gradNorm: orNone(gradNorm),
      ...known('valLoss', valLoss),
      ...known('valMetric', valMetric),
      ...known('microGradNorm', microGradNorm),
      ...known('noiseScale', noiseScale),
    })),
    result: {
      ...{ status, steps, epochs, seconds, examplesPerSecond },
      final: {
        trainLoss: orNone(final.trainLoss),
        ...known('valLoss', final.valLoss),
        ...known('valMetric', final.valMetric),
      },
    },
  };
}

/** The page of a run from its result: self-contained HTML. */
export async function trainingPage(config: RunConfig, found: TrainResult, command: string): Promise<string> {
  const { renderTrainingReport } = await import('../../report/pages.ts');
  const { cpu, threads, ballast, node } = found.environment;
  const machine = `${cpu}, ${threads} thread${threads === 1 ? '' : 's'}, Ballast ${ballast}, Node ${node}`;
  return renderTrainingReport({ ...trainingRun(config, found), command, machine });
}
