import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelEvaluator } from '../../evaluate/index.ts';
import { initialize } from '../../nn/index.ts';
import type { RuntimeOptions } from '../../runtime/index.ts';
import { planTraining, type RunConfig, trainNetwork } from '../../train/index.ts';
import type { LaidOutTrial, StudyLayout } from '../layout/layout.ts';
import type { OwnTrialSpec } from '../layout/trial-spec.ts';
import { DataShelf, exampleCount, type StudyData } from '../study-data.ts';

/** What a part of a study takes. */
export interface Estimate {
  readonly trials: number;
  /** Steps of all trials. */
  readonly steps: number;
  /** Floating-point operations of training, evaluation left out; null where another program trains. */
  readonly flops: number | null;
  /** What stays on disk; null where another program decides it. */
  readonly bytes: number | null;
  /** Time in steps, of one trial after another: measured on a few, for the whole budget of each; null where another program trains (`ballast batch check` measures it). */
  readonly trainingSeconds: number | null;
  readonly evaluationSeconds: number | null;
}

export interface WorkloadEstimate extends Estimate {
  readonly name: string;
}

/** Steps of a calibration; the first one is not counted. */
const calibrationSteps = 3;
/** Bytes of a measurement: in the table and in the trial's log. */
const measurementBytes = 400;

