import { FileError } from '../../base/errors.ts';
import type { LogMapping } from './mapping.ts';
import { type RowColumn, RunRows } from './run-rows.ts';
import { shown } from './shown.ts';

const measuredColumns = ['trainLoss', 'valLoss', 'valMetric'] as const satisfies readonly RowColumn[];

/** The rows of one run that count, by growing step. */
export interface OrderedRows {
  readonly rows: readonly number[];
  /** In which of its sessions each was logged: a resume begins a new one. All 0 where rows were only out of order. */
  readonly session: readonly number[];
  /** What is said of it to the user. */
  readonly notes: readonly string[];
}

export type OrderOptions = Pick<LogMapping, 'order' | 'restarts'> & {
  /** Whether a name or number told this run from others: without one, a second start is more likely another run. */
  readonly named: boolean;
  /** Whether `seconds` are times of day. */
  readonly absoluteTime: boolean;
};

/** A row that logs a quantity again at a step that has it with another value. */
interface Conflict {
  readonly row: number;
  readonly before: number;
  readonly column: (typeof measuredColumns)[number];
  readonly sameSession: boolean;
}

/** Sessions beyond which steps that go back are disorder and no resumes. */
const mostSessions = 64;

/**
 * What the rows of one run say, where they may repeat, restart or be out of order. Steps in order are taken as they are. The same value at the same step counts once. Where steps go back:
 *
 * - no step has two values: rows are out of order, and are sorted; if a few long stretches overlap without one common step, nothing tells a resume with another cadence from
 *   disorder, and the log is refused;
 * - steps have two values, and each stretch logs again every step that it passes over: the run was resumed, and what it had logged beyond the step that it resumed from does not count;
 * - anything else is refused with the row: several runs or ranks under one name.
 *
 * Times of day in every row put rows in order beforehand. Several results: the rows are several runs (`restarts: new`, or one rate each).
 */
export function orderRows(run: RunRows, options: OrderOptions): OrderedRows[] {
  const inTime = chronological(run, options);
  const order = inTime ?? Array.from({ length: run.length }, (_, i) => i);
  const { starts, repeats } = sessionsOf(run, order);
  if (starts.length === 1 && !repeats) return [bySteps(run, order)];
  const conflicts = conflictsOf(run, order, starts);
  if (conflicts.length > 0) {
    const rates = runsByRate(run, order, conflicts);
    if (rates) return rates.flatMap((rows) => orderRows(part(run, rows), options).map((r) => within(r, rows)));
  }
  if (options.order === 'unsorted') {
    if (conflicts.length > 0) throw twoValues(run, conflicts[0]!, 'though rows are said to be out of order only');
    return [bySteps(run, order)];
  }
  const said = options.order === 'resumed' || inTime !== undefined;
  if (!said && conflicts.length === 0) {
    refuseOffbeat(run, order, starts);
    return [bySteps(run, order)];
  }
  const adjacent = conflicts.filter((c) => c.sameSession);
  // A run that is resumed just where it stopped logs one step again; one in a hundred is still that.
  if (adjacent.length > Math.max(1, run.length / 100))
    throw twoValues(
      run,
      adjacent[0]!,
      'without going back: rows of several ranks or runs? name the column that tells them apart (rank, trial, seed)',
    );
  if (!said) refuseUnlikeResume(run, order, starts, conflicts);
  return resumed(run, order, starts, options, adjacent);
}

/** Rows by their times of day, where all have one. */
function chronological(run: RunRows, { absoluteTime }: OrderOptions): number[] | undefined {
  const times = run.columns.get('seconds');
  if (!absoluteTime || !times) return undefined;
  const order: number[] = [];
  for (let i = 0; i < run.length; i++) {
    if (Number.isNaN(times[i]!)) return undefined;
    order.push(i);
  }
  return order.sort((a, b) => times[a]! - times[b]! || a - b);
}

/** Where, in order, a quantity is logged at an earlier step than before; and whether one is logged twice at a step in between. */
function sessionsOf(run: RunRows, order: readonly number[]): { starts: number[]; repeats: boolean } {
  const starts = [0];
  let repeats = false;
  const last = new Map<RowColumn, number>();
  for (const [i, row] of order.entries()) {
    const step = run.position(row);
    const here = loggedIn(run, row);
    if (here.some((c) => step < (last.get(c) ?? Number.NEGATIVE_INFINITY))) {
      starts.push(i);
      last.clear();
    }
    repeats ||= here.some((c) => step === last.get(c));
    for (const column of here) last.set(column, step);
  }
  return { starts, repeats };
}

