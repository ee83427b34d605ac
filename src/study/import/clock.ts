import { FileError } from '../../base/errors.ts';
import { quantile } from '../../base/statistics.ts';
import { quote } from '../../formats/index.ts';
import { asNumber, type LogValue } from '../../trials/index.ts';
import type { OrderedRows } from './run-order.ts';
import type { RunRows } from './run-rows.ts';

/** Seconds since 1970 are beyond this (1973), seconds since a start are not (3 years). */
const leastTimeOfDay = 1e8;

export const isTimeOfDay = (seconds: number): boolean => seconds >= leastTimeOfDay;

/** A cell as seconds: a number (of seconds; from its size, of milli-, micro- or nanoseconds since 1970), or a date and time in ISO 8601 (UTC where it names no zone). Throws FileError for anything else. */
export function secondsIn(value: LogValue, row: number, path: string, unit: string): number {
  const number = asNumber(value);
  if (number !== undefined) {
    const size = Math.abs(number);
    return number / (size > 1e17 ? 1e9 : size > 1e14 ? 1e6 : size > 1e11 ? 1e3 : 1);
  }
  const date = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)\s*(Z|[+-]\d\d:?\d\d)?$/.exec(
    String(value).trim(),
  );
  const time = date ? Date.parse(`${date[1]}T${date[2]!.replace(',', '.')}${date[3] ?? 'Z'}`) : Number.NaN;
  if (!Number.isNaN(time)) return time / 1000;
  throw new FileError(path, `${unit} ${row}: time is ${quote(String(value))}; expected seconds, or a date and time`);
}

/** The clock of one run. */
export interface RunClock {
  /** Of each ordered row, seconds of training since the run's start; NaN where the row has none. Null: the run has no clock. */
  readonly seconds: Float64Array | null;
  /** Median seconds of a step; null where unknown. */
  readonly secondsPerStep: number | null;
  readonly notes: readonly string[];
}

const noClock: RunClock = { seconds: null, secondsPerStep: null, notes: [] };

/**
 * Seconds of training from a column of times. Times of day count from the run's first row. What passed between sessions (a resume, or a clock that starts again) is off the clock: the steps between count with the
 * median time of a step. A standstill within a session, which no resume shows, is counted and said.
 *
 * A column of which more than one in twenty times goes back is none: it is left out, or refused with the row where the mapping names it (`explicit`).
 */
export function clockOf(
  run: RunRows,
  { rows, session }: OrderedRows,
  steps: Float64Array,
  explicit: boolean,
): RunClock {
  const times = run.columns.get('seconds');
  const own = run.columns.get('secondsPerStep');
  if (!times) return own ? ofStepTimes(run, rows, steps) : noClock;
  const timed = rows.flatMap((row, i) => (Number.isNaN(times[row]!) ? [] : [i]));
  if (timed.length === 0) return noClock;
  const time = (i: number) => times[rows[i]!]!;
  const paces: number[] = [];
  const backwards: number[] = [];
  for (let k = 1; k < timed.length; k++) {
    const [before, after] = [timed[k - 1]!, timed[k]!];
    if (session[before] !== session[after]) continue;
    const [passed, done] = [time(after) - time(before), steps[after]! - steps[before]!];
    if (passed < 0) backwards.push(after);
    else if (done > 0 && passed > 0) paces.push(passed / done);
  }
  if (backwards.length > Math.max(1, timed.length / 20) || (paces.length === 0 && timed.length > 1)) {
    const at = rows[backwards[0] ?? timed[1]!]!;
    const what = `row ${run.row[at]}: its time does not grow with the steps`;
    if (explicit)
      throw new FileError(
        run.path,
        `${what}; expected seconds since a start, or seconds of a step under secondsPerStep`,
      );
    return { ...noClock, notes: [`${what}; the column of times is not used`] };
  }
  const pace =
    medianOf(paces) ?? (time(timed[0]!) > 0 && steps[timed[0]!]! > 0 ? time(timed[0]!) / steps[timed[0]!]! : null);
  const ofDay = isTimeOfDay(time(timed[0]!));
  const seconds = new Float64Array(rows.length).fill(Number.NaN);
  const notes: string[] = [];
  let [clock, resumes, standstill, standstillAt] = [ofDay ? 0 : time(timed[0]!), 0, 0, 0];
  if (ofDay && steps[timed[0]!]! > 0) notes.push(`has seconds from its first row on, step ${steps[timed[0]!]}`);
  seconds[timed[0]!] = clock;
  for (let k = 1; k < timed.length; k++) {
    const [before, after] = [timed[k - 1]!, timed[k]!];
    const [passed, done] = [time(after) - time(before), steps[after]! - steps[before]!];
    if (session[before] !== session[after] || passed < 0) {
      clock += done * (pace ?? 0);
      resumes++;
    } else {
      clock += passed;
      if (pace !== null && passed > 600 && passed > 20 * pace * Math.max(done, 1) && passed > standstill)
        [standstill, standstillAt] = [passed, after];
    }
    seconds[after] = clock;
  }
  if (resumes > 0)
    notes.push(`was resumed ${resumes === 1 ? 'once' : `${resumes} times`}: the time in between is off its clock`);
  if (standstill > 0)
    notes.push(
      `stands still for ${Math.round(standstill)} s before step ${steps[standstillAt]} (row ${run.row[rows[standstillAt]!]}); its log does not say why, so the clock counts it`,
    );
  return {
    seconds,
    secondsPerStep: own ? medianOf(finite(own, rows)) : ofDay || timed.length > 1 ? pace : null,
    notes,
  };
}

/** Where only the seconds of a step are logged: all steps at their median. */
function ofStepTimes(run: RunRows, rows: readonly number[], steps: Float64Array): RunClock {
  const pace = medianOf(finite(run.columns.get('secondsPerStep')!, rows));
  return pace === null || !(pace > 0)
    ? noClock
    : { seconds: steps.map((s) => s * pace), secondsPerStep: pace, notes: [] };
}

const finite = (column: Float64Array, rows: readonly number[]) =>
  rows.flatMap((r) => (Number.isFinite(column[r]!) ? [column[r]!] : []));

const medianOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : quantile(Float64Array.from(values).sort(), 0.5);