/** Seconds of a step: the fastest of a few. A batch of many micro-batches takes as long as two of them, times the number. */
async function secondsOfStep(config: RunConfig, data: StudyData, runtime: RuntimeOptions): Promise<number> {
  const batchSize = Math.min(config.batchSize, 2 * config.microBatch);
  const folder = await mkdtemp(join(tmpdir(), 'ballast-calibration-'));
  const { growth: _, ...rest } = config;
  const calibrated: RunConfig = {
    ...rest,
    batchSize,
    warmup: '0st',
    length: `${calibrationSteps}st`,
    logEvery: '1000st',
    evalEvery: '1000st',
    checkpointEvery: '1000st',
  };
  const times: number[] = [];
  try {
    const { train } = data;
    await trainNetwork({
      config: calibrated,
      train,
      // Evaluation is timed on its own.
      valid: smallest(data),
      folder,
      resume: false,
      runtime,
      onStep: ({ seconds }) => times.push(seconds),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return (Math.min(...times.slice(1)) * config.batchSize) / batchSize;
}

const smallest = ({ sample, valid }: StudyData) => (exampleCount(sample) < exampleCount(valid) ? sample : valid);

/** Seconds of an evaluation on both, from one on the smaller. */
async function secondsOfEvaluation(config: RunConfig, data: StudyData, runtime: RuntimeOptions): Promise<number> {
  const measured = smallest(data);
  const { model } = planTraining(config, { train: data.train, valid: measured });
  const values = initialize(model.parameters, 0);
  const evaluator = new ModelEvaluator(model, runtime);
  // The first one compiles.
  await evaluator.evaluate(values, measured);
  const began = performance.now();
  await evaluator.evaluate(values, measured);
  const seconds = (performance.now() - began) / 1000;
  await evaluator.dispose();
  return (seconds * (exampleCount(data.sample) + exampleCount(data.valid))) / exampleCount(measured);
}

/**
 * What the given trials take, by workload, from a few real steps of every workload and size of batch, made now with `runtime`. An early end of trials is
 * not foreseen, so it is a bound. `onProgress` hears of the share that is measured.
 */
export async function estimateStudy(
  layout: StudyLayout,
  trials: readonly LaidOutTrial[],
  runtime: RuntimeOptions,
  onProgress: (share: number, what: string) => void = () => {},
): Promise<WorkloadEstimate[]> {
  const shelf = new DataShelf(1);
  const estimates: WorkloadEstimate[] = [];
  const workloadOf = (t: LaidOutTrial) => t.points[0]!.workload;
  for (const [i, { name }] of layout.workloads.entries()) {
    const own = trials.filter((t) => workloadOf(t).name === name);
    if (own.length === 0) continue;
    estimates.push({
      name,
      ...(own.every(isOurs)
        ? await estimateOwn(own, {
            shelf,
            runtime,
            flopsPerExample: layout.flopsPerExample.get(name)!,
            onProgress: (share, what) => onProgress((i + share) / layout.workloads.length, `${name}, ${what}`),
          })
        : {
            trials: own.length,
            steps: own.reduce((sum, t) => sum + t.budgetSteps, 0),
            flops: null,
            bytes: null,
            trainingSeconds: null,
            evaluationSeconds: null,
          }),
    });
  }
  return estimates;
}

type OwnTrial = LaidOutTrial & { readonly spec: OwnTrialSpec };
const isOurs = (trial: LaidOutTrial): trial is OwnTrial => trial.spec.kind === 'own';

/** Trials of one workload that Ballast trains itself. */
async function estimateOwn(
  own: readonly OwnTrial[],
  {
    shelf,
    runtime,
    flopsPerExample,
    onProgress,
  }: {
    readonly shelf: DataShelf;
    readonly runtime: RuntimeOptions;
    readonly flopsPerExample: number;
    readonly onProgress: (share: number, what: string) => void;
  },
): Promise<Estimate> {
  const data = await shelf.of(own[0]!.spec.data, own[0]!.spec.dir);
  const stepSeconds = new Map<string, number>();
  const distinct = new Set(own.map((t) => keyOf(t.spec.config)));
  const sizes = new Map<string, ReturnType<typeof sizeOf>>();
  let sum = { trials: 0, steps: 0, flops: 0, bytes: 0, trainingSeconds: 0, evaluationSeconds: 0 };
  const evaluation = await secondsOfEvaluation(own[0]!.spec.config, data, runtime);
  for (const { spec, budgetSteps, budgetSeconds } of own) {
    const { config } = spec;
    const key = keyOf(config);
    onProgress(stepSeconds.size / distinct.size, `batch ${config.batchSize}`);
    const perExample = stepSeconds.get(key) ?? (await secondsOfStep(config, data, runtime)) / config.batchSize;
    stepSeconds.set(key, perExample);
    // Seed and rate change nothing in what it takes.
    const kind = JSON.stringify({ ...config, seed: 0, lr: 0, budgetSteps });
    const size = sizes.get(kind) ?? sizeOf(spec, budgetSteps, data);
    sizes.set(kind, size);
    const { examples, evaluations, bytes } = size;
    sum = {
      trials: sum.trials + 1,
      steps: sum.steps + budgetSteps,
      flops: sum.flops + examples * flopsPerExample,
      bytes: sum.bytes + bytes,
      trainingSeconds: sum.trainingSeconds + Math.min(examples * perExample, budgetSeconds ?? Number.POSITIVE_INFINITY),
      evaluationSeconds: sum.evaluationSeconds + evaluations * evaluation,
    };
  }
  return sum;
}

/** Examples and evaluations of a trial, and the bytes that stay of it. */
function sizeOf({ config, keep }: OwnTrialSpec, steps: number, data: StudyData) {
  const { batches, optimizer, model } = planTraining(config, data);
  const due = batches.every(config.evalEvery, 'evaluate.every');
  let evaluations = 1;
  for (let step = 1; step < steps; step++) if (due(step)) evaluations++;
  const count = (of: typeof model.parameters) => of.reduce((n, p) => n + p.shape.reduce((a, b) => a * b, 1), 0);
  const [trained, all] = [count(model.parameters.filter((p) => p.trainable)), count(model.parameters)];
  const weights = keep === 'nothing' ? 0 : 4 * all;
  const checkpoint = keep === 'checkpoint' ? 4 * (all + optimizer.slots.length * trained) : 0;
  return {
    examples: batches.examplesBefore(steps),
    evaluations,
    bytes: weights + checkpoint + evaluations * measurementBytes,
  };
}

/** What the time of an example depends on. */
const keyOf = ({ batchSize, microBatch, optimizer }: RunConfig) =>
  `${microBatch} ${Math.min(batchSize, 2 * microBatch)} ${optimizer}`;
