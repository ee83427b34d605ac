import type { z } from 'zod';
import { FileError } from '../../base/errors.ts';
import { quote, readSealedJson, sealedPieces, writeFileAtomic, writeSealedJson } from '../../formats/index.ts';
import {
  checkDocument,
  measuredStudyKind,
  measuredStudyResult,
  type measurementColumns,
  toDocument,
} from '../../schema/index.ts';
import type { MeasuredStudy, Measurement } from '../measured/measured.ts';
import { type Curve, curveColumns, epochAt } from './imported-run.ts';
import type { ImportedLogs } from './logs.ts';

/** Reads a `MeasuredStudy` that was written as JSON, its measurements as objects or in columns. Throws FileError that names the first field that is wrong. */
export async function readMeasured(path: string): Promise<MeasuredStudy> {
  const { name, workloads, trials } = checked(await readSealedJson(path, 'a measured study in JSON'), path);
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

/** As a document, or, as earlier versions wrote it and other programs may, the study alone. */
function checked(json: object, path: string): z.infer<typeof measuredStudyResult> {
  if ('kind' in json) {
    const { kind, result } = checkDocument(json, path);
    if (kind !== measuredStudyKind)
      throw new FileError(path, `has the kind "${kind.kind}"; expected ${measuredStudyKind.kind}`);
    return result as z.infer<typeof measuredStudyResult>;
  }
  const parsed = measuredStudyResult.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FileError(path, `${issue!.path.join('.') || 'top level'}: ${issue!.message}`);
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

/** Writes logs from `source` as a measured study, trial by trial, so that it is never in memory as text. Whole or not at all. */
export function writeMeasured(path: string, logs: ImportedLogs, source: string): Promise<void> {
  return writeFileAtomic(path, sealedPieces(pieces(logs, source)));
}

/** Writes a measured study from `source` that is in memory anyway. */
export const writeStudy = (path: string, measured: MeasuredStudy, source: string): Promise<void> =>
  writeSealedJson(path, toDocument(measuredStudyKind, { source }, measured));

function* pieces({ name, workloads, trials }: ImportedLogs, source: string): Generator<Uint8Array> {
  const perEpoch = new Map(workloads.map((w) => [w.name, w.examples]));
  // The document up to its list of trials, which is written piece by piece.
  const empty = JSON.stringify(toDocument(measuredStudyKind, { source }, { name, workloads, trials: [] }));
  yield Buffer.from(empty.slice(0, empty.lastIndexOf(']')));
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
  // The list and the result; the seal ends the document.
  yield Buffer.from(']}');
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
