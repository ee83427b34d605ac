import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { FileError, InputError } from '../../base/errors.ts';
import { groupBy } from '../../base/group-by.ts';
import { pathNameSchema, quote } from '../../formats/index.ts';
import { modelNamed, type Task } from '../../models/index.ts';
import { headOf } from '../../trials/index.ts';
import { gridOf, type Workload } from '../declare/grid.ts';
import { metricOf } from '../declare/metric.ts';
import { readStudyFile } from '../declare/study-file.ts';
import { tableColumns } from '../export/table.ts';
import { metricFact } from '../layout/command-workload.ts';
import { namedTargets } from '../layout/laid-out-workload.ts';
import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload, TargetSpec } from '../measured/measured.ts';
import { csvRecords } from './csv-records.ts';
import { isParquet, parquetColumns, parquetRecords } from './parquet-records.ts';
import { targetSpecs } from './targets.ts';

const whole = z.number().int();
const name = pathNameSchema;
/** A diverged training has a perplexity of infinity. */
const measured = z.union([z.number(), z.literal(Number.POSITIVE_INFINITY)]).nullable();

/** A line of the table that `batch export` writes. */
const line = z.object({
  workload: name,
  model: name,
  dataset: name,
  fraction: z.number().gt(0).max(1),
  complexity: z.number().nullable(),
  strategy: name,
  batch_size: whole.positive(),
  base_rate: z.number().nonnegative(),
  learning_rate: z.number().nonnegative(),
  seed: whole,
  trial: z.string().min(1),
  status: z.enum(['queued', 'running', 'complete', 'stopped', 'infeasible', 'failed']),
  budget_steps: whole.nonnegative(),
  seconds_per_step: measured,
  hardware: z.string().nullable(),
  step: whole.nonnegative(),
  epoch: z.number(),
  examples: z.number(),
  seconds: z.number(),
  train_loss: measured,
  val_loss: measured,
  val_metric: measured,
  noise_scale: measured,
  grad_norm: measured,
});
type Line = z.output<typeof line>;

const metrics = {
  classification: 'accuracy',
  segmentation: 'meanIoU',
  language: 'perplexity',
} as const satisfies Readonly<Record<Task, string>>;

/** How the table is called in a folder of results. */
const tableNames = ['measurements.csv', 'measurements.parquet'];

/** The table itself: `path`, or the one table in the folder `path`; undefined where that is no export. Throws FileError for a Parquet file that is damaged. */
export async function exportedTable(path: string): Promise<string | undefined> {
  const inFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  const file = inFolder ? tableNames.map((n) => join(path, n)).find((f) => existsSync(f)) : path;
  return file !== undefined && existsSync(file) && (await hasOurColumns(file)) ? file : undefined;
}

async function hasOurColumns(path: string): Promise<boolean> {
  if (await isParquet(path)) return (await parquetColumns(path)).join() === tableColumns.join();
  const [head] = Buffer.from((await headOf(path)).subarray(0, 4096))
    .toString('latin1')
    .split(/\r?\n/, 1);
  return head === tableColumns.join(',');
}

/**
 * A study from the table that `batch export` writes as CSV or Parquet, just as it was measured: budgets, rates before and after the rule, how trials ended. The targets are those of the study file `study.yaml` beside it; without one,
 * the paper's rule for every quantity that was measured. Trials that measured nothing are not in such a table. Throws FileError that names the first line that is wrong, and StudyMistakes for the study file.
 */
export async function importExported(table: string): Promise<MeasuredStudy> {
  const declared = join(dirname(table), 'study.yaml');
  const workloads = existsSync(declared) ? await declaredIn(declared) : undefined;
  const lines = await linesOf(table);
  if (lines.length === 0) throw new FileError(table, 'has no measurement');
  const found = [...groupBy(lines, (l) => l.workload)].map(([own, of]) => {
    const asked = workloads?.get(own);
    if (workloads && !asked)
      throw new FileError(table, `has a workload ${quote(own)}, which ${basename(declared)} beside it has not`);
    return workloadOf(of, asked);
  });
  return { name: basename(dirname(resolve(table))), workloads: found, trials: trialsOf(lines) };
}

