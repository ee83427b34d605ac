import { isUtf8 } from 'node:buffer';
import Database from 'libsql';
import { FileError } from '../base/errors.ts';
import type { Connection } from './database.ts';
import { ownerOf } from './owner.ts';
import { storedStatuses } from './rows.ts';
import { prepareTablesOf, tablesVersion } from './schema.ts';

type SchemaRow = readonly [type: Buffer, name: Buffer, sql: Buffer | null];

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
}

/** Text that comes back as it lies there: the driver ends the process where it makes a string of what is none. */
const schemaRows = (db: Connection) =>
  db
    .prepare('select cast(type as blob), cast(name as blob), cast(sql as blob) from sqlite_master order by rowid')
    .raw()
    .all() as SchemaRow[];

const key = (row: SchemaRow) => row.map((part) => part?.toString('hex') ?? '').join(' ');

/**
 * Checks a store before anything of it is read as text: that it has the tables of its version and nothing else (no views or triggers that would compute),
 * that every value is of its column's type, and every text is UTF-8. A study may come from elsewhere. Throws FileError with the first that is not so.
 */
export function requireTrustworthy(db: Connection, path: string, { curves = true }: TrustOptions = {}): void {
  // One moment of the store: another process may be making its tables.
  db.transaction(() => checked(db, path, curves))();
}

export interface TrustOptions {
  /** Whether measurements are checked too, which takes half a minute for ten million of them; `series` looks at each that it reads. */
  readonly curves?: boolean;
}

function checked(db: Connection, path: string, curves: boolean): void {
  const { user_version: version } = db.prepare('pragma user_version').get() as { user_version: number };
  // `prepareTables` names it.
  if (version > tablesVersion) return;
  const made = new Database(':memory:');
  try {
    if (version > 0) prepareTablesOf(made, version);
    const [expected, found] = [made, db].map((d) => schemaRows(d).map(key).sort());
    if (expected!.join('\n') !== found!.join('\n'))
      throw new FileError(path, 'has other tables than Ballast makes; expected the store of a study');
    for (const [type, name] of schemaRows(made)) {
      if (type.toString() !== 'table') continue;
      const table = name.toString();
      if (table === 'measurement' && !curves) continue;
      const columns = made.prepare(`pragma table_info(${table})`).all() as Column[];
      requireTypes(db, path, table, columns);
      for (const column of columns.filter((c) => c.type.toLowerCase() === 'text'))
        requireText(db, path, table, column.name);
    }
  } finally {
    made.close();
  }
  if (version > 0) requireOwners(db, path);
}

const typesOf: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  integer: ['integer'],
  real: ['real', 'integer'],
};

function requireTypes(db: Connection, path: string, table: string, columns: readonly Column[]): void {
  const wrong = columns.map(({ name, type, notnull }) => {
    const types = [...typesOf[type.toLowerCase()]!, ...(notnull ? [] : ['null'])];
    return `typeof(${name}) not in (${types.map((t) => `'${t}'`).join(', ')})`;
  });
  const statuses = storedStatuses.map((s) => `'${s}'`).join(', ');
  if (table === 'trial') wrong.push(`status not in (${statuses})`);
  const row = db.prepare(`select 1 as n from ${table} where ${wrong.join(' or ')} limit 1`).get();
  if (row) throw new FileError(path, `is damaged: a value in its table "${table}" is of another kind than the column`);
}

function requireText(db: Connection, path: string, table: string, column: string): void {
  const rows = db.prepare(`select cast(${column} as blob) as text from ${table} where ${column} is not null`).raw();
  for (const [text] of rows.iterate() as Iterable<[Buffer | null]>) {
    // Null where the row is damaged such that it was not null when it was chosen.
    if (text === null || !isUtf8(text))
      throw new FileError(path, `is damaged: a text in the column "${column}" of its table "${table}" is not UTF-8`);
  }
}

/** Owners are read where trials are claimed: there is no better place to say that one is no owner. */
function requireOwners(db: Connection, path: string): void {
  for (const table of ['trial', 'attempt']) {
    const rows = db.prepare(`select owner from ${table} where owner is not null`).raw().iterate() as Iterable<[string]>;
    for (const [owner] of rows)
      if (!ownerOf(owner)) throw new FileError(path, `is damaged: an owner in its table "${table}" is no process`);
  }
  const row = db.prepare("select 1 as n from trial where status = 'running' and owner is null limit 1").get();
  if (row) throw new FileError(path, 'is damaged: a trial is running that nobody owns');
}
