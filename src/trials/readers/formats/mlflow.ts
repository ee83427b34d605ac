import { existsSync } from 'node:fs';
import Database from 'libsql';
import { FileError } from '../../../base/errors.ts';
import { quote } from '../../../formats/index.ts';
import { Counts } from '../counts.ts';
import type { LogFormat, LogReader, LogSink } from '../reader.ts';
import { logValue } from '../values.ts';

const magic = 'SQLite format 3\u0000';
const pageRows = 4096;
/** MLflow stores infinities as the largest double. */
const largestDouble = Number.MAX_VALUE;

/**
 * MLflow's store in SQLite (`mlflow.db`, tables runs, params and metrics), opened for reading alone. New rows of metrics follow the old ones. Text goes through hex in SQL, because the driver ends the process on
 * text that is not UTF-8; numbers go through CAST, because a column of SQLite may hold anything.
 */
export const mlflow: LogFormat = {
  name: 'mlflow',
  title: 'MLflow database',
  unit: 'row',
  recognizes: (head) => Buffer.from(head.subarray(0, 16)).toString('latin1') === magic,
  open: (path) => new MlflowReader(path),
};

const tables: Readonly<Record<string, readonly string[]>> = {
  runs: ['run_uuid', 'name', 'lifecycle_stage'],
  params: ['run_uuid', 'key', 'value'],
  metrics: ['run_uuid', 'key', 'value', 'timestamp', 'step', 'is_nan'],
};

const hex = (column: string) => `hex(CAST(${column} AS BLOB)) AS ${column}`;
const numberOf = (column: string) =>
  `CASE WHEN typeof(${column}) IN ('integer', 'real') THEN CAST(${column} AS REAL) END AS ${column}`;
const text = (value: unknown) => Buffer.from(String(value ?? ''), 'hex').toString('utf8');

class MlflowReader implements LogReader {
  readonly path: string;
  readonly notes = new Set<string>();
  readonly rewritten = 0;
  readonly #unused = new Counts();
  #lastRow = 0;
  /** Names of runs by their ids; undefined for a deleted one. */
  readonly #runs = new Map<string, string | undefined>();

  constructor(path: string) {
    this.path = path;
  }

  get unused(): ReadonlyMap<string, number> {
    return this.#unused.map;
  }

  async read(sink: LogSink): Promise<void> {
    if (!existsSync(this.path)) return;
    let db: Database.Database | undefined;
    try {
      db = new Database(this.path, { readonly: true });
      db.pragma('busy_timeout = 5000');
      this.#check(db);
      this.#readRuns(db, sink);
      this.#readMetrics(db, sink);
    } catch (cause) {
      if (cause instanceof FileError) throw cause;
      const code = (cause as { code?: unknown }).code;
      if (typeof code !== 'string' && !(cause instanceof Error)) throw cause;
      throw new FileError(this.path, `cannot be read as MLflow's store (${String(code ?? (cause as Error).message)})`, {
        cause,
      });
    } finally {
      db?.close();
    }
  }

  /** Views and virtual tables are not read: what they compute may take forever. */
  #check(db: Database.Database): void {
    for (const [table, columns] of Object.entries(tables)) {
      const { n } = db
        .prepare(
          `SELECT count(*) AS n FROM sqlite_master WHERE type = 'table' AND name = ? AND sql NOT LIKE '%VIRTUAL%'`,
        )
        .get(table) as { n: number };
      if (n !== 1)
        throw new FileError(this.path, `is an SQLite database without the table ${table}; expected MLflow's store`);
      for (const column of columns) {
        const found = db
          .prepare(`SELECT count(*) AS n FROM pragma_table_info(?) WHERE name = ?`)
          .get(table, column) as { n: number };
        if (found.n !== 1)
          throw new FileError(this.path, `its table ${table} has no column ${column}; expected MLflow's store`);
      }
    }
  }

  #readRuns(db: Database.Database, sink: LogSink): void {
    const names = new Set<string>();
    for (const row of db
      .prepare(`SELECT ${hex('run_uuid')}, ${hex('name')}, ${hex('lifecycle_stage')} FROM runs ORDER BY rowid`)
      .iterate() as Iterable<Record<string, unknown>>) {
      const id = text(row.run_uuid);
      const name = text(row.name);
      // Names of runs need not differ; ids do.
      const own = name === '' ? id : names.has(name) ? `${name} (${id})` : name;
      names.add(own);
      const deleted = text(row.lifecycle_stage) === 'deleted';
      if (deleted && !this.#runs.has(id)) this.#unused.add('deleted runs');
      if (deleted || !this.#runs.has(id)) this.#runs.set(id, deleted ? undefined : own);
    }
    if (!sink.setting) return;
    for (const row of db
      .prepare(`SELECT ${hex('run_uuid')}, ${hex('key')}, ${hex('value')} FROM params`)
      .iterate() as Iterable<Record<string, unknown>>) {
      const run = this.#runs.get(text(row.run_uuid));
      const value = logValue(text(row.value));
      if (run !== undefined && value !== undefined) sink.setting(text(row.key), value, run);
    }
  }

  #readMetrics(db: Database.Database, sink: LogSink): void {
    const page = db.prepare(
      `SELECT CAST(rowid AS REAL) AS row, ${hex('run_uuid')}, ${hex('key')}, ${numberOf('value')}, ${numberOf('timestamp')}, ${numberOf('step')}, ${numberOf('is_nan')} FROM metrics WHERE rowid > ? ORDER BY rowid LIMIT ${pageRows}`,
    );
    for (;;) {
      const rows = page.all(this.#lastRow) as Record<string, unknown>[];
      for (const row of rows) {
        this.#lastRow = row.row as number;
        const key = text(row.key);
        const id = text(row.run_uuid);
        const run = this.#runs.get(id);
        if (run === undefined) {
          this.#unused.add(this.#runs.has(id) ? 'metrics of deleted runs' : 'metrics of unknown runs');
          continue;
        }
        const { value, timestamp, step } = row as Record<string, number | null>;
        if (key.startsWith('system/')) {
          this.#unused.add('system metrics');
          continue;
        }
        if (value == null || step == null)
          throw new FileError(this.path, `metrics, row ${this.#lastRow} (${quote(key)}): value or step is no number`);
        const measured = row.is_nan
          ? Number.NaN
          : Math.abs(value) === largestDouble
            ? Math.sign(value) * Number.POSITIVE_INFINITY
            : value;
        sink.record({
          row: this.#lastRow,
          run,
          step,
          values: new Map([[key, measured]]),
          ...(timestamp == null ? {} : { time: timestamp / 1000 }),
        });
      }
      if (rows.length < pageRows) return;
    }
  }
}
