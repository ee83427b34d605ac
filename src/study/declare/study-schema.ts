import { z } from 'zod';
import { pathNameSchema } from '../../formats/index.ts';
import { jsonSchemaOptions, openNames } from '../../schema/index.ts';
import { described, durationSchema, freeSettings, gridSettings } from '../../train/index.ts';
import { commandFields } from '../../trials/index.ts';

const duration = durationSchema;
const name = pathNameSchema;
const batchSize = z.int().positive();
const rate = z.number().positive();
const seed = z.int().nonnegative();
const few = <T extends z.ZodType>(item: T) => z.array(item).min(1);
/** One value, or several of which each makes a workload of its own. */
const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, few(item)]);

const quantity = z.enum(['trainLoss', 'valLoss', 'valMetric']);

/** What training is to reach: a value of the quantity, or a quantile of what the largest batch reaches. */
export const targetSchema = z
  .strictObject({
    name: name.optional().describe('"trainLoss<=0.5" and the like unless told'),
    quantity: quantity.describe('trainLoss is of a fixed sample of the training data without augmentation'),
    value: z.number().optional().describe('absolute target'),
    quartile: z.number().gt(0).lt(1).optional().describe('this quantile of the losses that the largest batch reaches'),
  })
  .refine((t) => (t.value === undefined) !== (t.quartile === undefined), 'expected either "value" or "quartile"');

/** How long a trial may train: what is reached first. */
export const budgetSchema = z
  .strictObject({
    epochs: z.number().positive().optional(),
    steps: z
      .union([
        z.int().positive(),
        z.record(z.string().regex(/^[1-9]\d*$/, 'expected a batch size'), z.int().positive()),
      ])
      .optional()
      .describe('a number, or one for each batch size: {64: 4000, 1024: 600}'),
    leastSteps: z
      .number()
      .positive()
      .optional()
      .describe(
        'beside one of the others: the fewest steps that the target takes at any batch size (S_min). Every trial gets three times as many at least, so that a miss is not the budget’s doing',
      ),
    examples: z.number().positive().optional().describe('for language: tokens'),
    seconds: z.number().positive().optional().describe('time in steps; beside one of the others'),
  })
  .refine(
    (b) => b.epochs !== undefined || b.steps !== undefined || b.examples !== undefined,
    'expected "epochs", "steps" or "examples"',
  );

/** Settings of a training that a workload or a strategy may set. */
export const settingsSchema = z
  .strictObject({
    ...described(freeSettings, 'studyDefault'),
    beta2: z.number().min(0).lt(1).describe('of commands: what ${beta2} stands for'),
  })
  .partial();

/** Rates before a strategy's rule: absolute, or as multiples of one. */
export const ratesSchema = z.union([few(rate), z.strictObject({ relative: few(rate), of: rate })]);

const knobs = {
  complexity: oneOrMore(z.number().min(0)).optional(),
  clutter: z.number().min(0).max(1).optional(),
  noise: z.number().min(0).max(1).optional(),
  pose: z.number().min(0).max(1).optional(),
  labelNoise: z.number().min(0).max(1).optional(),
};

/** What any workload may say, whoever trains it. */
const asked = {
  settings: settingsSchema.optional(),
  targets: z.array(targetSchema).optional(),
  batchSizes: few(batchSize).optional(),
  baseBatch: batchSize.optional(),
  learningRates: ratesSchema.optional(),
  budget: budgetSchema.optional(),
  microBatch: z.int().positive().optional(),
};

/** A network that Ballast trains itself. */
const ownWorkloadSchema = z.strictObject({
  name,
  model: z.string().describe('see `ballast models`'),
  dataset: z.string().describe('see `ballast datasets`'),
  data: z
    .string()
    .optional()
    .describe('folder of the data; that of the call unless told. No part of what identifies a trial'),
  fraction: oneOrMore(z.number().positive().max(1))
    .optional()
    .describe('share of the training data; a list makes a workload of each'),
  complexity: knobs.complexity.describe(
    'shapes: clutter, noise and pose at once, 0 to 1; grammar: words that may follow a word; a list makes a workload of each',
  ),
  knobs: z
    .strictObject({ clutter: knobs.clutter, noise: knobs.noise, pose: knobs.pose, labelNoise: knobs.labelNoise })
    .optional()
    .describe('of shapes, one by one'),
  trainCount: z.int().positive().optional().describe('procedural data: examples (tokens) that are made for training'),
  validCount: z.int().positive().optional().describe('procedural data: examples (tokens) that are made for validation'),
  ...asked,
});

