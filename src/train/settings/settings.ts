/**
 * Every setting of a training, once: its form and range, what it is when nothing is said, and what it is for. The flags of `train`, the keys of a study's
 * `settings` and `config.json` follow from this table; a new setting is an entry here, and what it does in the room that does it.
 */
import { z } from 'zod';
import type { Task } from '../../models/index.ts';
import { normalizationNamed, normalizationNames } from '../../models/normalization.ts';
import { optimizerNames, parameterGroups } from '../optimizers/names.ts';
import { presets } from './presets.ts';
import { scalingRules, scheduleNames } from './schedule.ts';

/** What a default may depend on. */
export interface SettingContext {
  readonly task: Task;
  /** Name of the data set. */
  readonly dataset: string;
}

/** What a setting says of itself beside its form. */
export interface SettingFacts {
  /** For the help, on a line. */
  readonly about: string;
  /** How its value is called in the help, such as `ratio`. */
  readonly argument?: string;
  /** Its value when nothing is said, undefined for what is then left out: one for all, or by task and data set. */
  readonly default?: unknown;
  /** The default in words, where the values by task do not tell it. */
  readonly defaultText?: string;
  /** In a study, where that differs. */
  readonly studyDefault?: unknown;
  /** What on the command line sets it is more than a flag of its name: none follows. */
  readonly ownFlags?: true;
  /** On the command line 0 stands for leaving it out. */
  readonly zeroForNone?: true;
}

export const settingFacts = z.registry<SettingFacts>();

/** A length of training: `500st`, `3ep`, `50000ex`, `1e6tok`. */
export const durationSchema = z
  .string()
  .regex(/^\d+(\.\d+)?(e\d+)?(st|ep|ex|tok)$/i, 'expected a duration such as 500st or 3ep');
/** Examples of a step: more than any data set that is read has, and few enough to be listed in memory. */
const mostExamples = 2 ** 24;

const duration = () => z.string().check(...(durationSchema.def.checks ?? []));

const byTask =
  (key: keyof (typeof presets)['language']) =>
  ({ task }: SettingContext) =>
    presets[task][key];

/** What the grid of a study decides for each of its trials. */
export const gridSettings = {
  model: z.string().register(settingFacts, { about: 'built-in model', argument: 'name', ownFlags: true }),
  dataset: z.string().register(settingFacts, { about: 'data set', argument: 'name', ownFlags: true }),
  fraction: z
    .number()
    .positive()
    .max(1)
    .register(settingFacts, { about: 'share of the training data, the same of every class', argument: 'f' })
    .optional(),
  seed: z.int().nonnegative().register(settingFacts, { about: 'seed of everything random', argument: 'n', default: 0 }),
  batchSize: z
    .int()
    .min(1)
    .max(mostExamples)
    .register(settingFacts, { about: 'examples a step', argument: 'n', default: byTask('batchSize') }),
  microBatch: z.int().positive().register(settingFacts, {
    about: 'examples in memory at a time',
    argument: 'n',
    defaultText: 'as many as fit',
    ownFlags: true,
  }),
  lr: z
    .number()
    .nonnegative()
    .register(settingFacts, { about: 'learning rate, before scaling', argument: 'rate', default: byTask('lr') }),
  scaling: z.enum(scalingRules).register(settingFacts, {
    about: 'how the rate follows the batch size from the base batch on',
    argument: 'rule',
    default: 'base',
  }),
  baseBatch: z
    .int()
    .positive()
    .register(settingFacts, {
      about: 'batch size that the learning rate belongs to',
      argument: 'n',
      default: byTask('batchSize'),
    }),
  length: duration().register(settingFacts, {
    about: 'of the whole run',
    default: ({ task }: SettingContext) => `${presets[task].epochs}ep`,
    ownFlags: true,
  }),
};

