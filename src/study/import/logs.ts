import { basename, dirname } from 'node:path';
import { FileError } from '../../base/errors.ts';
import { groupBy } from '../../base/group-by.ts';
import { comparable, type LogQuantity, type LogRecord } from '../../trials/index.ts';
import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload } from '../measured/measured.ts';
import { secondsIn } from './clock.ts';
import { type Columns, findColumns, missingColumn, numberIn } from './columns.ts';
import { type ImportedRun, importedRuns, measurementsOf, type RunNote } from './imported-run.ts';
import type { FoundLogs, LogFile } from './log-files.ts';
import { type LogMapping, metricOfColumn } from './mapping.ts';
import { RunIdentities, type RunIdentity } from './run-identity.ts';
import { type RowValues, RunRows, rowsPerRun } from './run-rows.ts';
import { ConfigFiles, namedSettings } from './run-settings.ts';
import { shown, shownList } from './shown.ts';
import { type Survey, surveyLog } from './survey.ts';
import { targetSpecs } from './targets.ts';

/** How a log was read: what was recognized, what each quantity was taken from, what was left. */
export interface ImportedFile {
  readonly path: string;
  /** Format, for people. */
  readonly format: string;
  readonly records: number;
  readonly mapping: readonly { readonly quantity: string; readonly from: readonly string[] }[];
  readonly unused: readonly { readonly name: string; readonly count: number }[];
  readonly notes: readonly string[];
}

/** Logs as a study, its curves in columns. */
export interface ImportedLogs {
  readonly name: string;
  readonly workloads: readonly MeasuredWorkload[];
  readonly trials: readonly ImportedTrial[];
  readonly files: readonly ImportedFile[];
  readonly passed: FoundLogs['passed'];
  readonly notes: readonly RunNote[];
}

/** A trial whose measurements are a curve in columns. */
export interface ImportedTrial extends Omit<MeasuredTrial, 'measurements'> {
  readonly curve: ImportedRun['curve'];
}

/** Runs that are told apart; beyond, a column that changes with every row was taken for their names. */
const mostRuns = 20_000;

const measured = ['trainLoss', 'valLoss', 'valMetric'] as const;

/** A log with what was found in it. */
interface Source {
  readonly survey: Survey;
  readonly columns: Columns;
  readonly identities: RunIdentities;
  readonly used: Map<string, Set<string>>;
  readonly notes: string[];
  /** 1 where epochs are numbers, from 0 on, of those that ended. */
  readonly epochOffset: number;
  readonly rank: number | undefined;
}

/**
 * Logs as a study: a record an evaluation of a run, runs told apart by their names together with all that they were trained with (`RunIdentity`). Each log is read twice, first for the names in it, then for its rows; memory
 * grows with runs and their steps, up to a limit beyond which training rows are thinned (`RunRows`), not with files.
 *
 * Batch size and step must be there; the step may be left out where examples are there, or epochs and the examples of one. A trial's learning rate is the largest of its schedule. A
 * trial whose last training loss is no finite number is infeasible; all others count as complete, with the step of their last row as budget.
 *
 * @param root Folder above which no configuration is looked for.
 * Throws FileError that names file and row for what is no log or has several readings, UsageError for a mapping that is none.
 */
