import { createHash } from 'node:crypto';
import { z } from 'zod';
import { definingSettings, type RunConfig, runConfigSchema } from '../../train/index.ts';
import { type CommandSpec, commandSpecSchema } from '../../trials/index.ts';
import { type StopRule, stopRuleSchema } from '../declare/stopping.ts';
import { fromStored } from '../measured/stored-json.ts';
import { type DataSpec, dataSpecSchema } from '../study-data.ts';

/** What stays of a finished trial. */
export const keepSchema = z.enum(['checkpoint', 'model', 'nothing']);
export type Keep = z.infer<typeof keepSchema>;

/** All that a process needs to compute a trial of our own trainer. */
export interface OwnTrialSpec {
  readonly kind: 'own';
  readonly config: RunConfig;
  readonly data: DataSpec;
  /** Where the data lies on this machine. */
  readonly dir: string | undefined;
  /** It may end early when all of these hold; none when it has to use up its budget. */
  readonly rules: readonly StopRule[];
  readonly keep: Keep;
}

/** The same for any other program. */
export interface CommandTrialSpec {
  readonly kind: 'command';
  readonly command: CommandSpec;
  readonly rules: readonly StopRule[];
  readonly keep: Keep;
}

export type TrialSpec = OwnTrialSpec | CommandTrialSpec;

const ownSpecSchema = z.object({
  // Studies of earlier versions know no other kind.
  kind: z.literal('own').default('own'),
  config: runConfigSchema,
  data: dataSpecSchema,
  dir: z.string().optional(),
  rules: z.array(stopRuleSchema),
  keep: keepSchema,
});

const commandTrialSchema = z.object({
  kind: z.literal('command'),
  command: commandSpecSchema,
  rules: z.array(stopRuleSchema),
  keep: keepSchema,
});

const kindSchema = z.object({ kind: z.enum(['own', 'command']).default('own') });

/** The trial that a store describes, checked. Throws FileError that names the first field that is wrong. */
export function trialSpecOf(text: string, path: string): TrialSpec {
  const what = 'settings of a trial';
  const { kind } = fromStored(kindSchema, text, path, what);
  if (kind === 'command') return fromStored(commandTrialSchema, text, path, what);
  const { dir, ...spec } = fromStored(ownSpecSchema, text, path, what);
  return { ...spec, dir };
}

const hashed = (defining: unknown) => createHash('sha256').update(canonical(defining)).digest('hex');

/**
 * SHA-256 of exactly what defines the numbers that a trial computes: the configuration of its run, the data, and what it is measured on. Not part of it:
 * how often it is measured and saved, where the data lies, targets, and its length where the schedule does not depend on that,
 * so a trial can be continued when its budget grows.
 */
export const trialId = (config: RunConfig, data: DataSpec): string =>
  hashed({ config: definingSettings(config), data });

/**
 * The same of a command: the command, what is put into it, how its logs are read, and the content of its declared files (SHA-256 by name). Its length counts where the command
 * is told it; not part of it are the folder, the machine, timeouts and how it is resumed.
 */
export function commandTrialId(
  spec: CommandSpec,
  inputs: Readonly<Record<string, string>>,
  length: 'told' | 'untold',
): string {
  const { command, args, booleans, env, metrics, map, examples, values } = spec;
  const { steps, ...rest } = values;
  return hashed({
    kind: 'command',
    command,
    args,
    booleans,
    env,
    metrics,
    map,
    examples,
    values: length === 'told' ? { ...rest, steps } : rest,
    inputs,
  });
}

/** JSON with the keys in order, so that it does not depend on how a value was put together. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, v]) => `${JSON.stringify(key)}:${canonical(v)}`).join(',')}}`;
}