async function linesOf(table: string): Promise<Line[]> {
  if (await isParquet(table)) return (await parquetRecords(table)).map((values, i) => checked(values, i + 1, table));
  return (await csvRecords(table)).map(({ row, values }) => checked(Object.fromEntries(values), row, table));
}

async function declaredIn(path: string): Promise<ReadonlyMap<string, Workload>> {
  const { grid } = gridOf(await readStudyFile(path));
  return new Map(grid.workloads.map((w) => [w.name, w]));
}

/** Cells that are empty are null; those of a text column may look like numbers. */
function checked(values: Readonly<Record<string, unknown>>, row: number, path: string): Line {
  const texts = new Set(['workload', 'model', 'dataset', 'strategy', 'trial', 'status', 'hardware']);
  const cells = Object.fromEntries(
    tableColumns.map((key) => {
      const value = values[key] ?? null;
      if (value === null || value === '') return [key, null];
      if (texts.has(key)) return [key, String(value)];
      // Whole numbers beyond 2^53 come as text.
      return [key, typeof value === 'string' && !Number.isNaN(Number(value)) ? Number(value) : value];
    }),
  );
  const parsed = line.safeParse(cells);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FileError(path, `row ${row}: ${issue!.path.join('.')}: ${issue!.message}`);
}

function workloadOf(lines: readonly Line[], asked: Workload | undefined): MeasuredWorkload {
  const { workload, model, dataset, fraction, complexity } = lines[0]!;
  const metric = metricFor(lines, asked);
  const keys = { trainLoss: 'train_loss', valLoss: 'val_loss', valMetric: 'val_metric' } as const;
  const has = (quantity: keyof typeof keys) => lines.some((l) => l[keys[quantity]] !== null);
  const targets: readonly TargetSpec[] = asked ? namedTargets(asked, metric) : targetSpecs(undefined, has);
  const { examples, epoch } = lines.reduce((a, b) => (b.epoch > a.epoch ? b : a));
  return {
    name: workload,
    model,
    dataset,
    fraction,
    complexity,
    examples: epoch > 0 ? Math.round(examples / epoch) : 0,
    metric,
    parameters: null,
    targets,
  };
}

/**
 * What the held-out metric is, which the table does not say: what the study file says of a command, what the built-in model is for, and of a model that nobody
 * knows whether its values can be shares.
 */
function metricFor(lines: readonly Line[], asked: Workload | undefined): MeasuredWorkload['metric'] {
  if (lines.every((l) => l.val_metric === null)) return null;
  if (asked?.kind === 'command') return metricFact(asked.entry);
  const task = taskOf(lines[0]!.model);
  if (task !== undefined) return metricOf(metrics[task]);
  return metricOf(lines.some((l) => l.val_metric! > 1) ? 'perplexity' : 'accuracy');
}

/** What a built-in model is for; undefined for any other. */
function taskOf(model: string): Task | undefined {
  try {
    return modelNamed(model).task;
  } catch (cause) {
    if (cause instanceof InputError) return undefined;
    throw cause;
  }
}

function trialsOf(lines: readonly Line[]): MeasuredTrial[] {
  const byPoint = groupBy(lines, (l) => JSON.stringify([l.workload, l.strategy, l.batch_size, l.base_rate, l.seed]));
  return [...byPoint.values()].map((own): MeasuredTrial => {
    const first = own[0]!;
    return {
      id: first.trial,
      workload: first.workload,
      strategy: first.strategy,
      batchSize: first.batch_size,
      baseRate: first.base_rate,
      learningRate: first.learning_rate,
      seed: first.seed,
      status: first.status,
      budgetSteps: first.budget_steps,
      measurements: own.map((l) => ({
        step: l.step,
        epoch: l.epoch,
        examples: l.examples,
        seconds: l.seconds,
        trainLoss: l.train_loss,
        valLoss: l.val_loss,
        valMetric: l.val_metric,
        noiseScale: l.noise_scale,
        gradNorm: l.grad_norm,
      })),
      secondsPerStep: first.seconds_per_step,
      hardware: first.hardware,
    };
  });
}
