import { InputError } from '../../base/errors.ts';
import { didYouMean } from '../../base/names.ts';
import { modelNamed } from '../../models/index.ts';
import { type RunConfig, runConfigSchema } from '../run/run-config.ts';
import { defaultSettings, type SettingTable, trainingSettings } from './settings.ts';

/** The values of a table's settings: what is given, else their defaults for the model's task and the data set of this name. */
export function settingsFrom(
  table: SettingTable,
  given: Readonly<Record<string, unknown>>,
  { name: dataset }: { readonly name: string },
  model: string,
): Record<string, unknown> {
  const usual = defaultSettings(table, { task: modelNamed(model).task, dataset });
  const told = Object.entries(given).filter(([name, value]) => Object.hasOwn(table, name) && value !== undefined);
  return { ...usual, ...Object.fromEntries(told) };
}

/** What has to be said of a training; the rest has defaults. */
export type TrainingWish = Pick<RunConfig, 'model' | 'dataset'> & Partial<RunConfig>;

/**
 * A whole configuration from what is said of it, with the defaults of `ballast train`: they follow the model's task. All examples of a batch are in memory at a
 * time unless `microBatch` says otherwise. A `clipNorm` of 0 stands for none. Throws InputError for a setting that is none or out of range, UsageError for an
 * unknown model.
 */
export function trainingConfig(given: TrainingWish): RunConfig {
  const known = Object.keys(trainingSettings);
  const other = Object.keys(given).find((key) => !known.includes(key));
  if (other !== undefined)
    throw new InputError(other, `is no setting of a training; expected ${known.join(', ')}${didYouMean(other, known)}`);
  const { clipNorm, ...settings } = settingsFrom(trainingSettings, given, { name: given.dataset }, given.model);
  const parsed = runConfigSchema.safeParse({
    microBatch: settings.batchSize,
    ...settings,
    ...(clipNorm === 0 || clipNorm === undefined ? {} : { clipNorm }),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = String(issue?.path[0] ?? 'training');
  throw new InputError(key, `${issue?.message}, got ${JSON.stringify(settings[key])}`);
}
