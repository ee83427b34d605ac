import { UsageError } from '../../base/errors.ts';
import type { MeasurementRow } from '../../store/index.ts';
import { asNumber, type LogRecord } from '../readers/index.ts';
import type { MapQuantity } from './mapped.ts';
import { declared, type Recognized, recognize } from './recognition.ts';
import type { CommandSpec } from './spec.ts';

/** Rows of training loss alone are stored at this many steps of the budget at most; evaluations all are. */
const mostTrainRows = 10_000;
/** Rows of a curve, and names of a log: beyond it is no log of a training. */
const [mostRows, mostNames] = [131_072, 20_000];
/** Seconds since 1970 are beyond this, those since a start are not. */
const leastTimeOfDay = 1e8;

const measured = ['trainLoss', 'valLoss', 'valMetric', 'noiseScale', 'gradNorm'] as const;
type Row = { -readonly [K in keyof MeasurementRow]: MeasurementRow[K] };

export interface CurveChange {
  /** Rows that are new or changed, in the order of steps. */
  readonly rows: readonly MeasurementRow[];
  /** Everything behind this step was made again by the program; undefined where nothing was. */
  readonly rewound: number | undefined;
}

/**
 * The curve that the records of a program's logs come to, while they are written. Values of one step are one row, whichever record they came in. What is given a second time
 * changes nothing; another value of the same quantity at the same step says that the program went back: what lay behind it does not count (docs/logs.md).
 */
export class LiveCurve {
  readonly names = new Set<string>();
  /** Records without a step, and those with one. */
  records = 0;
  diverged: { readonly step: number; readonly quantity: MapQuantity } | undefined;
  readonly #spec: CommandSpec;
  readonly #rows = new Map<number, Row>();
  readonly #dirty = new Set<number>();
  readonly #width: number;
  readonly #microBatch: number;
  #recognized: Recognized;
  #rewound: number | undefined;
  #lastStep: number;
  /** Epochs are the numbers of those that ended, from 0 on. */
  #epochsFromZero: boolean | undefined;
  readonly #offset: number;
  readonly #startedAt: number;
  #clockShift: number | undefined;
  #ownClock = false;
  readonly #paces: number[] = [];
  #first: Row | undefined;
  #last: Row | undefined;

  /**
   * @param known What is stored of the trial already.
   * @param startedAt Seconds since 1970 at which the program is started.
   */
  constructor(
    spec: CommandSpec,
    known: readonly MeasurementRow[],
    startedAt: number,
    microBatch = spec.values.microBatch,
  ) {
    this.#spec = spec;
    this.#microBatch = microBatch;
    this.#recognized = recognize(declared(spec.map), this.names);
    for (const row of known) this.#rows.set(row.step, { ...row });
    this.#lastStep = known.at(-1)?.step ?? -1;
    this.#offset = known.at(-1)?.seconds ?? 0;
    this.#startedAt = startedAt;
    this.#width = Math.max(1, Math.floor(spec.values.steps / mostTrainRows));
  }

  get recognized(): Recognized {
    return this.#recognized;
  }

  get lastStep(): number {
    return this.#lastStep;
  }