/** A training by any other program. */
export const commandWorkloadSchema = z.strictObject({
  name,
  ...commandFields,
  examples: z.number().positive().describe('training examples of an epoch (for language: tokens)'),
  metric: z
    .strictObject({ name: z.string().min(1).max(100), direction: z.enum(['min', 'max']) })
    .optional()
    .describe('what valMetric is, and which way is better; from its name unless told'),
  ...asked,
});

export const workloadSchema = z.union([ownWorkloadSchema, commandWorkloadSchema]);

/** Short forms of strategies; `registerStrategy` adds to them. */
export const strategyNames = openNames('strategy', {});

export const strategySchema = z.union([
  strategyNames.schema,
  z.strictObject({
    name,
    like: strategyNames.schema.optional().describe('a short form to start from'),
    scaling: gridSettings.scaling.optional().describe('how the rate follows the batch from baseBatch on'),
    warmup: duration.optional(),
    settings: settingsSchema.optional(),
    args: commandFields.args.describe('of commands: arguments by name besides those of the workload'),
    ghostBatch: z.int().positive().optional().describe('examples that batch norm sees at a time: the micro-batch'),
    tune: z
      .enum(['base', 'each'])
      .optional()
      .describe('where the best of several rates is searched: at baseBatch (default), or at each batch size'),
    trainLonger: z.number().positive().optional().describe('factor of the budget'),
    learningRates: ratesSchema.optional(),
    batchSizes: few(batchSize).optional().describe('only these of the batch sizes'),
    budget: budgetSchema.optional(),
  }),
]);

export const pointsSchema = z.strictObject({
  workloads: few(z.string()).optional(),
  strategies: few(z.string()).optional(),
  batchSizes: few(batchSize).optional(),
  learningRates: few(rate).optional(),
  seeds: few(seed).optional(),
  early: z
    .literal(false)
    .optional()
    .describe('these trials use up their budget, whatever they reach: so it is known how deep the targets lie'),
});

/** A study as it is declared: see docs/batch-studies.md. */
export const studySchema = z.strictObject({
  name,
  workloads: few(workloadSchema),
  batchSizes: few(batchSize),
  strategies: few(strategySchema),
  baseBatch: batchSize.optional().describe('batch size that the rates belong to; the smallest unless told'),
  learningRates: ratesSchema.optional().describe('before the strategy’s rule'),
  seeds: few(seed).optional().describe('[0] unless told'),
  targets: z.array(targetSchema).optional().describe('of workloads that have none of their own'),
  budget: budgetSchema,
  evaluate: z
    .strictObject({
      every: duration.optional().describe('1ep unless told'),
      trainExamples: z
        .int()
        .positive()
        .optional()
        .describe('sample for trainLoss (tokens for language); 2000 unless told'),
      validExamples: z
        .union([z.literal('all'), z.int().positive()])
        .optional()
        .describe('of the held-out data; all unless told'),
    })
    .optional(),
  checkpointEvery: duration.optional().describe('evaluate.every unless told'),
  keep: z
    .enum(['checkpoint', 'model', 'nothing'])
    .optional()
    .describe('what stays of a finished trial: checkpoint and model (default), the model, or neither'),
  microBatch: z
    .int()
    .positive()
    .optional()
    .describe('examples in memory at a time; the largest divisor up to 64 unless told'),
  early: z
    .union([z.boolean(), z.strictObject({ patience: z.number().gt(0).lte(1) })])
    .optional()
    .describe(
      'end a trial when all its absolute targets are reached, or have not come closer for the share "patience" of the budget (0.5 unless told)',
    ),
  points: few(pointsSchema)
    .optional()
    .describe('the grid is the union of these; what a block leaves out is everything. All unless told'),
});

export type StudyFile = z.infer<typeof studySchema>;
export type OwnWorkloadEntry = z.infer<typeof ownWorkloadSchema>;
export type CommandWorkloadEntry = z.infer<typeof commandWorkloadSchema>;
export type WorkloadEntry = OwnWorkloadEntry | CommandWorkloadEntry;
export type StrategyEntry = z.infer<typeof strategySchema>;
export type Settings = z.infer<typeof settingsSchema>;
export type Rates = z.infer<typeof ratesSchema>;
export type Budget = z.infer<typeof budgetSchema>;
export type TargetEntry = z.infer<typeof targetSchema>;

/** JSON Schema of study files, for editors. */
export function studyJsonSchema(): object {
  return { title: 'Ballast batch study', ...z.toJSONSchema(studySchema, { ...jsonSchemaOptions, io: 'input' }) };
}
