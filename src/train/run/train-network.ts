import { UsageError } from '../../base/errors.ts';
import { type ImageDataset, isText, subset, type TextDataset } from '../../data/index.ts';
import { heldOutScore, ModelEvaluator } from '../../evaluate/index.ts';
import { type Model, modelNamed, normalizationNamed } from '../../models/index.ts';
import { initialize, parameterCount } from '../../nn/index.ts';
import { peakBytes, type RuntimeOptions, requireMemory } from '../../runtime/index.ts';
import { fittedTo } from '../fitted.ts';
import { type Optimizer, optimizerNamed } from '../optimizers/index.ts';
import { scaledRate, schedule } from '../settings/schedule.ts';
import { gradientGraph } from '../step.ts';
import {
  type Augmentation,
  ClassificationTask,
  LanguageTask,
  SegmentationTask,
  type TrainingTask,
} from '../tasks/index.ts';
import { Trainer } from '../trainer.ts';
import { BatchPlan } from './batch-plan.ts';
import { parseDuration } from './duration.ts';
import { chooseMicroBatch } from './memory.ts';
import { type RunRequest, type RunResult, run } from './run.ts';
import { configHash, formerConfigHash, type RunConfig } from './run-config.ts';

/** What a network is trained and judged on. */
export interface TrainingData {
  readonly train: ImageDataset | TextDataset;
  /** Held-out data that the run is judged on as it goes. */
  readonly valid: ImageDataset | TextDataset;
}

/** What a configuration and its data come to, before anything is computed. */
export interface TrainingPlan {
  readonly model: Model;
  readonly task: TrainingTask;
  readonly batches: BatchPlan;
  /** Of the whole run. */
  readonly steps: number;
  readonly optimizer: Optimizer;
}

/** Everything that decides the model and its task, but for the size of the micro-batch, which may follow from them. */
export type PlannedConfig = Omit<RunConfig, 'microBatch'>;

/** Lays out the model for the data and the steps of the run. Throws UsageError for what does not go together. */
export function planTraining(config: PlannedConfig, data: TrainingData): TrainingPlan {
  const { batchSize, growth } = config;
  const normalization = normalizationNamed(config.normalize);
  const model = modelNamed(config.model, {
    ...fittedTo(config.model, data.train),
    dropout: config.dropout ?? 0,
    ...(normalization ? { normalization } : {}),
  });
  const task = taskOf(config, model, data);
  const batches = new BatchPlan({
    batchSize,
    examples: task.examples,
    ...(task.tokens === undefined ? {} : { tokens: task.tokens }),
    ...(growth ? { growth: { ...growth, at: growth.at.map((text) => parseDuration(text, 'growAt')) } } : {}),
  });
  return {
    model,
    task,
    batches,
    steps: batches.steps(config.length, 'epochs'),
    optimizer: configuredOptimizer(config),
  };
}

function configuredOptimizer({ optimizer, weightDecay, momentum, trust, decayOn, adaptOn }: PlannedConfig): Optimizer {
  return optimizerNamed(optimizer, {
    weightDecay,
    ...(momentum === undefined ? {} : { momentum }),
    ...(trust === undefined ? {} : { trust }),
    ...(decayOn === undefined ? {} : { decayOn }),
    ...(adaptOn === undefined ? {} : { adaptOn }),
  });
}

/** How the images are to be augmented. Throws UsageError for ways to do so where none is to be. */
function augmentationOf({ augment, zoom, jitter }: PlannedConfig, model: Model): Augmentation | undefined {
  const told = zoom !== undefined || jitter !== undefined;
  if (told && model.task === 'language')
    throw new UsageError(`zoom and jitter are for images; ${model.name} reads text`);
  if (told && !augment)
    throw new UsageError(
      'zoom and jitter are ways to augment images, which are to be left as they are (augment is off)',
    );
  return augment ? { ...(zoom === undefined ? {} : { zoom }), ...(jitter === undefined ? {} : { jitter }) } : undefined;
}

function taskOf(config: PlannedConfig, model: Model, { train, valid }: TrainingData): TrainingTask {
  const augment = augmentationOf(config, model);
  const { seed, labelSmoothing: smoothing, fraction = 1, batchSize, sequenceLength } = config;
  const common = { model, smoothing };
  if (model.task === 'language') {
    if (!isText(train) || !isText(valid))
      throw new UsageError(`${model.name} is a language model, ${train.name} has images; expected text`);
    const tokens = train.tokens.subarray(0, Math.round(fraction * train.tokens.length));
    return new LanguageTask({
      ...common,
      train: { ...train, tokens },
      valid,
      batchSize,
      length: sequenceLength ?? model.inputShape[0]!,
    });
  }
  if (isText(train) || isText(valid))
    throw new UsageError(`${model.name} is for ${model.task}, ${train.name} is text; expected images`);
  const images = fraction < 1 ? subset(train, fraction, seed) : train;
  const Task = model.task === 'segmentation' ? SegmentationTask : ClassificationTask;
  return new Task({ ...common, train: images, valid, seed, augment });
}

/** Metadata that let other images be matched to the classes by name. */
function namedClasses({ task }: Model, train: TrainingData['train']): Record<string, string> {
  return task === 'classification' && !isText(train) ? { classes: JSON.stringify(train.classes) } : {};
}

