import type { MeasuredTrial, Measurement } from '../measured/measured.ts';
import { clockOf, isTimeOfDay } from './clock.ts';
import type { LogMapping } from './mapping.ts';
import type { RunIdentity } from './run-identity.ts';
import { type OrderedRows, orderRows } from './run-order.ts';
import type { RowColumn, RunRows } from './run-rows.ts';
import { shown } from './shown.ts';

/** Quantities of a curve that may be absent at a step: NaN there. */
export const curveColumns = [
  'trainLoss',
  'valLoss',
  'valMetric',
  'noiseScale',
  'gradNorm',
] as const satisfies readonly RowColumn[];
export type CurveColumn = (typeof curveColumns)[number];

/** A run's measurements in columns, in the order of steps, one entry a step: what `Measurement` has, at a tenth of its memory. */
export interface Curve {
  readonly length: number;
  readonly step: Float64Array;
  readonly examples: Float64Array;
  /** Passes over the data as they were logged; null where they follow from examples. */
  readonly epoch: Float64Array | null;
  readonly seconds: Float64Array | null;
  readonly values: ReadonlyMap<CurveColumn, Float64Array>;
}

/** A run of an imported log. */
export interface ImportedRun {
  readonly identity: RunIdentity;
  readonly curve: Curve;
  readonly learningRate: number;
  readonly status: MeasuredTrial['status'];
  readonly budgetSteps: number;
  readonly secondsPerStep: number | null;
  readonly notes: readonly RunNote[];
}

/** What a user should know of how the rows of a run were read. */
export interface RunNote {
  /** Its name, as it may be shown. */
  readonly run: string;
  /** What follows the name in a sentence: `was resumed at step 600`. */
  readonly text: string;
}

export interface CurveOptions {
  readonly settings: LogMapping;
  /** Whether the column of times was named by the mapping. */
  readonly explicitTime: boolean;
  /** What one epoch counts in `epoch` beyond passes: 1 where it is the number of the epoch that ended, from 0 on. */
  readonly epochOffset: number;
}

/** The runs that the rows of one identity are: one, unless they turn out to be several (`orderRows`). Throws FileError. */
export function importedRuns(rows: RunRows, identity: RunIdentity, options: CurveOptions): ImportedRun[] {
  const { settings } = options;
  const first = firstOf(rows, 'seconds');
  const ordered = orderRows(rows, {
    named: identity.name !== null,
    absoluteTime: first !== undefined && isTimeOfDay(first),
    ...(settings.order === undefined ? {} : { order: settings.order }),
    ...(settings.restarts === undefined ? {} : { restarts: settings.restarts }),
  });
  return ordered.map((own) => importedRun(rows, own, identity, options));
}

function firstOf(rows: RunRows, column: RowColumn): number | undefined {
  return rows.columns.get(column)?.find((v) => !Number.isNaN(v));
}

function importedRun(rows: RunRows, ordered: OrderedRows, identity: RunIdentity, options: CurveOptions): ImportedRun {
  const steps = Float64Array.from(ordered.rows, (row) => stepOf(rows, row, identity.batchSize, options));
  const clock = clockOf(rows, ordered, steps, options.explicitTime);
  const curve = curveOf(rows, ordered, steps, clock.seconds, identity.batchSize, options);
  const rates = ordered.rows.map((r) => rows.at('learningRate', r)).filter((r) => !Number.isNaN(r));
  const losses = curve.values.get('trainLoss');
  const last = losses?.findLast((v) => !Number.isNaN(v));
  const notes = [...ordered.notes, ...clock.notes];
  if (rows.thinned > 0)
    notes.push(`has more rows than are kept: ${rows.thinned} of training were thinned out, evenly in steps`);
  const reached = curve.length === 0 ? 0 : curve.step[curve.length - 1]!;
  const end = rows.thinned > 0 && rows.has('step') ? Math.max(rows.lastStep, reached) : reached;
  return {
    identity,
    curve,
    learningRate: rates.length > 0 ? rates.reduce((a, b) => Math.max(a, b)) : (identity.learningRate ?? 0),
    status: last !== undefined && !Number.isFinite(last) ? 'infeasible' : 'complete',
    budgetSteps: Math.ceil(end),
    secondsPerStep: clock.secondsPerStep,
    notes: notes.map((text) => ({ run: shown(rows.name), text })),
  };
}

