/** What a study has measured, as plain data: what imports leave behind and the analysis reads. */
import { z } from 'zod';
import { flags } from '../flags.ts';
import type { Of } from '../readonly.ts';

const number = z.number().nullable();

export const measurement = z.object({
  step: z.number().describe('of the run'),
  epoch: z.number().describe('passes over the training data, fractional'),
  examples: z.number().describe('seen so far; tokens for language'),
  seconds: z.number().describe('in steps'),
  trainLoss: number.describe('null where it was not evaluated'),
  valLoss: number.describe('on held-out data'),
  valMetric: number.describe('on held-out data'),
  noiseScale: number.describe('tr Σ / |G|² in examples; null where one micro-batch tells nothing'),
  gradNorm: number.describe('of the gradient'),
});

const numbers = z.array(z.number());
const maybe = z.array(number).optional();

/** Measurements in columns: what all lack is left out; examples that are steps x batch size, and epochs that follow from them, too. */
export const measurementColumns = z
  .object({
    step: numbers.describe('of the run'),
    epoch: numbers.optional().describe('passes over the training data; absent where they follow from the examples'),
    examples: numbers.optional().describe('seen so far; absent where they are steps x batch size'),
    seconds: numbers.optional().describe('in steps; absent without a clock'),
    trainLoss: maybe.describe('on training data'),
    valLoss: maybe.describe('on held-out data'),
    valMetric: maybe.describe('on held-out data'),
    noiseScale: maybe.describe('tr Σ / |G|² in examples'),
    gradNorm: maybe.describe('of the gradient'),
  })
  .refine((c) => Object.values(c).every((v) => v === undefined || v.length === c.step.length), {
    message: 'columns differ in length',
  });

const trial = z.object({
  id: z.string().describe('of the trial'),
  workload: z.string().describe('one of the workloads'),
  strategy: z.string().describe('how its rate follows from that of the base batch'),
  batchSize: z.number().positive().describe('examples a step'),
  baseRate: z.number().describe('the rate before the rule of the strategy'),
  learningRate: z.number().describe('after it'),
  seed: z.number().describe('of everything random'),
  status: z.enum(['queued', 'running', 'complete', 'stopped', 'infeasible', 'failed']).describe('how it ended'),
  budgetSteps: z.number().describe('steps that it was allowed'),
  measurements: z.union([z.array(measurement), measurementColumns]).describe('its curve, a row a step or in columns'),
  secondsPerStep: number.describe('median, where measured'),
  hardware: z.string().nullable().describe('where it ran'),
});

const target = z.object({
  name: z.string().describe('as it is written in tables'),
  quantity: z.enum(['trainLoss', 'valLoss', 'valMetric']).describe('what is to reach it'),
  rule: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('absolute').describe('a value'), value: z.number().describe('to be reached') }),
      z.object({
        kind: z.literal('quartile').describe('a quantile of the losses that the largest batch reaches'),
        q: z.number().gt(0).lt(1).describe('which one'),
      }),
    ])
    .describe('what is to be reached'),
});

/** What is trained: a model on data, with the targets that it is to reach. */
export const measuredWorkload = z.object({
  name: z.string().describe('of the workload'),
  model: z.string().describe('what is trained'),
  dataset: z.string().describe('on what'),
  fraction: z.number().describe('share of the training data'),
  complexity: number.describe('of procedural data; null otherwise'),
  examples: z.number().describe('of an epoch; tokens for language'),
  metric: z
    .object({
      name: z.string().describe('such as accuracy'),
      direction: z.enum(['min', 'max']).describe('which way is better'),
    })
    .nullable()
    .describe('on held-out data'),
  parameters: number.describe('trained values'),
  targets: z.array(target).describe('what it is to reach'),
});

export const measuredStudyResult = z.object({
  name: z.string().describe('of the study'),
  workloads: z.array(measuredWorkload).describe('what is trained'),
  trials: z.array(trial).describe('every one with its curve'),
});

/** `name=value`, one each. */
const pairs = z.array(z.string().regex(/^[^=]+=/, 'expected name=value'));

