import { constants, existsSync, renameSync, rmSync } from 'node:fs';
import { access, chmod, copyFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError } from '../base/errors.ts';
import { makeFolder, pathBelow, writeError } from '../formats/index.ts';
import { type Connection, guarded, openDatabase, Statements } from './database.ts';
import { type Owner, ownerOf } from './owner.ts';
import {
  type AttemptRow,
  type ExtensionRow,
  type MeasurementRow,
  measurementColumns,
  measurementKeys,
  measurementOf,
  type PointRow,
  type TrialRow,
  type WantedTrial,
} from './rows.ts';
import { prepareTables } from './schema.ts';
import { TrialClaims } from './trial-claims.ts';
import { requireTrustworthy, type TrustOptions } from './trust.ts';

/** All that a study asks for. */
export interface Grid {
  readonly name: string;
  /** The study file. */
  readonly text: string;
  /** Facts of each workload as JSON, by name. */
  readonly workloads: Readonly<Record<string, string>>;
  readonly trials: readonly WantedTrial[];
  readonly points: readonly PointRow[];
}

const trialColumns = `t.number, t.id, t.spec, t.in_grid as inGrid, t.status, t.held, t.budget_steps as budgetSteps, t.budget_seconds as budgetSeconds,
  t.crashes, t.note, t.hardware, t.seconds_per_step as secondsPerStep,
  coalesce((select max(m.step) from measurement m where m.trial = t.number and m.step <= ${Number.MAX_SAFE_INTEGER}), 0) as step`;

type RawTrial = Omit<TrialRow, 'inGrid' | 'held'> & { readonly inGrid: number; readonly held: number };
const trialOf = ({ inGrid, held, ...row }: RawTrial): TrialRow => ({ ...row, inGrid: inGrid === 1, held: held === 1 });

const pointColumns = `p.workload, p.strategy, p.batch_size as batchSize, p.base_rate as baseRate, p.seed,
  p.learning_rate as learningRate, p.budget_steps as budgetSteps, t.id as trialId`;

/** A study on disk: `study.sqlite` in its folder, and `trials/ID/` for the files of each trial. Several processes may have it open. */
export class StudyStore {
  readonly folder: string;
  readonly path: string;
  /** Who works on which trial. */
  readonly claims: TrialClaims;
  readonly #db: Connection;
  readonly #statements: Statements;

  /** What was made for this store alone, and goes with it. */
  readonly #temporary: string | undefined;

  private constructor(folder: string, db: Connection, temporary?: string) {
    this.folder = folder;
    this.path = pathIn(folder);
    this.#db = db;
    this.#statements = new Statements(db);
    this.#temporary = temporary;
    this.claims = new TrialClaims(db, this.path);
  }

  /** Opens the store in `folder`, made where it is missing, after a check that it can be trusted. Throws FileError. */
  static async open(folder: string, { trusted = false, ...trust }: OpenOptions = {}): Promise<StudyStore> {
    await makeFolder(join(folder, 'trials'));
    const path = pathIn(folder);
    return new StudyStore(folder, opened(path, path, trusted, trust));
  }

  /** Opens the store of a study that there is. Throws FileError, also where there is none. */
  static async openToWrite(folder: string, options: OpenOptions = {}): Promise<StudyStore> {
    requireStore(folder);
    return StudyStore.open(folder, options);
  }

  /**
   * The same for whoever only reads; with `curves: false` a large study is open at once, and of its measurements `series` alone may be read. A store that cannot be
   * written, or whose folder cannot, is read from a copy among the temporary files: SQLite writes beside what it reads. Throws FileError, also where there is none.
   */
  static async openToRead(folder: string, trust: TrustOptions = {}): Promise<StudyStore> {
    const path = pathIn(folder);
    requireStore(folder);
    if (await canWrite(folder, path)) return new StudyStore(folder, opened(path, path, false, trust));
    const temporary = await mkdtemp(join(tmpdir(), 'ballast-study-'));
    const copy = join(temporary, databaseName);
    try {
      for (const end of ['', '-wal'])
        if (end === '' || existsSync(path + end)) {
          await copyFile(path + end, copy + end);
          await chmod(copy + end, 0o600);
        }
      return new StudyStore(folder, opened(copy, path, false, trust), temporary);
    } catch (cause) {
      rmSync(temporary, { recursive: true, force: true });
      throw cause instanceof FileError ? cause : writeError(copy, cause);
    }
  }

  /** The folder of a trial's files. Throws FileError for an id that is no name. */
  trialFolder(id: string): string {
    return pathBelow(join(this.folder, 'trials'), id.slice(0, 16));
  }