/** The quantities of a row; for one that has none of them, the row itself. */
function loggedIn(run: RunRows, row: number): readonly RowColumn[] {
  const logged = measuredColumns.filter((c) => !Number.isNaN(run.at(c, row)));
  return logged.length > 0 ? logged : ['step'];
}

function conflictsOf(run: RunRows, order: readonly number[], starts: readonly number[]): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const column of measuredColumns) {
    if (!run.has(column)) continue;
    const seen = new Map<number, { row: number; session: number }>();
    let session = 0;
    for (const [i, row] of order.entries()) {
      while (session + 1 < starts.length && i >= starts[session + 1]!) session++;
      const value = run.at(column, row);
      if (Number.isNaN(value)) continue;
      const step = run.position(row);
      const before = seen.get(step);
      if (before && run.at(column, before.row) !== value)
        conflicts.push({ row, before: before.row, column, sameSession: before.session === session });
      seen.set(step, { row, session });
    }
  }
  return conflicts;
}

function bySteps(run: RunRows, order: readonly number[], notes: readonly string[] = []): OrderedRows {
  const rows = [...order].sort((a, b) => run.position(a) - run.position(b));
  return { rows, session: rows.map(() => 0), notes };
}

const numberOf = (run: RunRows, row: number) => run.row[row]!;
const stepText = (run: RunRows, row: number) => `step ${run.position(row)}`;

function twoValues(run: RunRows, { row, before, column }: Conflict, why: string): FileError {
  return new FileError(
    run.path,
    `row ${numberOf(run, row)}: run ${shown(run.name)} has ${stepText(run, row)} again with ${column} ${run.at(column, row)} (row ${numberOf(run, before)}: ${run.at(column, before)}), ${why}`,
  );
}

/** Runs under one name that differ in their rate: each value of it is a run from the first step on, and none has two values at a step. */
function runsByRate(run: RunRows, order: readonly number[], conflicts: readonly Conflict[]): number[][] | undefined {
  const rate = (row: number) => run.at('learningRate', row);
  if (!run.has('learningRate') || !conflicts.some((c) => rate(c.row) !== rate(c.before))) return undefined;
  const groups = new Map<number, number[]>();
  for (const row of order) {
    const own = groups.get(rate(row));
    if (own) own.push(row);
    else groups.set(rate(row), [row]);
  }
  if (groups.size > 64) return undefined;
  const firsts = [...groups.values()].map((rows) => rows.reduce((m, r) => Math.min(m, run.position(r)), Infinity));
  if (firsts.some((first) => first !== firsts[0]) || [...groups.keys()].some(Number.isNaN)) return undefined;
  return [...groups.values()];
}

/** Some rows of a run as one of its own. */
function part(run: RunRows, rows: readonly number[]): RunRows {
  const own = new RunRows(run.name, run.path);
  for (const row of rows) {
    const values = Object.fromEntries(
      [...run.columns].flatMap(([c, v]) => (Number.isNaN(v[row]!) ? [] : [[c, v[row]!]])),
    );
    own.append(numberOf(run, row), run.position(row), values, Number.POSITIVE_INFINITY);
  }
  return own;
}

const within = (ordered: OrderedRows, rows: readonly number[]): OrderedRows => ({
  ...ordered,
  rows: ordered.rows.map((r) => rows[r]!),
});

/** The steps that a session logs of a quantity, and those that it passes over, of what was logged before it. */
function passedOver(
  run: RunRows,
  order: readonly number[],
  from: number,
  to: number,
): { readonly common: number; readonly missed: number | undefined } {
  let common = 0;
  let missed: number | undefined;
  for (const column of measuredColumns) {
    const own = new Set<number>();
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = from; i < to; i++) {
      if (Number.isNaN(run.at(column, order[i]!))) continue;
      const step = run.position(order[i]!);
      own.add(step);
      low = Math.min(low, step);
      high = Math.max(high, step);
    }
    for (let i = 0; i < from; i++) {
      const row = order[i]!;
      const step = run.position(row);
      if (Number.isNaN(run.at(column, row)) || step < low || step > high) continue;
      if (own.has(step)) common++;
      else missed ??= row;
    }
  }
  return { common, missed };
}

