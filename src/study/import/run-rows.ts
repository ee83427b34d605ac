import { FileError } from '../../base/errors.ts';
import { shown } from './shown.ts';

/** What is kept of each row of a run. */
export const rowColumns = [
  'step',
  'examples',
  'epoch',
  'seconds',
  'secondsPerStep',
  'trainLoss',
  'valLoss',
  'valMetric',
  'learningRate',
  'noiseScale',
  'gradNorm',
] as const;
export type RowColumn = (typeof rowColumns)[number];
export type RowValues = Partial<Record<RowColumn, number>>;

/** Rows of all runs that are kept before runs are thinned, and the bounds of what is kept of one. */
const [mostRows, mostOfRun, leastOfRun] = [1 << 21, 1 << 17, 1 << 8];

/** How many rows of a run are kept where there are so many runs. */
export const rowsPerRun = (runs: number): number =>
  Math.max(leastOfRun, Math.min(mostOfRun, Math.floor(mostRows / Math.max(1, runs))));

/**
 * The rows of one run in the order in which they came, a column of doubles each quantity (NaN: not logged in this row), so that a row of a step and a loss takes 24 bytes.
 *
 * Of more rows than are allowed, training rows are thinned evenly in steps, as if they had been logged more rarely: the first one in each of equally wide intervals of steps stays. Rows of evaluations all stay.
 */
export class RunRows {
  readonly name: string;
  readonly path: string;
  length = 0;
  /** Rows that were thinned out. */
  thinned = 0;
  /** Whatever was thinned out: the last step, and where its row is. */
  lastStep = Number.NEGATIVE_INFINITY;
  readonly columns = new Map<RowColumn, Float64Array>();
  /** Of each row, its number in the file. */
  row = new Float64Array(16);
  #width = 0;
  #interval = Number.NaN;

  /** `name` and `path` are for messages. */
  constructor(name: string, path: string) {
    this.name = name;
    this.path = path;
  }

  at(column: RowColumn, index: number): number {
    return this.columns.get(column)?.[index] ?? Number.NaN;
  }

  has(column: RowColumn): boolean {
    return this.columns.has(column);
  }

  append(row: number, position: number, values: RowValues, most: number): void {
    this.lastStep = Math.max(this.lastStep, position);
    const evaluated = values.valLoss !== undefined || values.valMetric !== undefined;
    if (this.#width > 0 && !evaluated && !this.#opens(position)) {
      this.thinned++;
      return;
    }
    if (this.length >= most) this.#thin(most);
    if (this.length === this.row.length) this.#grow();
    const at = this.length++;
    this.row[at] = row;
    for (const column of rowColumns) {
      const value = values[column];
      if (value === undefined) continue;
      let own = this.columns.get(column);
      if (!own) {
        own = new Float64Array(this.row.length).fill(Number.NaN);
        this.columns.set(column, own);
      }
      own[at] = value;
    }
  }

  /** Where a row stands in training: its step, or what stands in for it. */
  position(index: number): number {
    const step = this.at('step', index);
    if (!Number.isNaN(step)) return step;
    const examples = this.at('examples', index);
    return Number.isNaN(examples) ? this.at('epoch', index) : examples;
  }

  #opens(position: number): boolean {
    const interval = Math.floor(position / this.#width);
    if (interval === this.#interval) return false;
    this.#interval = interval;
    return true;
  }

  #grow(): void {
    const wider = (from: Float64Array) => {
      const to = new Float64Array(from.length * 2).fill(Number.NaN);
      to.set(from);
      return to;
    };
    this.row = wider(this.row);
    for (const [column, values] of this.columns) this.columns.set(column, wider(values));
  }

  #thin(most: number): void {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < this.length; i++) {
      low = Math.min(low, this.position(i));
      high = Math.max(high, this.position(i));
    }
    this.#width = Math.max(this.#width * 2, ((high - low) / most) * 2);
    this.#interval = Number.NaN;
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      const evaluated = !Number.isNaN(this.at('valLoss', i)) || !Number.isNaN(this.at('valMetric', i));
      if (!evaluated && !this.#opens(this.position(i))) continue;
      this.row[kept] = this.row[i]!;
      for (const values of this.columns.values()) values[kept] = values[i]!;
      kept++;
    }
    for (const values of this.columns.values()) values.fill(Number.NaN, kept, this.length);
    this.thinned += this.length - kept;
    this.length = kept;
    if (kept > most * 0.9)
      throw new FileError(
        this.path,
        `run ${shown(this.name)} has more than ${most} rows that cannot be thinned: evaluations, or steps in no order; expected rows in the order of steps`,
      );
  }
}
