import { readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { z } from 'zod';
import { FileError } from '../../base/errors.ts';
import { groupBy } from '../../base/group-by.ts';
import { readBytes, readFailure } from '../../formats/index.ts';
import type { LogQuantity } from '../../trials/index.ts';
import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload, Measurement } from '../measured/measured.ts';
import { findColumns, missingColumn, numberIn } from './columns.ts';
import { csvRecords } from './csv-records.ts';
import { type LogMapping, type LogMappingInput, metricOfColumn, parseMapping } from './mapping.ts';
import { targetSpecs } from './targets.ts';

const studyFile = z.looseObject({
  batch_size: z.coerce.number().positive(),
  dataset: z.string(),
  model: z.string(),
  optimizer: z.string(),
});

const trialFile = z.looseObject({
  trial_id: z.union([z.string(), z.number()]),
  status: z.enum(['COMPLETE', 'INCOMPLETE', 'INFEASIBLE']),
  parameters: z.record(z.string(), z.unknown()).default({}),
  steps: z.number().optional(),
});

/** Names under which a trial's parameters may hold its rate. */
const rateNames = ['learning_rate', 'initial_learning_rate', 'base_learning_rate', 'lr'];

/**
 * The layout of the published measurements of Shallue et al. (arXiv 1811.03600), as a study:
 *
 *     dataset/model/optimizer/batch_size/study.json
 *     dataset/model/optimizer/batch_size/trial_id/{metadata.json, measurements.csv}
 *
 * `dir` is that tree or any folder in it. A workload is a dataset and a model (and the folders above, for subsets), a strategy an optimizer. Their trials differ in
 * all tuned parameters and not in seeds alone, so each counts as a rate of its own and the best one stands for its batch size, as in
 * their paper. INFEASIBLE diverged; INCOMPLETE counts as failed. An epoch's examples are not in these files: without the mapping's, epochs are unknown.
 * Held-out is `val/`, the first known column that a file has, or the one that the mapping names.
 */
export async function importLayout(dir: string, mapping: LogMappingInput = {}): Promise<MeasuredStudy> {
  const settings = parseMapping(mapping);
  const folders = await studyFolders(dir);
  if (folders.length === 0)
    throw new FileError(dir, 'has no study.json in it; expected dataset/model/optimizer/batch_size/study.json');
  const studies: Imported[] = [];
  for (const folder of folders) studies.push(await importStudy(folder, dir, settings));
  const workloads = [...groupBy(studies, (s) => s.workload)].map(([name, own]): MeasuredWorkload => {
    const { dataset, model, metric } = own[0]!;
    const has = (key: 'trainLoss' | 'valLoss' | 'valMetric') =>
      own.some((s) => s.trials.some((t) => t.measurements.some((m) => m[key] !== null)));
    return {
      name,
      model,
      dataset,
      fraction: settings.fraction,
      complexity: null,
      examples: settings.examples ?? 0,
      metric: has('valMetric') ? (settings.metric ?? metric) : null,
      parameters: settings.parameters ?? null,
      targets: targetSpecs(settings.targets, has),
    };
  });
  return { name: basename(dir), workloads, trials: studies.flatMap((s) => s.trials) };
}

interface Imported {
  readonly workload: string;
  readonly dataset: string;
  readonly model: string;
  readonly metric: MeasuredWorkload['metric'];
  readonly trials: readonly MeasuredTrial[];
}

async function studyFolders(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch((cause) => {
    throw new FileError(dir, `${readFailure(cause)}; expected a folder of studies`, { cause });
  });
  return entries
    .filter((e) => e.isFile() && e.name === 'study.json')
    .map((e) => e.parentPath)
    .sort();
}

async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const text = Buffer.from(await readBytes(path, 'a JSON file')).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FileError(path, 'is no JSON', { cause });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FileError(path, `${issue!.path.join('.') || 'top level'}: ${issue!.message}`);
}

async function importStudy(folder: string, root: string, settings: LogMapping): Promise<Imported> {
  const { batch_size: batchSize, dataset, model, optimizer } = await readJson(join(folder, 'study.json'), studyFile);
  // Subsets lie in folders of their own above, with the same names inside.
  const above = relative(root, folder).split(/[\\/]/).slice(0, -4);
  const workload = [...above, `${model} on ${dataset}`].join('/');
  const strategy = settings.strategies[optimizer] ?? optimizer;
  const names = (await readdir(folder, { withFileTypes: true })).filter((e) => e.isDirectory()).map((e) => e.name);
  let metric: MeasuredWorkload['metric'] = null;
  const trials: MeasuredTrial[] = [];
  for (const [index, name] of names.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1)).entries()) {
    const at = join(folder, name);
    const { trial_id: id, status, parameters, steps } = await readJson(join(at, 'metadata.json'), trialFile);
    const read = await measurementsOf(join(at, 'measurements.csv'), batchSize, settings);
    metric ??= read.metric;
    const rate = rateNames.map((n) => Number(parameters[n])).find((r) => r > 0) ?? 0;
    const { seed } = parameters;
    trials.push({
      id: `${workload}/${optimizer}/${batchSize}/${id}`,
      workload,
      strategy,
      batchSize,
      // Without a seed among its parameters a trial is one of a search: no two are alike, even at the same rate.
      baseRate: typeof seed === 'number' ? rate : rate * (1 + index * 1e-12),
      learningRate: rate,
      seed: typeof seed === 'number' ? seed : 0,
      status: status === 'COMPLETE' ? 'complete' : status === 'INFEASIBLE' ? 'infeasible' : 'failed',
      budgetSteps: steps ?? read.measurements.at(-1)?.step ?? 0,
      measurements: read.measurements,
      secondsPerStep: null,
      hardware: settings.hardware ?? null,
    });
  }
  return { workload, dataset, model, metric, trials };
}

async function measurementsOf(
  path: string,
  batchSize: number,
  settings: LogMapping,
): Promise<{ readonly measurements: Measurement[]; readonly metric: MeasuredWorkload['metric'] }> {
  const records = await csvRecords(path);
  const names = new Set(records.flatMap((r) => [...r.values.keys()]));
  const columns = findColumns(names, settings.columns, path);
  if (!columns.has('step') && !columns.has('examples')) throw missingColumn('step', names, path);
  const measurements = records.map(({ row, values }): Measurement => {
    const number = (key: LogQuantity) => {
      const column = columns.get(key);
      const value = column === undefined ? undefined : numberIn(values.get(column), key, row, path);
      return value !== undefined && Number.isFinite(value) ? value : null;
    };
    const [logged, seen] = [number('step'), number('examples')];
    if (logged === null && seen === null) throw new FileError(path, `row ${row}: neither a step nor examples`);
    const step = logged ?? seen! / batchSize;
    const examples = seen ?? step * batchSize;
    return {
      step,
      epoch: number('epoch') ?? (settings.examples === undefined ? 0 : examples / settings.examples),
      examples,
      seconds: number('seconds') ?? 0,
      trainLoss: number('trainLoss'),
      valLoss: number('valLoss'),
      valMetric: number('valMetric'),
      noiseScale: number('noiseScale'),
      gradNorm: number('gradNorm'),
    };
  });
  const name = columns.get('valMetric');
  return {
    measurements: measurements.sort((a, b) => a.step - b.step),
    metric: name === undefined ? null : metricOfColumn(name),
  };
}

/** Whether a folder has studies of the published layout in it. */
export const isLayout = async (dir: string): Promise<boolean> => (await studyFolders(dir)).length > 0;