export async function importLogs(
  { files, passed }: FoundLogs,
  settings: LogMapping,
  name: string,
  root: string,
): Promise<ImportedLogs> {
  const skipped = [...passed];
  const surveys: Survey[] = [];
  for (const file of files) surveys.push(await surveyLog(file, settings.pattern));
  const configs = new ConfigFiles(root);
  const named = namedSettings(settings.names);
  const sources: Source[] = [];
  for (const survey of surveys) {
    const columns = columnsOf(survey, surveys, settings);
    if (survey.file.run !== null && !measured.some((m) => columns.has(m))) {
      skipped.push({
        path: survey.file.path,
        why: `has no loss or metric under a known name; it has ${shownList(survey.names.keys())}`,
      });
      continue;
    }
    sources.push(await sourceOf(survey, columns, settings, name, configs, named));
  }
  if (sources.length === 0)
    throw new FileError(
      root,
      `has no study.json in it, and no log that says a loss${skipped.length > 0 ? `; ${shown(basename(skipped[0]!.path))} ${skipped[0]!.why}` : ''}`,
    );
  sameMeaning(sources);
  const collected = new Collected(sources.reduce((n, s) => n + s.survey.runs.size, 0));
  for (const source of sources) await collect(source, settings, collected);
  const studied = studyOf(collected, settings, sources);
  return {
    name,
    ...studied,
    files: sources.map((s) => fileOf(s)),
    passed: skipped,
  };
}

/** The names of a log's quantities. A lone column of values is what the only declared target is about. */
function columnsOf(survey: Survey, all: readonly Survey[], settings: LogMapping): Columns {
  const elsewhere = (name: string) =>
    all.some((s) => s !== survey && s.names.has(name)) ||
    all.some((s) => [...s.settings.values()].some((own) => own.has(name))) ||
    !isMeasured(settings, name);
  const names = new Set(survey.names.keys());
  const columns = findColumns(names, settings.columns, survey.file.path, elsewhere);
  const quantities = new Set(settings.targets?.map((t) => t.quantity));
  const [quantity] = quantities;
  if (quantity === undefined || quantities.size > 1 || measured.some((m) => columns.has(m))) return columns;
  const taken = new Set(columns.values());
  const free = [...survey.names]
    .filter(([n, { count, numbers }]) => !taken.has(n) && numbers === count)
    .map(([n]) => n);
  return free.length === 1 ? new Map([...columns, [quantity, free[0]!]]) : columns;
}

/** Whether a name of the mapping is of something that rows hold; a setting may stand in a configuration instead. */
const isMeasured = ({ columns }: LogMapping, name: string) =>
  !(['batchSize', 'learningRate', 'seed', 'strategy'] as const).some((q) => columns[q] === name);

async function sourceOf(
  survey: Survey,
  columns: Columns,
  settings: LogMapping,
  study: string,
  configs: ConfigFiles,
  named: ReturnType<typeof namedSettings>,
): Promise<Source> {
  const { path } = survey.file;
  const notes: string[] = [];
  const used = new Map<string, Set<string>>();
  for (const [quantity, column] of columns) used.set(quantity, new Set([column]));
  const steps = columns.has('step') || survey.hasStep;
  if (!steps && !columns.has('examples') && !columns.has('epoch')) {
    const nothing = !columns.has('batchSize') && survey.settings.size === 0 && settings.set.batchSize === undefined;
    throw missingColumn(nothing ? 'batchSize' : 'step', survey.names.keys(), path);
  }
  if (!steps && !columns.has('examples') && settings.examples === undefined)
    throw new FileError(
      path,
      `has epochs and no steps; say in the mapping the examples of an epoch, as in examples: 50000`,
    );
  let epochOffset = 0;
  const epochs = columns.has('epoch') ? survey.values.get(columns.get('epoch')!) : undefined;
  if (epochs && !steps && !columns.has('examples')) {
    const whole = [...epochs].every((e) => Number.isInteger(e));
    epochOffset = settings.epochs === 'ended' || (settings.epochs === undefined && whole && epochs.has(0)) ? 1 : 0;
    notes.push(
      epochOffset === 1
        ? 'epochs count from 0: a row of epoch e is read as logged when e + 1 have passed (epochs: passed reads them otherwise)'
        : 'a row of epoch e is read as logged when e have passed',
    );
  }
  if (!columns.has('step') && survey.hasStep) used.set('step', new Set([`the step of a ${survey.file.format.unit}`]));
  if (!columns.has('seconds') && survey.hasTime)
    used.set('seconds', new Set([`the time of a ${survey.file.format.unit}`]));
  const ranks = columns.has('rank') ? survey.values.get(columns.get('rank')!) : undefined;
  const rank = ranks
    ? [...ranks].reduce<number>((m, r) => Math.min(m, Number(r)), Number.POSITIVE_INFINITY)
    : undefined;
  if (ranks && ranks.size > 1) notes.push(`has rows of ${ranks.size} ranks: those of rank ${rank} count`);
  return {
    survey,
    columns,
    identities: await RunIdentities.of(survey, columns, settings, study, configs, named),
    used,
    notes,
    epochOffset,
    rank,
  };
}

