import type { Command } from 'commander';
import { type ImageDataset, isText, type TextDataset } from '../data/index.ts';
import { UsageError } from '../errors.ts';
import { modelNamed } from '../models/index.ts';
import { type PlannedConfig, presets, type RunConfig } from '../train/index.ts';

/** What the command line says about a run; what it leaves open depends on the task. */
export interface TrainSettings {
  readonly model: string;
  readonly normalize?: string;
  readonly dropout?: number;
  readonly dataset: string;
  readonly fraction?: number;
  readonly augment: boolean;
  readonly zoom?: number;
  readonly jitter?: number;
  readonly sequenceLength?: number;
  readonly seed: number;
  readonly batchSize?: number;
  readonly microBatch?: number;
  readonly ghostBatch?: number;
  readonly growBatch: number;
  readonly growAt: readonly string[];
  readonly optimizer?: string;
  readonly lr?: number;
  readonly momentum?: number;
  readonly trust?: number;
  readonly weightDecay?: number;
  readonly decayOn?: RunConfig['decayOn'];
  readonly adaptOn?: RunConfig['adaptOn'];
  readonly clipNorm?: number;
  readonly labelSmoothing: number;
  readonly scaling: RunConfig['scaling'];
  readonly baseBatch?: number;
  readonly schedule: RunConfig['schedule'];
  readonly milestones: string[];
  readonly factor: number;
  readonly power: number;
  readonly warmup: string;
  readonly epochs?: number;
  readonly maxSteps?: number;
  readonly logEvery: string;
  readonly evalEvery: string;
  readonly checkpointEvery: string;
  readonly lossBound: number;
}

/** The run that the command line asks for on this data, but for the micro-batch, which may have to be found out. */
export function configFrom(settings: TrainSettings, data: ImageDataset | TextDataset): PlannedConfig {
  if (settings.labelSmoothing >= 1) throw new UsageError('--label-smoothing must be below 1');
  const { model, dataset, augment, seed, labelSmoothing, scaling, schedule, milestones, factor, power, warmup } =
    settings;
  const { logEvery, evalEvery, checkpointEvery, lossBound, epochs, maxSteps, growAt, growBatch } = settings;
  const preset = presets[modelNamed(model).task];
  const batchSize = settings.batchSize ?? preset.batchSize;
  const clipNorm = settings.clipNorm ?? preset.clipNorm;
  return {
    model,
    normalize: settings.normalize ?? (!isText(data) && data.name.startsWith('cifar') ? 'cifar10' : 'default'),
    dataset,
    augment,
    seed,
    batchSize,
    optimizer: settings.optimizer ?? preset.optimizer,
    lr: settings.lr ?? preset.lr,
    weightDecay: settings.weightDecay ?? preset.weightDecay,
    labelSmoothing,
    scaling,
    baseBatch: settings.baseBatch ?? preset.batchSize,
    schedule,
    milestones,
    factor,
    power,
    warmup,
    logEvery,
    evalEvery,
    checkpointEvery,
    lossBound,
    ...optional(settings),
    ...(clipNorm ? { clipNorm } : {}),
    ...(growAt.length > 0 ? { growth: { factor: growBatch, at: [...growAt] } } : {}),
    length: maxSteps === undefined ? `${epochs ?? preset.epochs}ep` : `${maxSteps}st`,
  };
}

const optionalKeys = [
  'dropout',
  'zoom',
  'jitter',
  'fraction',
  'sequenceLength',
  'momentum',
  'trust',
  'decayOn',
  'adaptOn',
] as const satisfies readonly (keyof RunConfig & keyof TrainSettings)[];

function optional(settings: TrainSettings): Pick<RunConfig, (typeof optionalKeys)[number]> {
  return Object.fromEntries(optionalKeys.flatMap((key) => (settings[key] === undefined ? [] : [[key, settings[key]]])));
}

/** The settings that were given on the command line, not by default: a resumed run must have been begun with them. */
export function givenSettings(settings: TrainSettings, command: Command, config: PlannedConfig): Partial<RunConfig> {
  const spoken = (key: keyof TrainSettings) => command.getOptionValueSource(key) === 'cli';
  const asked = Object.entries(config).filter(([key]) => spoken(key as keyof TrainSettings));
  return {
    ...Object.fromEntries(asked),
    ...(spoken('microBatch') || spoken('ghostBatch') ? { microBatch: microBatchOf(settings)! } : {}),
    ...(spoken('maxSteps') || spoken('epochs') ? { length: config.length } : {}),
    ...(spoken('growAt') || spoken('growBatch') ? { growth: config.growth } : {}),
  };
}

/** A ghost batch is what batch norm sees at a time, and so is a micro-batch (Hoffer et al. 2017, arXiv 1705.08741). */
export function microBatchOf({ microBatch, ghostBatch }: TrainSettings): number | undefined {
  return microBatch ?? ghostBatch;
}