/** Where measurements of others come from. */
export const importRequest = z.object({
  source: z
    .string()
    .describe('a log, a folder of logs, or a folder dataset/model/optimizer/batch_size/trial')
    .register(flags, { positional: true }),
  mapping: z
    .string()
    .min(1)
    .optional()
    .describe('YAML or JSON: what the options below say, and targets (docs/logs.md)')
    .register(flags, { value: 'file' }),
  map: pairs
    .optional()
    .describe('the column, metric or setting that holds a quantity, e.g. valLoss=eval/loss')
    .register(flags, { value: 'quantity=name', several: 'times' }),
  set: pairs
    .optional()
    .describe(
      'what no log says: batchSize, learningRate, seed, strategy, batchFactor (processes x accumulation), examples (of an epoch), parameters, model, dataset, hardware',
    )
    .register(flags, { value: 'name=value', several: 'times' }),
  format: z
    .string()
    .min(1)
    .optional()
    .describe('how to read, where content does not tell: csv, json-lines, lines, ...')
    .register(flags, { value: 'name' }),
  pattern: z
    .string()
    .min(1)
    .optional()
    .describe('for printed lines: named groups are the values, e.g. "it (?<step>\\d+) L (?<loss>[0-9.]+)"')
    .register(flags, { value: 'regex' }),
  names: z
    .string()
    .min(1)
    .optional()
    .describe('groups batchSize, learningRate, seed, strategy in names of runs and folders')
    .register(flags, { value: 'regex' }),
  order: z
    .enum(['resumed', 'unsorted'])
    .optional()
    .describe('rows whose steps go back: resumed (later ones count) or unsorted')
    .register(flags, { value: 'how' }),
  restarts: z
    .enum(['same', 'new'])
    .optional()
    .describe('a run that begins again at its first step: same or new')
    .register(flags, { value: 'how' }),
  epochs: z
    .enum(['ended', 'passed'])
    .optional()
    .describe('without steps, an epoch is the number that ended (from 0 on), or how many passed: ended or passed')
    .register(flags, { value: 'how' }),
});
/** Where measurements of others come from, and how they are read. */
export type ImportRequest = Of<typeof importRequest>;

const found = z.object({
  workload: z.string().describe('its name'),
  strategies: z.array(z.string()).describe('of its trials'),
  batchSizes: z.array(z.number()).describe('of its trials, growing'),
  trials: z.int().describe('how many'),
  measurements: z.int().describe('of all of them'),
  targets: z.array(z.string()).describe('what they are to reach'),
});

/** What was found in measurements of others. */
export const importedResult = z.object({
  study: z.string().describe('its name'),
  workloads: z.array(found).describe('one by one'),
  files: z
    .array(
      z.object({
        path: z.string().describe('of a log'),
        format: z.string().describe('how it was read'),
        records: z.int().describe('that were read'),
        mapping: z
          .array(
            z.object({
              quantity: z.string().describe('what it is'),
              from: z.array(z.string()).describe('its names in the log'),
            }),
          )
          .describe('quantities that were recognized'),
        unused: z
          .array(z.object({ name: z.string().describe('in the log'), count: z.int().describe('how often') }))
          .describe('names that are no quantity'),
        notes: z.array(z.string()).describe('what was assumed, a sentence each'),
      }),
    )
    .optional()
    .describe('logs, each as it was read; absent where there were none to read'),
  passed: z
    .array(z.object({ path: z.string().describe('of a file'), why: z.string().describe('it was not read') }))
    .optional()
    .describe('files that were passed over'),
  notes: z.array(z.string()).optional().describe('what was assumed, a sentence each'),
});

export const exportFormatNames = ['parquet', 'csv', 'layout'] as const;

export const exportRequest = z.object({
  folder: z.string().describe('the study on disk').register(flags, { value: 'dir', positional: true }),
  format: z
    .enum(exportFormatNames)
    .describe('parquet or csv: one table; layout: dataset/model/optimizer/batch_size/trial with a CSV file a trial')
    .register(flags, { value: 'format' }),
  path: z.string().min(1).describe('the file, or for layout the folder').register(flags, { value: 'path', flag: 'to' }),
  all: z.boolean().default(false).describe('also trials that are no longer in the grid'),
});

/** What was written of a study for other programs. */
export const exportedResult = z.object({
  study: z.string().describe('its name'),
  trials: z.int().describe('that were written'),
  measurements: z.int().describe('of all of them'),
  format: z.enum(exportFormatNames).describe('what it was written as'),
  path: z.string().describe('where'),
});

/** What of a study is written for other programs. */
export type ExportRequest = Of<typeof exportRequest>;
/** What was found in measurements of others. */
export type ImportedSummary = Of<typeof importedResult>;
/** What was written of a study for other programs. */
export type ExportedSummary = Of<typeof exportedResult>;
