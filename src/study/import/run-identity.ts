import { FileError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';
import { asNumber, findQuantity, type LogQuantity, type LogRecord, type LogValue } from '../../trials/index.ts';
import { type Columns, missingColumn } from './columns.ts';
import type { LogFile } from './log-files.ts';
import type { LogMapping } from './mapping.ts';
import type { ConfigFiles, NamedSettings } from './run-settings.ts';
import { shown } from './shown.ts';
import type { Survey } from './survey.ts';

/** What tells runs apart. The trial's number or name alone does not: sweeps number their trials anew at each batch size. */
export interface RunIdentity {
  /** Null where nothing names the run. */
  readonly name: string | null;
  readonly workload: string;
  readonly model: string;
  readonly dataset: string;
  readonly strategy: string;
  readonly batchSize: number;
  /** Null where no log says it. */
  readonly seed: number | null;
  /** Where rows do not say it. */
  readonly learningRate: number | null;
}

/** A value, and where it was found. */
interface Said {
  readonly value: LogValue;
  readonly from: string;
}

/** Batch sizes in one column beyond which it is a counter. */
const mostBatchSizes = 64;

/** Says for each record of one log which run it is of. Made anew for each log; keeps what it found out of each run. */
export class RunIdentities {
  readonly #file: LogFile;
  readonly #survey: Survey;
  readonly #columns: Columns;
  readonly #settings: LogMapping;
  readonly #study: string;
  readonly #config: { readonly from: string; readonly values: ReadonlyMap<string, LogValue> };
  readonly #named: (name: string) => NamedSettings;
  readonly #runs = new Map<string, { readonly key: string; readonly run: RunIdentity }>();
  /** Where each quantity came from, for the user. */
  readonly sources = new Map<LogQuantity, Set<string>>();

  private constructor(
    survey: Survey,
    columns: Columns,
    settings: LogMapping,
    study: string,
    config: Awaited<ReturnType<ConfigFiles['near']>>,
    named: (name: string) => NamedSettings,
  ) {
    this.#file = survey.file;
    this.#survey = survey;
    this.#columns = columns;
    this.#settings = settings;
    this.#study = study;
    this.#config = config;
    this.#named = named;
  }

  /** `study` names what nothing else does. */
  static async of(
    survey: Survey,
    columns: Columns,
    settings: LogMapping,
    study: string,
    configs: ConfigFiles,
    named: (name: string) => NamedSettings,
  ): Promise<RunIdentities> {
    const batch = columns.get('batchSize');
    const sizes = batch === undefined ? undefined : survey.values.get(batch);
    if (sizes === null || (sizes && sizes.size > mostBatchSizes))
      throw new FileError(
        survey.file.path,
        `column ${shown(batch!)} has more than ${mostBatchSizes} values: a counter of batches rather than their size? name the right one, columns: {batchSize: NAME}, or set it, set: {batchSize: 64}`,
      );
    return new RunIdentities(survey, columns, settings, study, await configs.near(survey.file.path), named);
  }

  /** Throws FileError, naming the row, where there is no batch size, or two sources say two. */
  of(record: LogRecord): { readonly key: string; readonly run: RunIdentity } {
    const cell = (quantity: LogQuantity) => {
      const name = this.#columns.get(quantity);
      return name === undefined ? undefined : record.values.get(name);
    };
    const parts = [
      record.run,
      cell('trial'),
      cell('workload'),
      cell('model'),
      cell('dataset'),
      cell('strategy'),
      cell('batchSize'),
      cell('seed'),
    ];
    const key = `${this.#file.run ?? ''}\u0000${parts.map((p) => p ?? '').join('\u0000')}`;
    const known = this.#runs.get(key);
    if (known) return known;
    const run = this.#identify(record, cell);
    // Rows that say less of their run, because a column is empty in them, are of the same one.
    const { name, workload, strategy, batchSize, seed } = run;
    const found = { key: [name ?? '', workload, strategy, batchSize, seed].join('\u0000'), run };
    this.#runs.set(key, found);
    return found;
  }

  #identify(record: LogRecord, cell: (q: LogQuantity) => LogValue | undefined): RunIdentity {
    const trial = cell('trial') ?? this.#only('trial');
    const name = [this.#file.run, record.run, trial].filter((n) => n !== undefined && n !== null).join('/');
    const display = this.#setting('_run_name', record.run);
    const logged = this.#number('batchSize', record, cell, display);
    if (logged === null) throw missingColumn('batchSize', this.#survey.names.keys(), this.#file.path);
    const batchSize = logged * this.#settings.batchFactor;
    if (!(batchSize > 0) || !Number.isFinite(batchSize))
      throw new FileError(this.#file.path, `${this.#file.format.unit} ${record.row}: expected a positive batch size`);
    const settings = this.#settings;
    const text = (quantity: 'model' | 'dataset' | 'workload' | 'strategy') => {
      const value = cell(quantity) ?? this.#only(quantity);
      if (value !== undefined) this.#from(quantity, this.#columns.get(quantity)!);
      return value === undefined ? undefined : String(value);
    };
    const [model, dataset] = [text('model'), text('dataset')];
    const strategy = text('strategy') ?? settings.set.strategy ?? this.#name(record, display).strategy ?? 'SGD';
    const [ofModel, ofData] = [model ?? settings.model ?? 'unknown', dataset ?? settings.dataset ?? this.#study];
    return {
      name: name === '' ? null : name,
      workload:
        text('workload') ?? (model === undefined && dataset === undefined ? this.#study : `${ofModel} on ${ofData}`),
      model: ofModel,
      dataset: ofData,
      strategy: Object.hasOwn(settings.strategies, strategy) ? settings.strategies[strategy]! : strategy,
      batchSize,
      seed: this.#number('seed', record, cell, display),
      learningRate: this.#number('learningRate', record, cell, display),
    };
  }

  #name(record: LogRecord, display: LogValue | undefined): NamedSettings {
    const names = [
      this.#file.run ?? '',
      record.run ?? '',
      String(this.#columnOf(record, 'trial') ?? ''),
      String(display ?? ''),
    ];
    return this.#named(names.filter((n) => n !== '').join('/'));
  }

  #columnOf(record: LogRecord, quantity: LogQuantity): LogValue | undefined {
    const name = this.#columns.get(quantity);
    return name === undefined ? undefined : record.values.get(name);
  }

  /** The one value of a column that is empty in some rows, where nothing else tells runs of the log apart. */
  #only(quantity: LogQuantity): LogValue | undefined {
    const name = this.#columns.get(quantity);
    const values = name === undefined ? undefined : this.#survey.values.get(name);
    return values?.size === 1 && this.#survey.runs.size <= 1 ? [...values][0] : undefined;
  }

  #setting(name: string, run: string | undefined): LogValue | undefined {
    return this.#survey.settings.get(run)?.get(name) ?? this.#survey.settings.get(undefined)?.get(name);
  }

  /** Batch size, rate or seed of a run: of its row, else of its settings, its configuration or its name, which must agree, else as the mapping sets it. */
  #number(
    quantity: 'batchSize' | 'learningRate' | 'seed',
    record: LogRecord,
    cell: (q: LogQuantity) => LogValue | undefined,
    display: LogValue | undefined,
  ): number | null {
    const column = this.#columns.get(quantity);
    const own = cell(quantity) ?? (column === undefined ? undefined : this.#only(quantity));
    const said: Said[] = [];
    if (own !== undefined) said.push({ value: own, from: column! });
    else if (column !== undefined && quantity === 'batchSize')
      throw new FileError(
        this.#file.path,
        `${this.#file.format.unit} ${record.row} has no ${shown(column)}; expected the batch size in every row`,
      );
    if (own === undefined) {
      const named = this.#name(record, display)[quantity];
      const byName: Said[] = named === undefined ? [] : [{ value: named, from: 'its name' }];
      const bySettings = this.#settingsSay(quantity, record.run);
      // What the mapping points at counts, whatever else says another.
      if (this.#settings.columns[quantity] !== undefined && bySettings.length > 0) said.push(bySettings[0]!);
      else if (this.#settings.names !== undefined && byName.length > 0) said.push(...byName);
      else said.push(...bySettings, ...byName);
    }
    const set = this.#settings.set[quantity];
    if (set !== undefined) said.push({ value: set, from: 'the mapping' });
    const numbers = said.map(({ value, from }) => {
      const number = asNumber(value);
      if (number === undefined)
        throw new FileError(
          this.#file.path,
          `${this.#file.format.unit} ${record.row}: ${quantity} is ${quote(String(value))}; expected a number`,
        );
      return { number, from };
    });
    const [first] = numbers;
    if (!first) return null;
    const other = numbers.find((n) => n.number !== first.number);
    // A rate in a row is one of a schedule; the one of the configuration is where it starts.
    if (other && quantity !== 'learningRate')
      throw new FileError(
        this.#file.path,
        `${quantity} is ${first.number} by ${shown(first.from)} and ${other.number} by ${shown(other.from)}; say in the mapping which counts: a setting, columns: {${quantity}: NAME}, or what names say, names: PATTERN`,
      );
    for (const { from } of numbers) this.#from(quantity, from);
    return first.number;
  }

  #settingsSay(quantity: LogQuantity, run: string | undefined): Said[] {
    const places = [
      { from: 'its settings', values: this.#survey.settings.get(run) },
      { from: 'its settings', values: this.#survey.settings.get(undefined) },
      { from: 'its configuration', values: this.#config.values },
    ];
    const named = this.#settings.columns[quantity];
    return places.flatMap(({ from, values }): Said[] => {
      if (!values) return [];
      if (named !== undefined)
        return values.has(named) ? [{ value: values.get(named)!, from: `${from}, ${named}` }] : [];
      const name = settingName(quantity, values);
      return name === undefined ? [] : [{ value: values.get(name)!, from: `${from}, ${name}` }];
    });
  }

  #from(quantity: LogQuantity, from: string): void {
    this.sources.set(quantity, (this.sources.get(quantity) ?? new Set()).add(from));
  }
}

/** The name of a quantity among settings: as a whole, else within a group (`optimizer.lr`) where one value stands under it. */
function settingName(quantity: LogQuantity, values: ReadonlyMap<string, LogValue>): string | undefined {
  const whole = findQuantity(quantity, values.keys());
  if (whole.kind === 'found') return whole.name;
  const inner = new Map<string, string>();
  for (const name of values.keys()) if (name.includes('.')) inner.set(name.slice(name.lastIndexOf('.') + 1), name);
  const found = whole.kind === 'absent' ? findQuantity(quantity, inner.keys()) : whole;
  return found.kind === 'found' ? inner.get(found.name) : undefined;
}