  /** Seconds of a step: the median between rows where the log has a clock, else all of the time through all of the steps. */
  get secondsPerStep(): number | undefined {
    if (this.#ownClock && this.#paces.length > 0) {
      const sorted = [...this.#paces].sort((a, b) => a - b);
      const half = sorted.length >> 1;
      return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
    }
    const [first, last] = [this.#first, this.#last];
    if (!first || !last || last.step <= first.step || last.seconds <= first.seconds) return undefined;
    return (last.seconds - first.seconds) / (last.step - first.step);
  }

  /** The curve so far, in the order of steps. */
  get rows(): MeasurementRow[] {
    return [...this.#rows.values()].sort((a, b) => a.step - b.step);
  }

  /** Hears of names, so that the best known one is found before a value is taken. Throws UsageError for too many. */
  learn(names: Iterable<string>): void {
    const before = this.names.size;
    for (const name of names) this.names.add(name);
    if (this.names.size === before) return;
    if (this.names.size > mostNames)
      throw new UsageError(`logs more than ${mostNames} names; expected a log of a training`);
    const was = this.#recognized.recognition;
    this.#recognized = recognize(declared(this.#spec.map), this.names);
    for (const quantity of measured) {
      const [old, now] = [was.get(quantity), this.#recognized.recognition.get(quantity)];
      // A better name has turned up: what stood under the other one was another quantity.
      if (old === undefined || old.text === now?.text) continue;
      for (const row of this.#rows.values()) {
        if (row[quantity] === null) continue;
        row[quantity] = null;
        this.#dirty.add(row.step);
      }
    }
  }

  /**
   * Takes a record.
   *
   * @param arrival Seconds since 1970.
   * @param onlyNew It was there before the program started: what is stored of it already stays as it is.
   * @param carried The step of the record before it, for one that has none of its own.
   * Returns its step, where it has one.
   */
  add(
    record: LogRecord,
    arrival: number,
    { onlyNew = false, carried }: { onlyNew?: boolean; carried?: number | undefined } = {},
  ): number | undefined {
    this.records++;
    const { recognition } = this.#recognized;
    let step: number | undefined;
    const logged = (name: string) => asNumber(record.values.get(name));
    const number = (name: string): number | undefined =>
      logged(name) ?? this.#given(name) ?? (name === 'step' ? step : undefined);
    const value = (quantity: MapQuantity) => recognition.get(quantity)?.valueOf(number);
    step = this.#stepOf(record, value) ?? carried;
    if (step === undefined || !Number.isFinite(step) || step < 0) return undefined;
    step = Math.round(step);
    if (onlyNew && step <= this.#lastStep) return step;
    const values = measured.flatMap((quantity) => {
      const found = value(quantity);
      return found === undefined ? [] : [[quantity, found] as const];
    });
    if (values.length === 0) return step;
    const known = this.#rows.get(step);
    const evaluated = values.some(([quantity]) => quantity === 'valLoss' || quantity === 'valMetric');
    if (!known && !evaluated && step % this.#width !== 0) return step;
    const changed = values.filter(([quantity, found]) => known?.[quantity] !== (Number.isFinite(found) ? found : null));
    for (const [quantity, found] of changed)
      if (!Number.isFinite(found) && (quantity === 'trainLoss' || quantity === 'valLoss'))
        this.diverged ??= { step, quantity };
    if (changed.length === 0) return step;
    const wentBack = known ? changed.some(([quantity]) => known[quantity] !== null) : false;
    if (wentBack) this.#rewind(step);
    const row = this.#rows.get(step) ?? this.#newRow(step, record, value, arrival);
    for (const [quantity, found] of changed) row[quantity] = Number.isFinite(found) ? found : null;
    this.#dirty.add(step);
    this.#lastStep = Math.max(this.#lastStep, step);
    return step;
  }

  /** What has changed since the last call. */
  take(): CurveChange {
    const steps = [...this.#dirty].sort((a, b) => a - b);
    const rows = steps.flatMap((step) => {
      const row = this.#rows.get(step);
      return row ? [{ ...row }] : [];
    });
    const rewound = this.#rewound;
    this.#dirty.clear();
    this.#rewound = undefined;
    return { rows, rewound };
  }

  #given(name: string): number | undefined {
    const { batch, lr } = this.#spec.values;
    switch (name) {
      case 'batch':
        return batch;
      case 'microBatch':
        return this.#microBatch;
      case 'accumulate':
        return batch / this.#microBatch;
      case 'lr':
        return lr;
      default:
        return undefined;
    }
  }

  #stepOf(record: LogRecord, value: (quantity: MapQuantity) => number | undefined): number | undefined {
    const { values, examples } = this.#spec;
    const step = value('step') ?? record.step;
    if (step !== undefined) return step;
    // An example count that follows from the step tells no step.
    const seen =
      this.#spec.map.examples === undefined || !/\bstep\b/.test(this.#spec.map.examples)
        ? value('examples')
        : undefined;
    if (seen !== undefined) return seen / values.batch;
    const epoch = value('epoch');
    if (epoch === undefined) return undefined;
    this.#epochsFromZero ??= epoch === 0 && this.#spec.map.epoch === undefined;
    const ended = this.#epochsFromZero && Number.isInteger(epoch) ? epoch + 1 : epoch;
    return (ended * examples) / values.batch;
  }

  #rewind(step: number): void {
    for (const at of this.#rows.keys()) {
      if (at < step) continue;
      this.#rows.delete(at);
      this.#dirty.delete(at);
    }
    this.#lastStep = step - 1;
    this.#rewound = Math.min(this.#rewound ?? Number.POSITIVE_INFINITY, Math.max(0, step - 1));
    this.#first = this.#last = undefined;
  }

  #newRow(step: number, record: LogRecord, value: (quantity: MapQuantity) => number | undefined, arrival: number): Row {
    if (this.#rows.size >= mostRows)
      throw new UsageError(`logs more than ${mostRows} evaluations; expected fewer, such as one an epoch`);
    const { batch } = this.#spec.values;
    const mapped = this.#spec.map.examples === undefined ? undefined : value('examples');
    const examples = mapped !== undefined && Number.isFinite(mapped) ? mapped : step * batch;
    const row: Row = {
      step,
      epoch: examples / this.#spec.examples,
      examples,
      seconds: this.#secondsOf(record, value('seconds'), arrival),
      trainLoss: null,
      valLoss: null,
      valMetric: null,
      noiseScale: null,
      gradNorm: null,
    };
    this.#rows.set(step, row);
    const before = this.#last;
    if (before && step > before.step && row.seconds > before.seconds && this.#paces.length < 4096)
      this.#paces.push((row.seconds - before.seconds) / (step - before.step));
    this.#first ??= row;
    if (!before || step > before.step) this.#last = row;
    return row;
  }

  #secondsOf(record: LogRecord, logged: number | undefined, arrival: number): number {
    if (logged !== undefined && Number.isFinite(logged) && logged >= 0 && logged < leastTimeOfDay) {
      this.#ownClock = true;
      // A clock that began anew with the resume goes on where the last one stood.
      this.#clockShift ??= logged < this.#offset ? this.#offset : 0;
      return logged + this.#clockShift;
    }
    const time = logged !== undefined && logged >= leastTimeOfDay ? logged : record.time;
    if (time !== undefined && time >= leastTimeOfDay) {
      this.#ownClock = true;
      return this.#offset + Math.max(0, time - this.#startedAt);
    }
    return this.#offset + Math.max(0, arrival - this.#startedAt);
  }
}
