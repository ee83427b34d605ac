import { basename } from 'node:path';
import { FileError } from '../../errors.ts';
import { readCsv } from '../../formats/index.ts';
import { groupBy } from '../group-by.ts';
import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload, Measurement } from '../measured.ts';
import { findColumns, numberAt } from './columns.ts';
import { type ColumnName, type CsvMapping, type CsvMappingInput, metricOfColumn, parseMapping } from './mapping.ts';
import { targetSpecs } from './targets.ts';

/**
 * A CSV log as a study: a row an evaluation of a trial, told from others by its `trial` column (or, where there is none, by strategy, batch size, rate and seed).
 *
 * Only batch size and step must be there; the step may be left out where examples are there. Columns are found by their names (`knownNames`) or as the
 * mapping says. Where epochs are there and examples are not, those of an epoch are the mapping's, or follow from steps, batch size and
 * epochs. A trial's learning rate is the largest of its schedule. A trial whose last training loss is no finite number is infeasible; all others count
 * as complete, with the steps of their last row as budget.
 *
 * Throws FileError for a file that is no such log, UsageError for a mapping that is none.
 */
export async function importCsv(path: string, mapping: CsvMappingInput = {}): Promise<MeasuredStudy> {
  const settings = parseMapping(mapping);
  const { columns, rows } = await readCsv(path);
  const column = findColumns(columns, settings.columns, ['batchSize', 'step'], path);
  const text = (row: readonly string[], name: ColumnName) => {
    const at = column(name);
    return at < 0 ? null : row[at]!;
  };
  const name = basename(path).replace(/\.csv$/i, '');
  const lines = rows.map((row, i): Line => {
    const number = (key: ColumnName) => numberAt(text(row, key), key, i + 2, path);
    const batchSize = number('batchSize');
    if (!(batchSize! > 0)) throw new FileError(path, `row ${i + 2}: expected a positive batch size`);
    const model = text(row, 'model') ?? settings.model ?? 'unknown';
    const dataset = text(row, 'dataset') ?? settings.dataset ?? name;
    const strategy = text(row, 'strategy') ?? 'SGD';
    const seed = number('seed') ?? 0;
    const own = {
      workload:
        text(row, 'workload') ?? (column('model') < 0 && column('dataset') < 0 ? name : `${model} on ${dataset}`),
      model,
      dataset,
      strategy: settings.strategies[strategy] ?? strategy,
      batchSize: batchSize!,
      seed,
      learningRate: number('learningRate'),
    };
    const steps = number('step');
    const examples = number('examples');
    if (steps === null && examples === null) throw new FileError(path, `row ${i + 2}: neither a step nor examples`);
    return {
      ...own,
      trial: text(row, 'trial') ?? `${own.strategy} ${own.batchSize} ${own.learningRate ?? ''} ${seed}`.trim(),
      step: steps ?? examples! / own.batchSize,
      examples: examples ?? steps! * own.batchSize,
      epoch: number('epoch'),
      seconds: number('seconds'),
      trainLoss: number('trainLoss'),
      valLoss: meanLoss(number('valLoss'), own.batchSize, settings),
      valMetric: number('valMetric'),
      noiseScale: number('noiseScale'),
      gradNorm: number('gradNorm'),
    };
  });
  if (lines.length === 0) throw new FileError(path, 'has no rows; expected one an evaluation');
  const metricColumn = columns[column('valMetric')];
  const metric = settings.metric ?? (metricColumn === undefined ? null : metricOfColumn(metricColumn));
  const groups = groupBy(lines, (l) => l.workload);
  const studied = [...groups].map(([workload, own]) => workloadOf(workload, own, metric, settings));
  return {
    name,
    workloads: studied.map((s) => s.workload),
    trials: studied.flatMap((s) => s.trials),
  };
}

interface Line extends Omit<Measurement, 'epoch' | 'seconds'> {
  readonly workload: string;
  readonly model: string;
  readonly dataset: string;
  readonly strategy: string;
  readonly trial: string;
  readonly batchSize: number;
  readonly seed: number;
  readonly learningRate: number | null;
  readonly epoch: number | null;
  readonly seconds: number | null;
}

function meanLoss(logged: number | null, batchSize: number, { valLossSummedOver: n }: CsvMapping): number | null {
  return logged === null || n === undefined ? logged : (logged * n) / Math.ceil(n / batchSize);
}

function workloadOf(
  name: string,
  lines: readonly Line[],
  metric: MeasuredWorkload['metric'],
  settings: CsvMapping,
): { workload: MeasuredWorkload; trials: MeasuredTrial[] } {
  const [{ model, dataset }] = [lines[0]!];
  // A last batch that is not full makes steps x batch size a little more than the examples; the least is nearest.
  const perEpoch = lines.flatMap((l) => (l.epoch !== null && l.epoch > 0 ? [l.examples / l.epoch] : []));
  const examples = settings.examples ?? (perEpoch.length > 0 ? Math.round(Math.min(...finest(perEpoch))) : null);
  const trials = [...groupBy(lines, (l) => l.trial)].map(([id, own]) =>
    trialOf(`${name}/${id}`, name, own, examples, settings.hardware ?? null),
  );
  const has = (key: 'trainLoss' | 'valLoss' | 'valMetric') => lines.some((l) => l[key] !== null);
  return {
    workload: {
      name,
      model,
      dataset,
      fraction: settings.fraction,
      complexity: null,
      examples: examples ?? 0,
      metric: has('valMetric') ? metric : null,
      parameters: null,
      targets: targetSpecs(settings.targets, has),
    },
    trials,
  };
}

const finest = (values: readonly number[]) => values.filter(Number.isFinite);

function trialOf(
  id: string,
  workload: string,
  lines: readonly Line[],
  examples: number | null,
  hardware: string | null,
): MeasuredTrial {
  const sorted = [...lines].sort((a, b) => a.step - b.step);
  const { strategy, batchSize, seed } = sorted[0]!;
  const rates = sorted.flatMap((l) => l.learningRate ?? []);
  const learningRate = rates.length === 0 ? 0 : rates.reduce((a, b) => Math.max(a, b));
  const losses = sorted.flatMap((l) => l.trainLoss ?? []);
  const diverged = losses.length > 0 && !Number.isFinite(losses.at(-1)!);
  const finiteOrNull = (x: number | null) => (x !== null && Number.isFinite(x) ? x : null);
  return {
    id,
    workload,
    strategy,
    batchSize,
    baseRate: learningRate,
    learningRate,
    seed,
    status: diverged ? 'infeasible' : 'complete',
    budgetSteps: Math.ceil(sorted.at(-1)!.step),
    measurements: sorted.map((l) => ({
      step: l.step,
      epoch: l.epoch ?? (examples === null ? 0 : l.examples / examples),
      examples: l.examples,
      seconds: l.seconds ?? 0,
      trainLoss: finiteOrNull(l.trainLoss),
      valLoss: finiteOrNull(l.valLoss),
      valMetric: finiteOrNull(l.valMetric),
      noiseScale: finiteOrNull(l.noiseScale),
      gradNorm: finiteOrNull(l.gradNorm),
    })),
    secondsPerStep: null,
    hardware,
  };
}
