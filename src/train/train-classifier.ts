import type { ImageDataset } from '../data/index.ts';
import { UsageError } from '../errors.ts';
import { type Model, modelNamed, normalizationNamed } from '../models/index.ts';
import { initialize } from '../nn/index.ts';
import type { RuntimeOptions } from '../runtime/index.ts';
import { ClassificationTask, classificationObjective } from './classification.ts';
import { parseDuration, toSteps } from './duration.ts';
import { requireFit } from './evaluate.ts';
import { chooseMicroBatch, peakBytes } from './memory.ts';
import { optimizerNamed } from './optimizers.ts';
import { type RunRequest, type RunResult, run } from './run.ts';
import { configHash, type RunConfig } from './run-config.ts';
import { scaledRate, schedule } from './schedule.ts';
import { gradientGraph } from './step.ts';
import { Trainer } from './trainer.ts';

export interface ClassifierTraining extends Omit<RunRequest, 'trainer' | 'task' | 'settings'> {
  readonly config: RunConfig;
  readonly train: ImageDataset;
  readonly test: ImageDataset;
  readonly runtime?: RuntimeOptions;
}

/** The model that a configuration names, for the classes of a data set. */
export function configuredModel({ model, normalize }: Pick<RunConfig, 'model' | 'normalize'>, classes: number): Model {
  return modelNamed(model, { classes, normalization: normalizationNamed(normalize) });
}

/** Steps of the whole run. */
export function stepsOf({ length, batchSize }: Pick<RunConfig, 'length' | 'batchSize'>, examples: number): number {
  return toSteps(parseDuration(length, '--epochs'), { batchSize, examples });
}

/** The largest micro-batch that fits into memory now. */
export function fittingMicroBatch(model: Model, batchSize: number): number {
  const batch = Math.min(8, batchSize);
  const trained = model.parameters.filter((p) => p.trainable).map((p) => p.name);
  const { graph } = gradientGraph(classificationObjective(model, batch), trained);
  return chooseMicroBatch(batchSize, { batch, bytes: peakBytes(graph) });
}

/** Trains an image classifier as configured, and keeps everything about it in a folder; see `run`. */
export async function trainClassifier(training: ClassifierTraining): Promise<RunResult> {
  const { config, train, test, runtime = {} } = training;
  const { batchSize, seed } = config;
  const model = configuredModel(config, train.classes.length);
  if (model.task !== 'classification') {
    throw new UsageError(`${model.name} is for ${model.task}; only image classifiers can be trained so far`);
  }
  requireFit({ ...model, graph: () => model.trace(1) }, train);
  const optimizer = optimizerNamed(config.optimizer, {
    weightDecay: config.weightDecay,
    ...(config.momentum === undefined ? {} : { momentum: config.momentum }),
  });
  const steps = stepsOf(config, train.count);
  const inSteps = (text: string, option: string) =>
    Math.max(1, toSteps(parseDuration(text, option), { batchSize, examples: train.count }));
  const rateAt = schedule({
    kind: config.schedule,
    rate: scaledRate(config.lr, config.scaling, batchSize, config.baseBatch),
    steps,
    warmup: toSteps(parseDuration(config.warmup, '--warmup'), { batchSize, examples: train.count }),
    milestones: config.milestones.map((m) => inSteps(m, '--milestones')),
    factor: config.factor,
    power: config.power,
  });
  const trainer = await Trainer.create({
    objective: (batch) => classificationObjective(model, batch, config.labelSmoothing),
    parameters: model.parameters,
    initial: initialize(model.parameters, seed),
    rule: optimizer,
    batchSize,
    microBatch: config.microBatch,
    runtime,
  });
  try {
    return await run({
      ...training,
      trainer,
      task: new ClassificationTask({ model, train, test, seed, augment: config.augment, runtime }),
      settings: {
        steps,
        logEvery: inSteps(config.logEvery, '--log-every'),
        evalEvery: inSteps(config.evalEvery, '--eval-every'),
        checkpointEvery: inSteps(config.checkpointEvery, '--checkpoint-every'),
        lossBound: config.lossBound,
        rateAt,
        scalarsAt: (step, lr) => optimizer.scalarsAt(step, lr),
        configHash: configHash(config),
      },
    });
  } finally {
    await trainer.dispose();
  }
}
