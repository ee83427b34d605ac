import { z } from 'zod';
import { FileError } from '../../base/errors.ts';
import { quote, readSealedJson, sealedPieces, writeFileAtomic, writeSealedJson } from '../../formats/index.ts';
import type { MeasuredStudy, Measurement } from '../measured.ts';
import { type Curve, curveColumns, epochAt } from './imported-run.ts';
import type { ImportedLogs } from './logs.ts';

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
const numbers = z.array(z.number());
const maybe = z.array(number).optional();
/** Measurements in columns: what all lack is left out; examples that are steps x batch size, and epochs that follow from them, too. */
const measurementColumns = z
  .object({
    step: numbers,
    epoch: numbers.optional(),
    examples: numbers.optional(),
    seconds: numbers.optional(),
    trainLoss: maybe,
    valLoss: maybe,
    valMetric: maybe,
    noiseScale: maybe,
    gradNorm: maybe,
  })
  .refine((c) => Object.values(c).every((v) => v === undefined || v.length === c.step.length), {
    message: 'columns differ in length',
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
  measurements: z.union([z.array(measurement), measurementColumns]),
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
/** Of a `MeasuredWorkload`, wherever one is read. */
export const measuredWorkloadSchema = z.object({
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
const study = z.object({ name: z.string(), workloads: z.array(measuredWorkloadSchema), trials: z.array(trial) });

/** Reads a `MeasuredStudy` that was written as JSON, its measurements as objects or in columns. Throws FileError that names the first field that is wrong. */
export async function readMeasured(path: string): Promise<MeasuredStudy> {
  const parsed = study.safeParse(await readSealedJson(path, 'a measured study in JSON'));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FileError(path, `${issue!.path.join('.') || 'top level'}: ${issue!.message}`);
  }
  const { name, workloads, trials } = parsed.data;
  const perEpoch = new Map(workloads.map((w) => [w.name, w.examples]));
  const stray = trials.findIndex((t) => !perEpoch.has(t.workload));
  if (stray >= 0)
    throw new FileError(path, `trials.${stray}.workload: ${quote(trials[stray]!.workload)} is none of the workloads`);
  return {
    name,
    workloads,
    trials: trials.map(({ measurements, ...own }) => ({
      ...own,
      measurements: Array.isArray(measurements)
        ? measurements
        : rowsOf(measurements, own.batchSize, perEpoch.get(own.workload) ?? 0),
    })),
  };
}

function rowsOf(columns: z.infer<typeof measurementColumns>, batchSize: number, perEpoch: number): Measurement[] {
  return columns.step.map((step, i) => {
    const examples = columns.examples?.[i] ?? step * batchSize;
    return {
      step,
      epoch: columns.epoch?.[i] ?? (perEpoch > 0 ? examples / perEpoch : 0),
      examples,
      seconds: columns.seconds?.[i] ?? 0,
      trainLoss: columns.trainLoss?.[i] ?? null,
      valLoss: columns.valLoss?.[i] ?? null,
      valMetric: columns.valMetric?.[i] ?? null,
      noiseScale: columns.noiseScale?.[i] ?? null,
      gradNorm: columns.gradNorm?.[i] ?? null,
    };
  });
}

/** Writes logs as a measured study, trial by trial, so that it is never in memory as text. Whole or not at all. */
export function writeMeasured(path: string, logs: ImportedLogs): Promise<void> {
  return writeFileAtomic(path, sealedPieces(pieces(logs)));
}

/** Writes a measured study that is in memory anyway. */
export const writeStudy = (path: string, measured: MeasuredStudy): Promise<void> => writeSealedJson(path, measured);

function* pieces({ name, workloads, trials }: ImportedLogs): Generator<Uint8Array> {
  const perEpoch = new Map(workloads.map((w) => [w.name, w.examples]));
  yield Buffer.from(`{"name":${JSON.stringify(name)},"workloads":${JSON.stringify(workloads)},"trials":[`);
  let first = true;
  for (const { curve, ...own } of trials) {
    const text = JSON.stringify(own).slice(0, -1);
    yield Buffer.from(`${first ? '' : ','}\n${text},"measurements":{`);
    first = false;
    let comma = '';
    for (const [column, value] of columnsOf(curve, own.batchSize, perEpoch.get(own.workload)!)) {
      yield Buffer.from(`${comma}${JSON.stringify(column)}:[`);
      for (let from = 0; from < curve.length; from += 4096) {
        const values: (number | null)[] = [];
        for (let i = from; i < Math.min(curve.length, from + 4096); i++) values.push(value(i));
        yield Buffer.from(`${from > 0 ? ',' : ''}${JSON.stringify(values).slice(1, -1)}`);
      }
      yield Buffer.from(']');
      comma = ',';
    }
    yield Buffer.from('}}');
  }
  yield Buffer.from(']');
}

function columnsOf(curve: Curve, batchSize: number, perEpoch: number): [string, (i: number) => number | null][] {
  const { step, examples, epoch, seconds, values } = curve;
  const finite = (x: number) => (Number.isFinite(x) ? x : null);
  const columns: [string, (i: number) => number | null][] = [['step', (i) => step[i]!]];
  if (examples.some((e, i) => e !== step[i]! * batchSize)) columns.push(['examples', (i) => examples[i]!]);
  if (epoch) columns.push(['epoch', (i) => epochAt(curve, i, perEpoch)]);
  if (seconds) columns.push(['seconds', (i) => seconds[i]!]);
  for (const column of curveColumns) {
    const own = values.get(column);
    if (own) columns.push([column, (i) => finite(own[i]!)]);
  }
  return columns;
}