/** Bytes that a step of so many examples at a time takes: its graph, and the vectors of the update rule beside it. */
function stepBytes({ model, task }: TrainingPlan, batch: number): number {
  const trained = model.parameters.filter((p) => p.trainable);
  const { graph } = gradientGraph(
    task.objective(batch),
    trained.map((p) => p.name),
  );
  return peakBytes(graph) + parameterCount(model.parameters) * 4 * vectors;
}

/** Of the length of all parameters: values, gradient and two moments, and the state that a step writes beside the one it reads. */
const vectors = 7;

/** The largest micro-batch that fits into memory now. Throws BallastError where not even one example does. */
export function fittingMicroBatch(plan: TrainingPlan, batchSize: number): number {
  const batch = Math.min(8, batchSize);
  // The weights alone first: a graph is built for them only when they can be had.
  requireWeights(plan);
  const bytes = stepBytes(plan, batch);
  requireMemory(bytes / batch, `a training step of ${plan.model.name}`, 'choose a smaller model or images');
  return chooseMicroBatch(batchSize, { batch, bytes });
}

/** Refuses a training whose step does not fit into memory. Throws BallastError with the estimate and what to change. */
export function requireStepMemory(plan: TrainingPlan, microBatch: number): void {
  requireWeights(plan);
  // A step grows with its examples from some on; a graph of very many is not worth building.
  const batch = Math.min(microBatch, 64);
  const bytes = (stepBytes(plan, batch) / batch) * microBatch;
  const what = `a training step of ${plan.model.name} with ${microBatch} examples at a time`;
  requireMemory(bytes, what, 'choose a smaller micro-batch, a divisor of the batch size');
}

function requireWeights({ model }: TrainingPlan): void {
  const bytes = parameterCount(model.parameters) * 4 * vectors;
  requireMemory(bytes, `training ${model.name}`, 'choose a smaller model');
}

/** Compiles the steps of a configured training, from fresh weights. */
export function createTrainer(
  { model, task, optimizer }: TrainingPlan,
  { batchSize, microBatch, growth, clipNorm, seed }: RunConfig,
  runtime: RuntimeOptions = {},
): Promise<Trainer> {
  return Trainer.create({
    objective: (batch) => task.objective(batch),
    parameters: model.parameters,
    initial: initialize(model.parameters, seed),
    rule: optimizer,
    batchSize,
    microBatch,
    growing: growth !== undefined,
    ...(clipNorm === undefined ? {} : { clipNorm }),
    seed,
    runtime,
  });
}

/** A training: its configuration, its data, its folder, and who is told. */
export interface NetworkTraining extends Omit<RunRequest, 'trainer' | 'task' | 'evaluate' | 'settings'>, TrainingData {
  readonly config: RunConfig;
  /** What a checkpoint must have been made with to be gone on from; the hash of the whole configuration unless told. */
  readonly identity?: string;
  /** What else it may have been made with. */
  readonly formerIdentities?: readonly string[];
  readonly runtime?: RuntimeOptions;
  /** Judges it, where that is used for more; one of its own unless told. */
  readonly evaluator?: ModelEvaluator;
}

/** The learning rate of every step of a configured training. Throws UsageError for settings that make no schedule. */
export function rateOf(config: RunConfig, { batches, steps }: Pick<TrainingPlan, 'batches' | 'steps'>) {
  return schedule({
    kind: config.schedule,
    rate: scaledRate(config.lr, config.scaling, config.batchSize, config.baseBatch),
    steps,
    warmup: batches.steps(config.warmup, 'warmup'),
    milestones: config.milestones.map((text) => batches.steps(text, 'milestones')),
    factor: config.factor,
    power: config.power,
  });
}

/** Trains a network as configured, and keeps everything about it in a folder; see `run`. */
export async function trainNetwork(training: NetworkTraining): Promise<RunResult> {
  const { config, runtime = {} } = training;
  const plan = planTraining(config, training);
  const { model, task, batches, steps, optimizer } = plan;
  const rateAt = rateOf(config, plan);
  requireStepMemory(plan, config.microBatch);
  const trainer = await createTrainer(plan, config, runtime);
  const evaluator = training.evaluator ?? new ModelEvaluator(model, runtime);
  try {
    return await run({
      ...training,
      trainer,
      task,
      evaluate: async (parameters) => heldOutScore(await evaluator.evaluate(parameters, training.valid)),
      settings: {
        steps,
        plan: batches,
        logAt: batches.every(config.logEvery, 'logEvery'),
        evaluateAt: batches.every(config.evalEvery, 'evalEvery'),
        checkpointAt: batches.every(config.checkpointEvery, 'checkpointEvery'),
        keepAt: new Set((config.keepCheckpoints ?? []).map((text) => batches.steps(text, 'keepCheckpoints'))),
        lossBound: config.lossBound,
        rateAt,
        scalarsAt: (step, lr) => optimizer.scalarsAt(step, lr),
        configHash: training.identity ?? configHash(config),
        formerHashes: [formerConfigHash(config), ...(training.formerIdentities ?? [])],
        metadata: {
          model: model.name,
          task: model.task,
          dataset: config.dataset,
          normalize: config.normalize,
          ...namedClasses(model, training.train),
        },
      },
    });
  } finally {
    await trainer.dispose();
    if (!training.evaluator) await evaluator.dispose();
  }
}