/** Throws where one log's held-out loss is another name's than another log's: validation in one and test in the other are not one quantity. */
function sameMeaning(sources: readonly Source[]): void {
  for (const quantity of measured) {
    let first: { readonly name: string; readonly path: string } | undefined;
    for (const { columns, survey } of sources) {
      const name = columns.get(quantity);
      if (name === undefined) continue;
      first ??= { name, path: survey.file.path };
      if (comparable(first.name) !== comparable(name))
        throw new FileError(
          survey.file.path,
          `${quantity} is ${shown(name)} here and ${shown(first.name)} in ${first.path}; say in the mapping which, columns: {${quantity}: NAME}`,
        );
    }
  }
}

/** The rows of all runs. */
class Collected {
  readonly runs = new Map<
    string,
    { readonly rows: RunRows; readonly identity: RunIdentity; readonly source: Source }
  >();
  readonly #least: number;

  constructor(least: number) {
    this.#least = least;
  }

  get mostRows(): number {
    return rowsPerRun(Math.max(this.#least, this.runs.size));
  }

  rowsOf(key: string, identity: RunIdentity, source: Source): RunRows {
    const known = this.runs.get(key);
    if (known) return known.rows;
    const { path } = source.survey.file;
    if (this.runs.size >= mostRuns)
      throw new FileError(
        path,
        `has more than ${mostRuns} runs: is a column that changes with every row taken for their name or settings? name the right ones in the mapping, columns: {trial: NAME}`,
      );
    const rows = new RunRows(identity.name ?? `of batch ${identity.batchSize}`, path);
    this.runs.set(key, { rows, identity, source });
    return rows;
  }
}

/** The second pass over a log: its rows go to their runs. */
async function collect(source: Source, settings: LogMapping, collected: Collected): Promise<void> {
  const { survey, columns } = source;
  const { path, format } = survey.file;
  const printed = format.name === 'lines';
  let carried: Partial<Record<'step' | 'examples' | 'epoch', number>> = {};
  let [withoutStep, otherRanks] = [0, 0];
  const numeric = (quantity: LogQuantity, record: LogRecord) => {
    const column = columns.get(quantity);
    return column === undefined
      ? undefined
      : numberIn(record.values.get(column), quantity, record.row, path, format.unit);
  };
  const reader = format.open(path, settings.pattern === undefined ? {} : { pattern: settings.pattern });
  await reader.read(
    {
      record: (record) => {
        const rank = source.rank === undefined ? undefined : numeric('rank', record);
        if (rank !== undefined && rank !== source.rank) {
          otherRanks++;
          return;
        }
        const values: RowValues = {};
        const put = (name: keyof RowValues, value: number | undefined) => {
          if (value !== undefined && !Number.isNaN(value)) values[name] = value;
        };
        put('step', numeric('step', record) ?? (columns.has('step') ? undefined : record.step));
        put('examples', numeric('examples', record));
        put('epoch', numeric('epoch', record));
        for (const quantity of [
          'valLoss',
          'valMetric',
          'learningRate',
          'noiseScale',
          'gradNorm',
          'secondsPerStep',
        ] as const)
          put(quantity, numeric(quantity, record));
        const loss = numeric('trainLoss', record);
        // NaN marks what was not logged; a loss that is none has diverged, as an infinite one has.
        put('trainLoss', Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss);
        const time = columns.has('seconds') ? record.values.get(columns.get('seconds')!) : record.time;
        if (time !== undefined) put('seconds', secondsIn(time, record.row, path, format.unit));
        const says = measured.some((m) => values[m] !== undefined);
        const where = values.step !== undefined || values.examples !== undefined;
        const there = where || (values.epoch !== undefined && settings.examples !== undefined && !columns.has('step'));
        if (printed && there)
          carried = { ...pick(values, 'step'), ...pick(values, 'examples'), ...pick(values, 'epoch') };
        if (!there) {
          if (!says) {
            withoutStep++;
            return;
          }
          if (!printed || Object.keys(carried).length === 0)
            throw new FileError(path, `${format.unit} ${record.row}: neither a step nor examples`);
          Object.assign(values, carried);
        }
        const { key, run } = source.identities.of(record);
        if (values.valLoss !== undefined) values.valLoss = meanLoss(values.valLoss, run.batchSize, settings);
        collected
          .rowsOf(key, run, source)
          .append(record.row, values.step ?? values.examples ?? values.epoch!, values, collected.mostRows);
      },
    },
    { ended: true },
  );
  if (withoutStep > 0)
    source.notes.push(`${withoutStep} ${format.unit}s have neither a step nor a loss and do not count`);
  if (otherRanks > 0) source.notes.push(`${otherRanks} rows of other ranks do not count`);
}

const pick = (values: RowValues, name: 'step' | 'examples' | 'epoch') =>
  values[name] === undefined ? {} : { [name]: values[name] };

function meanLoss(logged: number, batchSize: number, { valLossSummedOver: n }: LogMapping): number {
  return n === undefined ? logged : (logged * n) / Math.ceil(n / batchSize);
}

function studyOf(
  collected: Collected,
  settings: LogMapping,
  sources: readonly Source[],
): Pick<ImportedLogs, 'workloads' | 'trials' | 'notes'> {
  refuseGrowingBatch([...collected.runs.values()]);
  const explicitTime = settings.columns.seconds !== undefined;
  const imported: ImportedRun[] = [...collected.runs.values()].flatMap(({ rows, identity, source }) =>
    importedRuns(rows, identity, { settings, explicitTime, epochOffset: source.epochOffset }),
  );
  const metricName = sources.map((s) => s.columns.get('valMetric')).find((n) => n !== undefined);
  const metric = settings.metric ?? (metricName === undefined ? null : metricOfColumn(metricName));
  const workloads: MeasuredWorkload[] = [];
  const trials: ImportedTrial[] = [];
  for (const [name, own] of groupBy(imported, (r) => r.identity.workload)) {
    const { model, dataset } = own[0]!.identity;
    const has = (key: (typeof measured)[number]) => own.some((r) => r.curve.values.has(key));
    if (!measured.some(has))
      throw new FileError(
        sources[0]!.survey.file.path,
        `workload ${shown(name)} has neither a loss nor a metric under a known name; say in the mapping which is which, columns: {trainLoss: NAME}; there are ${shownList(sources.flatMap((s) => [...s.survey.names.keys()]))}`,
      );
    workloads.push({
      name,
      model,
      dataset,
      fraction: settings.fraction,
      complexity: null,
      examples: settings.examples ?? examplesOfEpoch(own),
      metric: has('valMetric') ? metric : null,
      parameters: settings.parameters ?? null,
      targets: targetSpecs(settings.targets, has),
    });
    for (const trial of trialsOf(name, own, settings.hardware)) trials.push(trial);
  }
  return { workloads, trials, notes: imported.flatMap((r) => r.notes) };
}

/** A run whose batch grows has no one batch size: rows of one name that go on in steps under another batch. */
function refuseGrowingBatch(runs: readonly { readonly rows: RunRows; readonly identity: RunIdentity }[]): void {
  const named = runs.filter((r) => r.identity.name !== null && r.rows.length > 1);
  for (const own of groupBy(named, ({ identity: i }) =>
    [i.name, i.workload, i.strategy, i.seed].join('\u0000'),
  ).values())
    for (let k = 1; k < own.length; k++) {
      const [before, after] = [own[k - 1]!, own[k]!];
      const follows = after.rows.row[0]! > before.rows.row[before.rows.length - 1]!;
      if (before.rows.path === after.rows.path && follows && after.rows.position(0) > before.rows.lastStep)
        throw new FileError(
          after.rows.path,
          `row ${after.rows.row[0]}: run ${shown(after.rows.name)} goes on from step ${before.rows.lastStep} with batch ${after.identity.batchSize} instead of ${before.identity.batchSize}; a run whose batch grows has no one batch size: leave it out`,
        );
    }
}

/** A last batch that is not full makes steps x batch size a little more than the examples; the least is nearest. 0 where no epochs were logged. */
function examplesOfEpoch(runs: readonly ImportedRun[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { curve } of runs)
    for (let i = 0; curve.epoch && i < curve.length; i++) {
      const epoch = curve.epoch[i]!;
      if (epoch > 0) least = Math.min(least, curve.examples[i]! / epoch);
    }
  return Number.isFinite(least) ? Math.round(least) : 0;
}

/** Runs as trials with ids of their own. Repeats whose seed nobody logged count as seeds 0, 1, 2, ... */
function trialsOf(workload: string, runs: readonly ImportedRun[], hardware: string | undefined): ImportedTrial[] {
  const ids = new Set<string>();
  const repeats = new Map<string, number>();
  return runs.map(({ identity, curve, learningRate, status, budgetSteps, secondsPerStep }) => {
    const { name, strategy, batchSize, seed } = identity;
    const point = [strategy, batchSize, learningRate].join('\u0000');
    const repeat = repeats.get(point) ?? 0;
    if (seed === null) repeats.set(point, repeat + 1);
    const full = `${strategy} ${batchSize} ${learningRate || ''} ${seed ?? repeat}`.replace(/ {2,}/g, ' ').trim();
    const wanted = name === null ? full : ids.has(`${workload}/${name}`) ? `${name}, ${full}` : name;
    let id = `${workload}/${wanted}`;
    for (let n = 2; ids.has(id); n++) id = `${workload}/${wanted} (${n})`;
    ids.add(id);
    return {
      id,
      workload,
      strategy,
      batchSize,
      baseRate: learningRate,
      learningRate,
      seed: seed ?? repeat,
      status,
      budgetSteps,
      curve,
      secondsPerStep,
      hardware: hardware ?? (secondsPerStep === null ? null : 'as logged'),
    };
  });
}

function fileOf({ survey, used, identities, notes }: Source): ImportedFile {
  const mapping = new Map([...used, ...identities.sources]);
  const taken = new Set([...used.values()].flatMap((names) => [...names]));
  return {
    path: survey.file.path,
    format: survey.file.format.title,
    records: survey.records,
    mapping: [...mapping].map(([quantity, from]) => ({ quantity, from: [...from] })),
    unused: [
      ...[...survey.names].filter(([n]) => !taken.has(n)).map(([name, { count }]) => ({ name, count })),
      ...[...survey.unused].map(([name, count]) => ({ name, count })),
    ],
    notes: [...survey.notes, ...notes],
  };
}

/** Logs as the plain data that the analysis reads. */
export function studyOfLogs({ name, workloads, trials }: ImportedLogs): MeasuredStudy {
  const perEpoch = new Map(workloads.map((w) => [w.name, w.examples]));
  return {
    name,
    workloads,
    trials: trials.map(({ curve, ...trial }) => ({
      ...trial,
      measurements: measurementsOf(curve, perEpoch.get(trial.workload)!),
    })),
  };
}

/** The name of a study by its source. */
export const studyName = (path: string): string =>
  basename(path).replace(/\.(csv|tsv|jsonl|ndjson|wandb|json|db|log|txt)$/i, '');

/** Where configurations of a log given by itself may lie. */
export const rootOf = (file: LogFile): string => dirname(file.path);
