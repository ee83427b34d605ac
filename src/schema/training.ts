/** A training run: what it was asked for, and what became of it. */
import { z } from 'zod';
import { environment, subject } from './common.ts';
import type { Of } from './readonly.ts';

/** What a run has to say at a step: a line of `metrics.jsonl`. */
export const metricsRecord = z.object({
  step: z.int().describe('of the run'),
  epoch: z.number().describe('passes over the training data, fractional'),
  examples: z.number().describe('seen so far'),
  seconds: z.number().describe('in steps, evaluation left out'),
  trainLoss: z.number().nullable().describe('mean over the steps since the line before; null where it is not finite'),
  valLoss: z.number().nullable().optional().describe('on held-out data'),
  valMetric: z.number().nullable().optional().describe('accuracy, mean IoU or perplexity, by task'),
  lr: z.number().describe('learning rate'),
  batchSize: z.int().describe('examples a step'),
  gradNorm: z.number().nullable().describe('root mean square of the gradient norms of the steps'),
  microGradNorm: z
    .number()
    .nullable()
    .optional()
    .describe('the same of the gradients of micro-batches, where there are several'),
  noiseScale: z.number().nullable().optional().describe('tr Σ / |G|² in examples'),
});

/** All settings of a run, by their names. */
const settings = z.record(z.string(), z.unknown());

/** `config.json` in the folder of a run: these and its other settings, which a training itself checks. */
export const runConfigResult = z.looseObject({
  model: z.string().describe('built-in model'),
  dataset: z.string().describe('data set'),
  seed: z.int().describe('of everything random'),
  batchSize: z.int().describe('examples a step'),
  microBatch: z.int().describe('examples in memory at a time'),
  lr: z.number().describe('learning rate, before scaling'),
  baseBatch: z.int().describe('batch size that the learning rate belongs to'),
  length: z.string().describe('of the whole run, such as 500st or 3ep'),
});

/** How the data of a run were found, for whoever goes on with it. */
export const runConfigRequest = z.object({
  data: z.string().optional().describe('where the data set lies'),
  classNames: z.string().optional().describe('of a network, in the order of its outputs: a list, or a file with one'),
  tokenizer: z.string().optional().describe('tokenizer.json that splits the text'),
});

/** What a folder of results was made for: `request.json` in it. */
export const folderRequestResult = z.object({
  of: z.string().describe('what computes it, such as spectrum'),
  request: z.record(z.string(), z.unknown()).describe('all that decides the result'),
});

export const trainRequest = z.object({ config: settings.describe('all settings of the run, as in config.json') });

export const trainResult = z.object({
  status: z
    .enum(['complete', 'stopped', 'interrupted', 'infeasible'])
    .describe('stopped: it was told that it is enough; infeasible: it diverged'),
  steps: z.int().describe('that were made'),
  epochs: z.number().describe('passes over the training data'),
  seconds: z.number().describe('in steps'),
  examplesPerSecond: z.number().describe('in steps'),
  final: z
    .object({
      trainLoss: z.number().nullable().describe('of the last line; null where it is not finite'),
      valLoss: z.number().nullable().optional().describe('on held-out data'),
      valMetric: z.number().nullable().optional().describe('on held-out data'),
    })
    .describe('where it ended'),
  metric: z.enum(['accuracy', 'meanIoU', 'perplexity']).describe('what the metric is'),
  parameters: z.int().describe('trained values of the model'),
  heldOut: z.string().describe('what it was judged on, such as test split'),
  normalization: subject.normalization,
  records: z.array(metricsRecord).describe('its metrics, in the order of steps'),
  environment: environment.describe('where and when it ran'),
});

/** What a run is going to do. */
export const trainOutlineResult = z.object({
  steps: z.int().describe('of the run'),
  config: settings.describe('its settings'),
});

/** What a training run has come to, with its metrics. */
export type TrainResult = Of<typeof trainResult>;
export type RunSource = Of<typeof runConfigRequest>;
