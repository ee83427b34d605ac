/** A training as it is asked for: settings by their names, and where the data lies; made into the data and the configuration of a run. */

import { resolve } from 'node:path';
import { InputError } from '../../base/errors.ts';
import { heldOutSplit, type ImageDataset, isNamesFile, type TextDataset } from '../../data/index.ts';
import type { Control } from '../../instrument/index.ts';
import type { RunSource } from '../../schema/index.ts';
import {
  type PlannedConfig,
  type RunConfig,
  readBegunRun,
  runConfigSchema,
  settingsFrom,
  trainingSettings,
} from '../../train/index.ts';
import { type DataKeys, loadSplit, type RuntimeKeys, runtimeOf } from '../subject.ts';
import type { TrainRunRequest } from './train-run.ts';

/** What is said about a run; what it leaves open follows from the table of settings. */
export interface WantedSettings extends Partial<RunConfig> {
  readonly model: string;
  readonly dataset: string;
  readonly seed: number;
  /** Another word for `microBatch`: batch norm sees a micro-batch at a time (Hoffer et al. 2017, arXiv 1705.08741). */
  readonly ghostBatch?: number | undefined;
  /** By which factor the batch grows at the places `growAt`; 2 unless told. */
  readonly growBatch?: number | undefined;
  readonly growAt?: readonly string[] | undefined;
  /** Passes over the training data. */
  readonly epochs?: number | undefined;
  /** Or steps, which count where both are said. */
  readonly maxSteps?: number | undefined;
}

/** Settings, where their data lies, and where the training runs: on the CPU unless told. */
export interface WantedTraining
  extends WantedSettings,
    Omit<DataKeys, 'dataset' | 'seed' | 'download'>,
    Partial<RuntimeKeys> {
  readonly download?: boolean | undefined;
}

/**
 * A training that goes on with the run in `folder`: of it are the model, the data set, where that lies and the seed, as far as they are not among `asked`. Throws
 * InputError where no run is there and no model is said.
 */
export async function asBegun(
  wanted: Omit<WantedTraining, 'model'> & { readonly model?: string | undefined },
  { folder, asked }: { readonly folder: string; readonly asked: readonly string[] },
): Promise<WantedTraining> {
  const begun = await readBegunRun(folder);
  const subject = begun && { model: begun.config.model, dataset: begun.config.dataset, seed: begun.config.seed };
  // Another data set lies somewhere else.
  const known = { ...subject, ...(asked.includes('dataset') ? {} : begun?.source) };
  const unasked = Object.entries(known).filter(([key]) => !asked.includes(key));
  const { model, ...rest } = { ...wanted, ...Object.fromEntries(unasked) };
  if (model === undefined) throw new InputError('resume', `there is no training run in ${folder} to go on with`);
  return { ...rest, model };
}

/** Data and configuration of a run, as `trainRun` takes them. */
export type OpenedTraining = Pick<
  TrainRunRequest,
  'train' | 'valid' | 'config' | 'source' | 'microBatch' | 'given' | 'runtime'
>;

/**
 * Loads the data of a training and makes its configuration. Throws UsageError and FileError for data and models that are not there, InputError for settings out of
 * range.
 *
 * @param asked Names of the settings that were asked for, and not by default: a run that is gone on with must have been begun with them. All unless told.
 */
export async function openTraining(
  wanted: WantedTraining,
  {
    asked = Object.keys(wanted),
    ...listener
  }: Pick<Control, 'onProgress' | 'onNote'> & { readonly asked?: readonly string[] } = {},
): Promise<OpenedTraining> {
  const keys = { ...wanted, download: wanted.download === true };
  const train = await loadSplit(keys, 'train', listener);
  const valid = await loadSplit(keys, heldOutSplit(wanted.dataset), listener);
  const config = plannedConfig(wanted, train);
  const microBatch = wanted.microBatch ?? wanted.ghostBatch;
  const { device = 'cpu', threads, emission = 'auto' } = wanted;
  const runtime = runtimeOf({ device, threads, emission });
  const given = askedOf(config, microBatch, asked);
  return { train, valid, config, source: sourceOf(wanted), microBatch, runtime, given };
}

/** Files by their whole paths: whoever goes on may do so from another folder. */
function sourceOf({ data, classNames, tokenizer }: WantedTraining): RunSource {
  return {
    ...(data === undefined ? {} : { data: resolve(data) }),
    ...(classNames === undefined ? {} : { classNames: isNamesFile(classNames) ? resolve(classNames) : classNames }),
    ...(tokenizer === undefined ? {} : { tokenizer: resolve(tokenizer) }),
  };
}

const plannedSchema = runConfigSchema.omit({ microBatch: true });

/** The run that is asked for on this data, but for the micro-batch, which may have to be found out. */
function plannedConfig(settings: WantedSettings, data: ImageDataset | TextDataset): PlannedConfig {
  const { model, growAt = [], growBatch = 2, epochs, maxSteps, microBatch: _, ...given } = settings;
  const { clipNorm, microBatch: __, ...config } = settingsFrom(trainingSettings, { model, ...given }, data, model);
  return plannedSchema.parse({
    ...config,
    ...(clipNorm === 0 || clipNorm === undefined ? {} : { clipNorm }),
    ...(growAt.length > 0 ? { growth: { factor: growBatch, at: [...growAt] } } : {}),
    ...(maxSteps === undefined ? (epochs === undefined ? {} : { length: `${epochs}ep` }) : { length: `${maxSteps}st` }),
  });
}

function askedOf(config: PlannedConfig, microBatch: number | undefined, asked: readonly string[]): Partial<RunConfig> {
  const isAsked = (...keys: readonly string[]) => keys.some((key) => asked.includes(key));
  return {
    ...Object.fromEntries(Object.entries(config).filter(([key]) => isAsked(key))),
    ...(isAsked('microBatch', 'ghostBatch') && microBatch !== undefined ? { microBatch } : {}),
    ...(isAsked('maxSteps', 'epochs') ? { length: config.length } : {}),
    ...(isAsked('growAt', 'growBatch') ? { growth: config.growth } : {}),
  };
}