  /** Makes the grid what the study asks for. What it no longer asks for stays, out of the grid. */
  replaceGrid({ name, text, workloads, trials, points }: Grid): void {
    this.#write(() => {
      const db = this.#db;
      const fact = db.prepare('insert or replace into fact values (?, ?)');
      fact.run('name', name);
      fact.run('text', text);
      for (const table of ['workload', 'trial', 'point']) db.exec(`update ${table} set in_grid = 0`);
      const workload = db.prepare('insert or replace into workload values (?, ?, 1)');
      for (const [key, facts] of Object.entries(workloads)) workload.run(key, facts);
      const trial = db.prepare(
        `insert into trial (id, spec, ordinal, in_grid, status, budget_steps, budget_seconds) values (?, ?, ?, 1, 'queued', ?, ?)
         on conflict (id) do update set spec = excluded.spec, ordinal = excluded.ordinal, in_grid = 1,
           budget_steps = excluded.budget_steps, budget_seconds = excluded.budget_seconds`,
      );
      trials.forEach((t, i) => {
        trial.run(t.id, t.spec, i, t.budgetSteps, t.budgetSeconds);
      });
      const point = db.prepare(
        `insert or replace into point
         select ?, ?, ?, ?, ?, number, ?, ?, 1, ? from trial where id = ?`,
      );
      points.forEach((p, i) => {
        const at = [p.workload, p.strategy, p.batchSize, p.baseRate, p.seed];
        point.run(...at, p.learningRate, p.budgetSteps, i, p.trialId);
      });
    });
  }

  /** Name and text of the study. Throws FileError for a folder that has none. */
  study(): { readonly name: string; readonly text: string } {
    const facts = new Map(
      this.#all<{ key: string; value: string }>('select key, value from fact').map((f) => [f.key, f.value]),
    );
    const [name, text] = [facts.get('name'), facts.get('text')];
    if (name === undefined || text === undefined) throw new FileError(this.folder, 'has no study yet');
    return { name, text };
  }

  /** Name of the study; undefined for a store without one. */
  storedName(): string | undefined {
    return this.#all<{ value: string }>("select value from fact where key = 'name'")[0]?.value;
  }

  /** Facts of the workloads of the grid (or all) as JSON, by name. */
  workloads({ all = false } = {}): ReadonlyMap<string, string> {
    const where = all ? '' : 'where in_grid = 1';
    const rows = this.#all<{ name: string; facts: string }>(`select name, facts from workload ${where}`);
    return new Map(rows.map(({ name, facts }) => [name, facts]));
  }

  /** The trials of the grid (or all) in the order of work. */
  trials({ all = false } = {}): TrialRow[] {
    const where = all ? '' : 'where t.in_grid = 1';
    return this.#all<RawTrial>(`select ${trialColumns} from trial t ${where} order by t.ordinal, t.number`).map(
      trialOf,
    );
  }

  trial(id: string): TrialRow | undefined {
    const [row] = this.#all<RawTrial>(`select ${trialColumns} from trial t where t.id = ?`, id);
    return row && trialOf(row);
  }

  /** Whether somebody cancelled a trial; undefined where there is none of this id. */
  isHeld(id: string): boolean | undefined {
    const [row] = this.#all<{ held: number }>('select held from trial where id = ?', id);
    return row && row.held === 1;
  }

  /** The points of the grid (or all), in the order of the study. */
  points({ all = false } = {}): PointRow[] {
    const where = all ? '' : 'where p.in_grid = 1';
    return this.#all(
      `select ${pointColumns} from point p join trial t on t.number = p.trial ${where} order by p.ordinal, t.number`,
    );
  }

  /** The curve of a trial, up to `until` where it is told. */
  curve(id: string, until = Number.MAX_SAFE_INTEGER): MeasurementRow[] {
    const rows = guarded(this.path, () =>
      this.#db
        .prepare(
          `select ${measurementColumns.join(', ')} from measurement
           where trial = (select number from trial where id = ?) and step <= ? order by step`,
        )
        .raw()
        .all(id, until),
    ) as (number | null)[][];
    return rows.map(measurementOf);
  }

  /** One column of a trial's curve where it has a number: steps, growing, and values. The steps between `from` and `to`, both inside. */
  series(
    id: string,
    key: Exclude<keyof MeasurementRow, 'step'>,
    { from = 0, to = Number.MAX_SAFE_INTEGER } = {},
  ): { readonly step: Float64Array; readonly value: Float64Array } {
    const column = measurementColumns[measurementKeys.indexOf(key)]!;
    const rows = guarded(this.path, () =>
      this.#db
        .prepare(
          `select step, ${column} from measurement
           where trial = (select number from trial where id = ?) and step between ? and ? and typeof(${column}) in ('real', 'integer') order by step`,
        )
        .raw()
        .all(id, from, to),
    ) as [number, number][];
    return { step: Float64Array.from(rows, (r) => r[0]), value: Float64Array.from(rows, (r) => r[1]) };
  }

  /** Whether nothing is to be computed until somebody resumes the study: whoever computes it looks now and then. */
  get paused(): boolean {
    return this.#all<{ value: string }>("select value from fact where key = 'paused'")[0]?.value === 'yes';
  }

  set paused(value: boolean) {
    this.#write(() => {
      this.#db.prepare("insert or replace into fact values ('paused', ?)").run(value ? 'yes' : 'no');
    });
  }

  /**
   * A trial that is known by another id from now on, with its files. Nothing happens where there is none of the former id, one of the new id already, or
   * where it is being worked on.
   */
  rename(former: string, id: string): void {
    if (former === id) return;
    const [row, there] = [this.trial(former), this.trial(id)];
    if (!row || there || row.status === 'running') return;
    const [from, to] = [this.trialFolder(former), this.trialFolder(id)];
    // The files first: ended between the two, they are missing, and are made again.
    if (existsSync(from) && !existsSync(to)) renameSync(from, to);
    this.#write(() => {
      this.#db.prepare('update trial set id = ? where id = ?').run(id, former);
    });
  }

  /** Forgets what a trial has measured, and queues it again; one that is being worked on is left alone. */
  forget(id: string): void {
    this.#write(() => {
      const number = "(select number from trial where id = ? and status <> 'running')";
      this.#db.prepare(`delete from measurement where trial = ${number}`).run(id);
      this.#db
        .prepare("update trial set status = 'queued', crashes = 0, note = null where id = ? and status <> 'running'")
        .run(id);
    });
  }

  /** Adds rates beyond an edge of the grid, which stay for later runs. */
  extend(rows: readonly ExtensionRow[]): void {
    this.#write(() => {
      const insert = this.#db.prepare('insert or ignore into extension values (?, ?, ?, ?)');
      for (const r of rows) insert.run(r.workload, r.strategy, r.batchSize, r.baseRate);
    });
  }

  extensions(): ExtensionRow[] {
    return this.#all(
      'select workload, strategy, batch_size as batchSize, base_rate as baseRate from extension order by workload, strategy, batch_size, base_rate',
    );
  }

  /** How often each trial was taken up, by id; absent for those that never were. */
  attemptNumbers(): ReadonlyMap<string, number> {
    const rows = this.#all<{ id: string; number: number }>(
      'select t.id, max(a.number) as number from attempt a join trial t on t.number = a.trial group by a.trial',
    );
    return new Map(rows.map(({ id, number }) => [id, number]));
  }

  /** Who computes a trial now, by its id. */
  owners(): ReadonlyMap<string, Owner> {
    const rows = this.#all<{ id: string; owner: string | null }>(
      "select id, owner from trial where status = 'running'",
    );
    return new Map(
      rows.flatMap(({ id, owner }) => {
        const found = ownerOf(owner);
        return found ? [[id, found] as const] : [];
      }),
    );
  }

  /** Whether this is a copy of a store that cannot be written: it does not see what is written there later. */
  get isCopy(): boolean {
    return this.#temporary !== undefined;
  }

  /** Everything that was ever computed, in the order of its beginning. */
  attempts(): AttemptRow[] {
    const rows = this.#all<Omit<AttemptRow, 'pid'> & { owner: string }>(
      `select t.id as trialId, a.number, a.owner, a.began, a.from_step as fromStep, a.ended, a.to_step as toStep, a.outcome
       from attempt a join trial t on t.number = a.trial order by a.began`,
    );
    return rows.map(({ owner, ...row }) => ({ ...row, pid: ownerOf(owner)?.pid ?? 0 }));
  }

  close(): void {
    this.#db.close();
    if (this.#temporary !== undefined) rmSync(this.#temporary, { recursive: true, force: true });
  }

  #all<Row>(sql: string, ...values: unknown[]): Row[] {
    return guarded(this.path, () => this.#statements.of(sql).all(...values)) as Row[];
  }

  #write(work: () => void): void {
    guarded(this.path, () => this.#db.transaction(work).immediate());
  }
}

/** Of the database in a study's folder. */
export const databaseName = 'study.sqlite';

export interface OpenOptions extends TrustOptions {
  /** It was checked before, by the process that started this one. */
  readonly trusted?: boolean;
}

/** @param told The path that messages name. */
function opened(path: string, told: string, trusted: boolean, trust: TrustOptions = {}): Connection {
  const db = openDatabase(path, told);
  try {
    guarded(told, () => {
      if (!trusted) requireTrustworthy(db, told, trust);
      prepareTables(db, told);
    });
    return db;
  } catch (cause) {
    db.close();
    throw cause;
  }
}

/** Whether all of them can be written, as far as the system says beforehand. */
async function canWrite(...paths: readonly string[]): Promise<boolean> {
  try {
    for (const path of paths) await access(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function requireStore(folder: string): void {
  if (!existsSync(pathIn(folder)))
    throw new FileError(folder, `has no ${databaseName}; expected the folder of a batch study`);
}

const pathIn = (folder: string) => join(folder, databaseName);
