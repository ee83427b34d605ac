import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError, UsageError } from '../errors.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { normalizationNamed, normalizationNames } from '../models/index.ts';
import { optimizerNames, parameterGroups } from './optimizers/index.ts';
import { scalingRules, scheduleKinds } from './schedule.ts';

const duration = z.string().regex(/^\d+(\.\d+)?(e\d+)?(st|ep|ex|tok)$/i, 'expected a duration such as 500st or 3ep');

/** Everything that decides what a training run computes: `config.json` in its folder. */
export const runConfigSchema = z.strictObject({
  model: z.string(),
  normalize: z.string().refine(
    (name) => {
      try {
        normalizationNamed(name);
        return true;
      } catch {
        return false;
      }
    },
    { error: `expected ${normalizationNames.join(', ')} or means and deviations such as 0.5,0.5,0.5/0.25,0.25,0.25` },
  ),
  /** Ratio of the model's dropout, where it has some. */
  dropout: z.number().min(0).lt(1).optional(),
  dataset: z.string(),
  /** Share of the training data, the same of every class. */
  fraction: z.number().positive().max(1).optional(),
  augment: z.boolean(),
  /** Of augmentation: see `AugmentOptions`. */
  zoom: z.number().min(1).max(16).optional(),
  jitter: z.number().min(0).lt(1).optional(),
  /** Tokens that a language model reads in a step. */
  sequenceLength: z.int().positive().optional(),
  seed: z.int().nonnegative(),
  batchSize: z.int().positive(),
  /** Examples in memory at a time. */
  microBatch: z.int().positive(),
  optimizer: z.enum(optimizerNames as [string, ...string[]]),
  momentum: z.number().min(0).max(1).optional(),
  /** Of LARS. */
  trust: z.number().positive().optional(),
  weightDecay: z.number().nonnegative(),
  /** What weight decay applies to: all parameters, or not the biases and norms. LARS and LAMB follow `adaptOn`. */
  decayOn: z.enum(parameterGroups).optional(),
  /** What has a rate of its own, and weight decay, in LARS and LAMB. */
  adaptOn: z.enum(parameterGroups).optional(),
  /** Bound of the gradient's norm. */
  clipNorm: z.number().positive().optional(),
  /** The batch grows by this factor at these points. */
  growth: z.strictObject({ factor: z.int().min(2), at: z.array(duration) }).optional(),
  labelSmoothing: z.number().min(0).lt(1),
  lr: z.number().nonnegative(),
  scaling: z.enum(scalingRules),
  baseBatch: z.int().positive(),
  schedule: z.enum(scheduleKinds),
  milestones: z.array(duration),
  factor: z.number().positive(),
  power: z.number().positive(),
  warmup: duration,
  length: duration,
  logEvery: duration,
  evalEvery: duration,
  checkpointEvery: duration,
  lossBound: z.number().positive(),
});

export type RunConfig = z.infer<typeof runConfigSchema>;

/** Identifies what a run computes; how often it is written down is not part of it. */
export function configHash({ logEvery: _, evalEvery: __, checkpointEvery: ___, ...config }: RunConfig): string {
  const sorted = Object.fromEntries(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

const pathIn = (folder: string) => join(folder, 'config.json');

/** The configuration of the run in `folder`; undefined when there is none. Throws FileError for one that is damaged. */
export async function readRunConfig(folder: string): Promise<RunConfig | undefined> {
  const path = pathIn(folder);
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new FileError(path, `cannot be read (${cause.code})`, { cause });
  });
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FileError(path, 'is no JSON; expected the configuration of a training run');
  }
  const parsed = runConfigSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FileError(path, `${issue?.path.join('.')}: ${issue?.message}`);
}

export async function writeRunConfig(folder: string, config: RunConfig): Promise<void> {
  await writeFileAtomic(pathIn(folder), `${JSON.stringify(config, null, 2)}\n`);
}

/** Checks that a resumed run is asked for with the settings that it was begun with. Throws UsageError with the differences. */
export function requireSame(stored: RunConfig, asked: Partial<RunConfig>, folder: string): void {
  const differences = Object.entries(asked)
    .filter(([key, value]) => JSON.stringify(stored[key as keyof RunConfig]) !== JSON.stringify(value))
    .map(([key, value]) => `${key} is ${JSON.stringify(stored[key as keyof RunConfig])}, not ${JSON.stringify(value)}`);
  if (differences.length > 0) {
    throw new UsageError(`${pathIn(folder)}: this run was begun with other settings: ${differences.join('; ')}`);
  }
}
