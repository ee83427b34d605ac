import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError } from '../../errors.ts';
import { readBytes, readFailure } from '../../formats/index.ts';
import type { MeasuredStudy } from '../measured.ts';
import { importCsv } from './csv.ts';
import { importLayout } from './layout.ts';
import type { CsvMappingInput } from './mapping.ts';

/** What an imported study is kept as, in its folder. */
export const measuredFile = 'measured.json';

const number = z.number().nullable();
const measurement = z.object({
  step: z.number(),
  epoch: z.number(),
  examples: z.number(),
  seconds: z.number(),
  trainLoss: number,
  valLoss: number,
  valMetric: number,
  noiseScale: number,
  gradNorm: number,
});
const trial = z.object({
  id: z.string(),
  workload: z.string(),
  strategy: z.string(),
  batchSize: z.number().positive(),
  baseRate: z.number(),
  learningRate: z.number(),
  seed: z.number(),
  status: z.enum(['queued', 'running', 'complete', 'stopped', 'infeasible', 'failed']),
  budgetSteps: z.number(),
  measurements: z.array(measurement),
  secondsPerStep: number,
  hardware: z.string().nullable(),
});
const target = z.object({
  name: z.string(),
  quantity: z.enum(['trainLoss', 'valLoss', 'valMetric']),
  rule: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('absolute'), value: z.number() }),
    z.object({ kind: z.literal('quartile'), q: z.number().gt(0).lt(1) }),
  ]),
});
const workload = z.object({
  name: z.string(),
  model: z.string(),
  dataset: z.string(),
  fraction: z.number(),
  complexity: number,
  examples: z.number(),
  metric: z.object({ name: z.string(), direction: z.enum(['min', 'max']) }).nullable(),
  parameters: number,
  targets: z.array(target),
});
/** Of a `MeasuredWorkload`, wherever one is read. */
export const measuredWorkloadSchema = workload;
const study = z.object({ name: z.string(), workloads: z.array(workload), trials: z.array(trial) });

/** Reads a `MeasuredStudy` that was written as JSON. Throws FileError that names the first field that is wrong. */
export async function readMeasured(path: string): Promise<MeasuredStudy> {
  const text = Buffer.from(await readBytes(path, 'a measured study in JSON')).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FileError(path, 'is no JSON; expected a measured study', { cause });
  }
  const parsed = study.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FileError(path, `${issue!.path.join('.') || 'top level'}: ${issue!.message}`);
}

/**
 * Measurements of others, told apart by what is there: a CSV log, a study in JSON, or a folder in the published layout (`importLayout`). Throws
 * FileError where there is nothing of the kind.
 */
export async function importStudy(path: string, mapping: CsvMappingInput = {}): Promise<MeasuredStudy> {
  const found = await stat(path).catch((cause) => {
    throw new FileError(
      path,
      `${readFailure(cause)}; expected a CSV log, a study in JSON or a folder of measurements`,
      {
        cause,
      },
    );
  });
  if (found.isDirectory()) return importLayout(path, mapping);
  return /\.json$/i.test(path) ? readMeasured(path) : importCsv(path, mapping);
}

/** The study that `ballast batch import` left in a folder. */
export const readImported = (folder: string): Promise<MeasuredStudy> => readMeasured(join(folder, measuredFile));
