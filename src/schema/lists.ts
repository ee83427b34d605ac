/** What there is: units of a network, models, data sets, kinds of results. */
import { z } from 'zod';
import { flags } from './flags.ts';
import { modelName } from './names/model-families.ts';
import type { Of } from './readonly.ts';
import { foreignKeys } from './request.ts';

const tasks = z.enum(['classification', 'segmentation', 'language']);
const splits = z.enum(['train', 'valid', 'test']);

export const unitsRequest = z.object({
  model: modelName.describe('an ONNX file, or the name of a built-in model').register(flags, { positional: true }),
  ...foreignKeys,
});

export const unitsResult = z.object({
  model: z.string().describe('name of the network'),
  units: z
    .array(
      z.object({
        name: z.string().describe('of the unit'),
        stage: z.string().describe('the stage that it is of'),
        shape: z.array(z.int()).describe('values at its end and at its beginning'),
        shortcut: z.enum(['identity', 'affine']).describe('what passes by the branch'),
        finalRelu: z.boolean().describe('whether the sum goes through a ReLU'),
        hidden: z.int().nullable().describe('values behind the ReLU inside of the branch; null without one'),
      }),
    )
    .describe('residual units in the order of the network'),
  skipped: z
    .array(z.object({ name: z.string().describe('of an addition'), because: z.string().describe('it joins no unit') }))
    .describe('additions that join no unit'),
});

const listing = {
  name: z.string().describe('what it is called'),
  family: z.string().describe('pattern of the names of its family'),
  task: tasks.describe('what it does'),
  inputShape: z.array(z.int()).describe('channels, height and width, or tokens'),
  classes: z.int().describe('or words'),
  parameters: z.int().describe('trained values'),
  flops: z.number().describe('of one example in evaluation, a multiply-add counted as two'),
  ownWeights: z.boolean().describe('whether weights are brought along'),
};

export const modelsResult = z.object({
  models: z.array(z.object(listing)).describe('common members of every family'),
  families: z
    .array(z.object({ pattern: z.string().describe('of names'), what: z.string().describe('they are') }))
    .describe('any member can be named'),
});

export const modelRequest = z.object({ name: z.string().describe('any member of a family') });

export const modelResult = z.object({
  ...listing,
  residualUnits: z.int().describe('how many'),
  groups: z
    .array(
      z.object({
        name: z.string().describe('that their names begin with'),
        tensors: z.int().describe('trained ones'),
        parameters: z.int().describe('values of those'),
        running: z.int().describe('values of running statistics, which are not trained'),
      }),
    )
    .describe('its parameters'),
});

const facts = {
  name: z.string().describe('what it is called'),
  what: z.string().describe('it is'),
  tasks: z.array(tasks).describe('what it can be used for'),
  needsFiles: z.boolean().describe('false for procedural data'),
  files: z.string().nullable().describe('what is expected in its folder; null for procedural data'),
  splits: z.array(splits).describe('that there are'),
  counts: z
    .partialRecord(splits, z.int())
    .nullable()
    .describe('images or tokens of each split, the official ones; null where the files decide'),
  shape: z.array(z.int()).nullable().describe('channels, height, width; null where the files decide, or for texts'),
  classes: z.int().nullable().describe('or words; null where the files decide'),
};

export const datasetsResult = z.object({ datasets: z.array(z.object(facts)).describe('images first') });

export const datasetRequest = z.object({
  name: z.string().describe('of the data set'),
  data: z.string().nullable().describe('where it lies; null where it was not read'),
  split: splits.nullable().describe('the one that was read; null: all'),
});

const shares = z.array(z.object({ name: z.string().describe('of a class'), value: z.number().describe('of it') }));

const images = z.object({
  images: z.int().describe('how many'),
  shape: z.array(z.int()).describe('channels, height, width'),
  mean: z.array(z.number()).describe('of all pixels from 0 to 1, by channel'),
  classes: shares.optional().describe('images of each class; absent where they have no label'),
  pixels: shares.optional().describe('share of all pixels of each class of the masks, where there are masks'),
  ignored: z.number().optional().describe('share of all pixels that count in no loss'),
  sameAs: splits.optional().describe('the split with the very same images'),
  notes: z.array(z.string()).optional().describe('what was passed over or assumed, a sentence each'),
});

const text = z.object({
  tokens: z.int().describe('how many'),
  lines: z.int().describe('each ends with <eos>, which is among the tokens'),
  vocabulary: z.int().describe('words'),
  unknown: z.number().describe('share of the tokens that are <unk>'),
  entropy: z.number().optional().describe('nats a token that no model does better than, where known'),
});

export const datasetResult = z.object({
  ...facts,
  found: z
    .partialRecord(splits, z.union([images, text]))
    .optional()
    .describe('what was read, by split; absent where nothing was read'),
});

export const kindsResult = z.object({
  kinds: z
    .array(
      z.object({
        kind: z.string().describe('its name'),
        version: z.int().describe('of its form'),
        summary: z.string().describe('what it is'),
      }),
    )
    .describe('of results and files'),
});

/** Whose residual units are asked for. */
export type UnitsRequest = Of<typeof unitsRequest>;
/** Residual units of a network. */
export type UnitsResult = Of<typeof unitsResult>;
/** The built-in models. */
export type ModelsResult = Of<typeof modelsResult>;
/** One built-in model. */
export type ModelResult = Of<typeof modelResult>;
/** The data sets. */
export type DatasetsResult = Of<typeof datasetsResult>;
/** One data set, and what was found in its files. */
export type DatasetResult = Of<typeof datasetResult>;
