import type { Command } from 'commander';
import type { ImageDataset, TextDataset } from '../../data/index.ts';
import {
  type PlannedConfig,
  type RunConfig,
  runConfigSchema,
  settingsFrom,
  trainingSettings,
} from '../../train/index.ts';

/** What the command line says about a run; what it leaves open follows from the table of settings. */
export interface TrainSettings extends Partial<RunConfig> {
  readonly model: string;
  readonly dataset: string;
  readonly seed: number;
  readonly ghostBatch?: number;
  readonly growBatch?: number;
  readonly growAt?: readonly string[];
  readonly epochs?: number;
  readonly maxSteps?: number;
}

const plannedSchema = runConfigSchema.omit({ microBatch: true });

/** The run that the command line asks for on this data, but for the micro-batch, which may have to be found out. */
export function configFrom(settings: TrainSettings, data: ImageDataset | TextDataset): PlannedConfig {
  const { model, growAt = [], growBatch = 2, epochs, maxSteps, microBatch: _, ...given } = settings;
  const { clipNorm, microBatch: __, ...config } = settingsFrom(trainingSettings, { model, ...given }, data, model);
  return plannedSchema.parse({
    ...config,
    ...(clipNorm === 0 || clipNorm === undefined ? {} : { clipNorm }),
    ...(growAt.length > 0 ? { growth: { factor: growBatch, at: [...growAt] } } : {}),
    ...(maxSteps === undefined ? (epochs === undefined ? {} : { length: `${epochs}ep` }) : { length: `${maxSteps}st` }),
  });
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
export function microBatchOf({
  microBatch,
  ghostBatch,
}: Pick<TrainSettings, 'microBatch' | 'ghostBatch'>): number | undefined {
  return microBatch ?? ghostBatch;
}