/** How often a run is written down: no part of what it computes. */
export const rhythmSettings = {
  logEvery: duration().register(settingFacts, { about: 'a line of metrics', argument: 'duration', default: '50st' }),
  evalEvery: duration().register(settingFacts, {
    about: 'evaluation on held-out data',
    argument: 'duration',
    default: '1ep',
  }),
  checkpointEvery: duration().register(settingFacts, { about: 'a checkpoint', argument: 'duration', default: '1ep' }),
  keepCheckpoints: z
    .array(duration())
    .register(settingFacts, {
      about:
        'checkpoints that stay whatever comes after them, to follow a network through its training, e.g. 0st,100st,5ep',
      argument: 'list',
    })
    .optional(),
};

const normalizationForms = `expected ${normalizationNames.join(', ')} or means and deviations such as 0.5,0.5,0.5/0.25,0.25,0.25`;

function isNormalization(text: string): boolean {
  try {
    normalizationNamed(text);
    return true;
  } catch {
    return false;
  }
}

/** What a workload or a strategy of a study may set. */
export const freeSettings = {
  normalize: z
    .string()
    .refine(isNormalization, { error: normalizationForms })
    .register(settingFacts, {
      about: `normalization in front of a network for images: ${normalizationNames.join(', ')}, or means and deviations such as 0.5,0.5,0.5/0.25,0.25,0.25`,
      argument: 'name|values',
      default: ({ dataset }: SettingContext) => (dataset.startsWith('cifar') ? 'cifar10' : 'default'),
      defaultText: "cifar10 for CIFAR, else the model's own",
    }),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .register(settingFacts, { about: 'of the models that have some', argument: 'ratio', defaultText: '0' })
    .optional(),
  augment: z.boolean().register(settingFacts, {
    about: 'random crops and mirroring of the images',
    default: true,
    studyDefault: ({ task }: SettingContext) => task !== 'language',
  }),
  zoom: z
    .number()
    .min(1)
    .max(16)
    .register(settingFacts, {
      about: 'augment: images up to so much larger or smaller, at random',
      argument: 'factor',
      defaultText: '1',
    })
    .optional(),
  jitter: z
    .number()
    .min(0)
    .lt(1)
    .register(settingFacts, {
      about: 'augment: brightness and contrast times 1 - j to 1 + j, at random',
      argument: 'j',
      defaultText: '0',
    })
    .optional(),
  sequenceLength: z
    .int()
    .positive()
    .register(settingFacts, {
      about: 'tokens that a language model reads in a step',
      argument: 'n',
      defaultText: '35',
    })
    .optional(),
  optimizer: z
    .enum(optimizerNames as readonly [string, ...string[]])
    .register(settingFacts, { about: 'update rule', argument: 'name', default: byTask('optimizer') }),
  momentum: z
    .number()
    .min(0)
    .max(1)
    .register(settingFacts, { about: 'of SGD and LARS', argument: 'm', defaultText: '0.9; 0 for sgd' })
    .optional(),
  trust: z
    .number()
    .positive()
    .register(settingFacts, { about: 'LARS: trust coefficient', argument: 't', defaultText: '0.001' })
    .optional(),
  weightDecay: z
    .number()
    .nonnegative()
    .register(settingFacts, {
      about: 'L2 penalty; decoupled in AdamW and LAMB',
      argument: 'd',
      default: byTask('weightDecay'),
    }),
  decayOn: z
    .enum(parameterGroups)
    .register(settingFacts, {
      about: 'weight decay: all parameters, or weights and not biases and norms; LARS and LAMB follow adaptOn',
      argument: 'what',
    })
    .optional(),
  adaptOn: z
    .enum(parameterGroups)
    .register(settingFacts, {
      about: 'LARS, LAMB: which parameters have a rate of their own, and decay',
      argument: 'what',
    })
    .optional(),
  clipNorm: z
    .number()
    .positive()
    .register(settingFacts, {
      about: "bound of the gradient's norm; 0 for none",
      argument: 'c',
      default: byTask('clipNorm'),
      zeroForNone: true,
    })
    .optional(),
  growth: z
    .strictObject({ factor: z.int().min(2), at: z.array(duration()) })
    .register(settingFacts, { about: 'the batch grows by this factor at these points', ownFlags: true })
    .optional(),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(1)
    .register(settingFacts, { about: 'share of the truth that goes to all classes alike', argument: 's', default: 0 }),
  schedule: scheduleNames.schema.register(settingFacts, {
    about: 'how the rate falls',
    argument: 'kind',
    default: 'cosine',
    studyDefault: 'constant',
  }),
  milestones: z.array(duration()).register(settingFacts, {
    about: 'schedule "step": where the rate falls, e.g. 80ep,120ep',
    argument: 'list',
    default: [],
  }),
  factor: z
    .number()
    .positive()
    .register(settingFacts, { about: 'schedule "step": by which factor', argument: 'f', default: 0.1 }),
  power: z
    .number()
    .positive()
    .register(settingFacts, { about: 'schedule "polynomial": exponent', argument: 'p', default: 1 }),
  warmup: duration().register(settingFacts, {
    about: 'linear growth of the rate in front, e.g. 5ep or 400st',
    argument: 'duration',
    default: '0st',
  }),
  lossBound: z.number().positive().register(settingFacts, {
    about: 'a loss above it ends the run as infeasible',
    argument: 'loss',
    default: 1e4,
  }),
};

