import { z } from 'zod';
import { UsageError } from '../../errors.ts';

const target = z.strictObject({
  name: z.string().min(1),
  quantity: z.enum(['trainLoss', 'valLoss', 'valMetric']),
  value: z.number().optional(),
  quartile: z.number().gt(0).lt(1).optional(),
});

const columns = z.strictObject({
  trial: z.string(),
  batchSize: z.string(),
  step: z.string(),
  epoch: z.string(),
  examples: z.string(),
  seconds: z.string(),
  trainLoss: z.string(),
  valLoss: z.string(),
  valMetric: z.string(),
  learningRate: z.string(),
  strategy: z.string(),
  seed: z.string(),
  workload: z.string(),
  model: z.string(),
  dataset: z.string(),
  noiseScale: z.string(),
  gradNorm: z.string(),
});

/** A quantity of `Measurement` or `MeasuredTrial` that a column may hold. */
export type ColumnName = keyof z.infer<typeof columns>;

const mapping = z.strictObject({
  columns: columns.partial().default({}),
  model: z.string().optional(),
  dataset: z.string().optional(),
  examples: z.number().positive().optional(),
  fraction: z.number().gt(0).max(1).default(1),
  metric: z.strictObject({ name: z.string(), direction: z.enum(['min', 'max']) }).optional(),
  strategies: z.record(z.string(), z.string()).default({}),
  valLossSummedOver: z.number().int().positive().optional(),
  hardware: z.string().optional(),
  targets: z.array(target).optional(),
});

/**
 * What a log does not say of itself. `columns`: which column holds what, where its name does not tell. `strategies`: other names for them. `examples`: of an epoch.
 * `valLossSummedOver` n: the held-out loss is logged as the sum of batch means divided by the n held-out examples, and is made a mean again (times n, divided by the number of batches).
 */
export type CsvMapping = z.output<typeof mapping>;
export type CsvMappingInput = z.input<typeof mapping>;

/** Throws UsageError that names the first wrong field. */
export function parseMapping(input: unknown): CsvMapping {
  const parsed = mapping.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(`mapping: ${issue!.path.join('.') || 'top level'}: ${issue!.message}`);
}

/** Names under which the columns are known; the first that a file has is taken. */
export const knownNames: Readonly<Record<ColumnName, readonly string[]>> = {
  trial: ['trial', 'trial_id', 'run', 'run_id', 'run_name', 'experiment'],
  batchSize: ['batch_size', 'batchSize', 'batch', 'bs'],
  step: ['step', 'iteration', 'global_step', 'steps', 'iter', '_step'],
  epoch: ['epoch', 'epochs'],
  examples: ['examples', 'samples', 'tokens'],
  seconds: ['seconds', 'time', 'elapsed', 'seconds_since_first_event', '_runtime', 'wall_time'],
  trainLoss: ['train_loss', 'trainLoss', 'train/loss', 'train/cross_entropy_error', 'training_loss', 'loss'],
  valLoss: [
    'val_loss',
    'valLoss',
    'val/loss',
    'val/cross_entropy_error',
    'valid_loss',
    'validation_loss',
    'test_loss',
    'eval_loss',
  ],
  valMetric: [
    'val_accuracy',
    'valMetric',
    'val_metric',
    'val_acc',
    'val/accuracy',
    'val/average_precision',
    'val/classification_error',
    'valid_accuracy',
    'test_accuracy',
    'test_acc',
    'accuracy',
    'val_error',
    'test_error',
    'val_perplexity',
    'test_perplexity',
    'val_miou',
  ],
  learningRate: ['learning_rate', 'learningRate', 'lr'],
  strategy: ['strategy', 'group', 'optimizer'],
  seed: ['seed', 'random_seed'],
  workload: ['workload'],
  model: ['model', 'architecture'],
  dataset: ['dataset', 'data'],
  noiseScale: ['noise_scale', 'noiseScale'],
  gradNorm: ['grad_norm', 'gradNorm'],
};

/** Name and direction of a metric, from the name of its column. */
export function metricOfColumn(column: string): { readonly name: string; readonly direction: 'min' | 'max' } {
  const name = column.replace(/^(val|valid|validation|test|eval)[_/]/, '').replaceAll('_', ' ');
  const lower = /error|perplexity|ppl|loss/i.test(name);
  return { name: name === 'acc' ? 'accuracy' : name, direction: lower ? 'min' : 'max' };
}
