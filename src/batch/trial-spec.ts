import { createHash } from 'node:crypto';
import { z } from 'zod';
import { definingSettings, type RunConfig, runConfigSchema } from '../train/index.ts';
import { type StopRule, stopRuleSchema } from './stopping.ts';
import { fromStored } from './stored-json.ts';
import { type DataSpec, dataSpecSchema } from './study-data.ts';

/** What stays of a finished trial. */
export const keepSchema = z.enum(['checkpoint', 'model', 'nothing']);
export type Keep = z.infer<typeof keepSchema>;

/** All that a process needs to compute a trial. */
export interface TrialSpec {
  readonly config: RunConfig;
  readonly data: DataSpec;
  /** Where the data lies on this machine. */
  readonly dir: string | undefined;
  /** It may end early when all of these hold; none when it has to use up its budget. */
  readonly rules: readonly StopRule[];
  readonly keep: Keep;
}

const trialSpecSchema = z.object({
  config: runConfigSchema,
  data: dataSpecSchema,
  dir: z.string().optional(),
  rules: z.array(stopRuleSchema),
  keep: keepSchema,
});

/** The trial that a store describes, checked. Throws FileError that names the first field that is wrong. */
export function trialSpecOf(text: string, path: string): TrialSpec {
  const { dir, ...spec } = fromStored(trialSpecSchema, text, path, 'settings of a trial');
  return { ...spec, dir };
}

/**
 * SHA-256 of exactly what defines the numbers that a trial computes: the configuration of its run, the data, and what it is measured on. Not part of it:
 * how often it is measured and saved, where the data lies, targets, and its length where the schedule does not depend on that,
 * so a trial can be continued when its budget grows.
 */
export function trialId(config: RunConfig, data: DataSpec): string {
  const defining = { config: definingSettings(config), data };
  return createHash('sha256').update(canonical(defining)).digest('hex');
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