function stepOf(rows: RunRows, row: number, batchSize: number, { settings, epochOffset }: CurveOptions): number {
  const step = rows.at('step', row);
  if (!Number.isNaN(step)) return step;
  const examples = rows.at('examples', row);
  if (!Number.isNaN(examples)) return examples / batchSize;
  return ((rows.at('epoch', row) + epochOffset) * settings.examples!) / batchSize;
}

/** Rows of one step as one: of a quantity that several have, the last one's. */
function curveOf(
  rows: RunRows,
  ordered: OrderedRows,
  steps: Float64Array,
  seconds: Float64Array | null,
  batchSize: number,
  { epochOffset }: CurveOptions,
): Curve {
  const at: number[] = [];
  for (let i = 0; i < steps.length; i++) if (i === 0 || steps[i] !== steps[i - 1]) at.push(i);
  const merged = (value: (index: number) => number) => {
    const own = new Float64Array(at.length).fill(Number.NaN);
    for (let k = -1, i = 0; i < steps.length; i++) {
      if (at[k + 1] === i) k++;
      const v = value(i);
      if (!Number.isNaN(v)) own[k] = v;
    }
    return own;
  };
  const column = (name: RowColumn) => merged((i) => rows.at(name, ordered.rows[i]!));
  const step = Float64Array.from(at, (i) => steps[i]!);
  const logged = rows.has('examples') ? column('examples') : null;
  const epochs = rows.has('epoch') ? column('epoch') : null;
  return {
    length: at.length,
    step,
    examples: step.map((s, i) => (logged && !Number.isNaN(logged[i]!) ? logged[i]! : s * batchSize)),
    epoch: epochs && !areLabels(epochs, step) ? epochs.map((e) => e + epochOffset) : null,
    seconds:
      seconds &&
      between(
        merged((i) => seconds[i]!),
        step,
      ),
    values: new Map(curveColumns.filter((c) => rows.has(c)).map((c) => [c, column(c)])),
  };
}

/** Whether epochs are the numbers of those under way: whole, and one at several steps. They say nothing of how much was seen. */
function areLabels(epochs: Float64Array, steps: Float64Array): boolean {
  const first = new Map<number, number>();
  let several = false;
  for (let i = 0; i < epochs.length; i++) {
    if (Number.isNaN(epochs[i]!)) continue;
    if (!Number.isInteger(epochs[i]!)) return false;
    const seen = first.get(epochs[i]!);
    if (seen === undefined) first.set(epochs[i]!, steps[i]!);
    else several ||= seen !== steps[i]!;
  }
  return several;
}

/** Times of steps without one, on the line between their neighbours. */
function between(values: Float64Array, steps: Float64Array): Float64Array {
  let last = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i]!)) continue;
    for (let k = last + 1; k < i; k++)
      values[k] =
        last < 0
          ? values[i]!
          : values[last]! + ((values[i]! - values[last]!) * (steps[k]! - steps[last]!)) / (steps[i]! - steps[last]!);
    last = i;
  }
  if (last >= 0) values.fill(values[last]!, last + 1);
  return values;
}

/** A curve as measurements. `perEpoch`: examples of an epoch, 0 where unknown. */
export function measurementsOf(
  { length, step, examples, epoch, seconds, values }: Curve,
  perEpoch: number,
): Measurement[] {
  const at = (column: CurveColumn, i: number) => {
    const value = values.get(column)?.[i];
    return value !== undefined && Number.isFinite(value) ? value : null;
  };
  return Array.from({ length }, (_, i) => ({
    step: step[i]!,
    epoch: epochAt({ epoch, examples }, i, perEpoch),
    examples: examples[i]!,
    seconds: seconds?.[i] ?? 0,
    trainLoss: at('trainLoss', i),
    valLoss: at('valLoss', i),
    valMetric: at('valMetric', i),
    noiseScale: at('noiseScale', i),
    gradNorm: at('gradNorm', i),
  }));
}

/** Passes over the data at an entry of a curve; 0 where nobody said how much an epoch is. */
export function epochAt({ epoch, examples }: Pick<Curve, 'epoch' | 'examples'>, i: number, perEpoch: number): number {
  const logged = epoch?.[i];
  if (logged !== undefined && !Number.isNaN(logged)) return logged;
  return perEpoch > 0 ? examples[i]! / perEpoch : 0;
}