/** All of them. */
export const trainingSettings = { ...gridSettings, ...freeSettings, ...rhythmSettings };

/** Settings by their names. */
export type SettingTable = Readonly<Record<string, z.ZodType>>;

/** The form of a setting without what says that it may be left out. */
export function formOf(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
}

/** What a setting says of itself. Throws for one that says nothing: a mistake of the table. */
export function factsOf(schema: z.ZodType): SettingFacts {
  const facts = settingFacts.get(formOf(schema));
  if (!facts) throw new Error('a setting without facts');
  return facts;
}

type Defaults = 'default' | 'studyDefault';

/** The values of what nothing is said of, without those that are then left out. */
export function defaultSettings(
  table: SettingTable,
  context: SettingContext,
  which: Defaults = 'default',
): Record<string, unknown> {
  const values = Object.entries(table).map(([name, schema]) => [name, defaultOf(schema, context, which)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** The value of one. */
export function defaultOf(schema: z.ZodType, context: SettingContext, which: Defaults = 'default'): unknown {
  const facts = factsOf(schema);
  const given = which === 'studyDefault' && facts.studyDefault !== undefined ? facts.studyDefault : facts.default;
  return typeof given === 'function' ? (given as (context: SettingContext) => unknown)(context) : given;
}

/** A default in words: one, or what it is for each task; undefined where there is none to tell. */
export function defaultText(schema: z.ZodType): string | undefined {
  const facts = factsOf(schema);
  if (facts.defaultText !== undefined) return facts.defaultText;
  if (facts.default === undefined) return undefined;
  if (typeof facts.default !== 'function') {
    const text = Array.isArray(facts.default) ? facts.default.join(',') : String(facts.default);
    return text === '' ? undefined : text;
  }
  const tasks = Object.keys(presets) as Task[];
  return tasks.map((task) => `${defaultOf(schema, { task, dataset: '' }) ?? 'none'} for ${task}`).join(', ');
}

/** The same settings, each with its line of description, for JSON Schemas. */
export function described<Shape extends SettingTable>(shape: Shape, which: Defaults = 'default'): Shape {
  return Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => {
      const facts = factsOf(schema);
      const own =
        which === 'studyDefault' && facts.studyDefault !== undefined && typeof facts.studyDefault !== 'function';
      const usual = own ? String(facts.studyDefault) : defaultText(schema);
      return [name, schema.describe(usual === undefined ? facts.about : `${facts.about}; ${usual} unless told`)];
    }),
  ) as unknown as Shape;
}
