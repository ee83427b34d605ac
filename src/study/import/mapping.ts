import { z } from 'zod';
import { UsageError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { importRequest } from '../../schema/index.ts';
import { type LogQuantity, logFormats } from '../../trials/index.ts';

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
  rank: z.string(),
  secondsPerStep: z.string(),
});

/** Holds `LogQuantity` and this schema together: neither has a name that the other lacks. */
const sameNames: Record<keyof z.infer<typeof columns>, unknown> & Record<LogQuantity, unknown> = columns.shape;
void sameNames;

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
  parameters: z.number().int().positive().optional(),
  batchFactor: z.number().int().positive().default(1),
  set: z
    .strictObject({
      batchSize: z.number().positive(),
      learningRate: z.number().positive(),
      seed: z.number().int(),
      strategy: z.string().min(1),
    })
    .partial()
    .default({}),
  format: z.enum(logFormats.map((f) => f.name)).optional(),
  pattern: z.string().optional(),
  names: z.string().optional(),
  epochs: importRequest.shape.epochs,
  order: importRequest.shape.order,
  restarts: importRequest.shape.restarts,
  targets: z.array(target).optional(),
});

/**
 * What logs do not say of themselves.
 *
 * - `columns`: under which name (of a column, a metric or a setting) a quantity is, where its name does not tell;
 * - `set`: what no log says, for all runs; `parameters` of the model; `examples` of an epoch;
 * - `batchFactor`: how many batches of the logged size a step has (processes x accumulation);
 * - `strategies`: other names for them;
 * - `valLossSummedOver` n: the held-out loss is logged as the sum of batch means divided by the n held-out examples, and is made a mean again (times n, divided by the number of batches);
 * - `format`: a reader by name, where content does not tell; `pattern`: for printed lines, a regular expression with named groups;
 * - `names`: a regular expression whose groups `batchSize`, `learningRate`, `seed`, `strategy` say what the names of runs and folders say;
 * - `epochs`: whether an epoch is the number of the one that has `ended` (from 0 on) or how many have `passed`;
 * - `order`: whether rows whose steps go back are a run `resumed` (the later ones count) or just `unsorted`;
 * - `restarts`: whether a run that begins again at its first step is the `same` or a `new` one.
 */
export type LogMapping = z.output<typeof mapping>;
export type LogMappingInput = z.input<typeof mapping>;

/** Throws UsageError that names the first wrong field. */
export function parseMapping(input: unknown): LogMapping {
  const parsed = mapping.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(printable(`mapping: ${issue!.path.join('.') || 'top level'}: ${issue!.message}`));
}

/** Name and direction of a metric, from the name of its column. */
export function metricOfColumn(column: string): { readonly name: string; readonly direction: 'min' | 'max' } {
  const name = column.replace(/^(val|valid|validation|test|eval)[_/]/, '').replaceAll('_', ' ');
  const lower = /error|perplexity|ppl|loss/i.test(name);
  return { name: name === 'acc' ? 'accuracy' : name, direction: lower ? 'min' : 'max' };
}