/** Throws for stretches that overlap without a common step: two readings, two studies. */
function refuseOffbeat(run: RunRows, order: readonly number[], starts: readonly number[]): void {
  if (starts.length - 1 > Math.min(mostSessions, Math.max(1, run.length / 10))) return;
  for (const [k, from] of starts.entries()) {
    if (k === 0) continue;
    const { missed } = passedOver(run, order, from, starts[k + 1] ?? order.length);
    if (missed === undefined) continue;
    throw new FileError(
      run.path,
      `row ${numberOf(run, order[from]!)}: run ${shown(run.name)} goes back to ${stepText(run, order[from]!)} and does not log ${stepText(run, missed)} (row ${numberOf(run, missed)}) again; say in the mapping whether it was resumed (order: resumed, what comes later counts) or rows are out of order (order: unsorted)`,
    );
  }
}

function refuseUnlikeResume(
  run: RunRows,
  order: readonly number[],
  starts: readonly number[],
  conflicts: readonly Conflict[],
): void {
  const first = conflicts.find((c) => !c.sameSession) ?? conflicts[0]!;
  const disorder =
    'and steps are in no order of a resume: rows of several runs under one name, or shuffled? tell runs apart by a column, or sort rows';
  if (starts.length - 1 > Math.min(mostSessions, Math.max(1, run.length / 4))) throw twoValues(run, first, disorder);
  for (const [k, from] of starts.entries())
    if (k > 0 && passedOver(run, order, from, starts[k + 1] ?? order.length).missed !== undefined)
      throw twoValues(run, first, disorder);
}

function resumed(
  run: RunRows,
  order: readonly number[],
  starts: readonly number[],
  { named, restarts }: OrderOptions,
  adjacent: readonly Conflict[],
): OrderedRows[] {
  const position = (i: number) => run.position(order[i]!);
  const least = order.reduce((m, r) => Math.min(m, run.position(r)), Number.POSITIVE_INFINITY);
  const again = starts.findIndex((from, k) => k > 0 && position(from) <= least);
  if (again > 0 && restarts === undefined && !named)
    throw new FileError(
      run.path,
      `row ${numberOf(run, order[starts[again]!]!)}: steps begin again at ${position(starts[again]!)}, the first: another run, or the same one started again? name the column that tells runs apart, or say in the mapping restarts: new, or restarts: same`,
    );
  if (again > 0 && restarts === 'new') {
    const cuts = starts.filter((from, k) => k === 0 || position(from) <= least);
    return cuts.flatMap((from, k) => {
      const rows = order.slice(from, cuts[k + 1] ?? order.length);
      return orderRows(part(run, rows), { named: true, absoluteTime: false, order: 'resumed', restarts: 'same' }).map(
        (r) => within(r, rows),
      );
    });
  }
  const notes: string[] = [];
  const kept: { row: number; session: number }[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (let k = starts.length - 1; k >= 0; k--) {
    const own = order.slice(starts[k]!, starts[k + 1] ?? order.length);
    let dropped = 0;
    for (const row of own) {
      if (run.position(row) < limit) kept.push({ row, session: k });
      else dropped++;
    }
    if (dropped > 0)
      notes.unshift(
        `was ${limit <= least ? 'started again' : 'resumed'} at ${stepText(run, order[starts[k + 1]!]!)} (row ${numberOf(run, order[starts[k + 1]!]!)}): ${dropped} rows logged before at that step and beyond do not count`,
      );
    limit = Math.min(limit, ...own.slice(0, 1).map((r) => run.position(r)));
  }
  if (adjacent.length > 0)
    notes.push(
      `has ${stepText(run, adjacent[0]!.row)} twice (rows ${numberOf(run, adjacent[0]!.before)} and ${numberOf(run, adjacent[0]!.row)}): the later one counts`,
    );
  kept.sort((a, b) => run.position(a.row) - run.position(b.row) || a.session - b.session || a.row - b.row);
  return [{ rows: kept.map((r) => r.row), session: kept.map((r) => r.session), notes }];
}
