import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import type { RandomStream } from '../src/base/random.ts';
import { mutated } from '../test/support/mutations.ts';
import { pick } from './format.ts';

/** The bytes of the database at a path after statements, each of which may fail: all of it in one file. */
export function statementsAt(path: string, statements: readonly string[]): Uint8Array {
  const whole = `${path}-whole`;
  const db = new Database(path);
  for (const sql of statements) attempt(db, sql);
  // One file, whatever the journal still holds; of a schema that the database refuses by now, the file as it is.
  attempt(db, `vacuum into '${whole}'`);
  db.close();
  return readFileSync(existsSync(whole) ? whole : path);
}

function attempt(db: Database.Database, sql: string): void {
  try {
    db.exec(sql);
  } catch {
    // A change that the database does not take.
  }
}

/** The same of a database of these bytes, which may be none. */
export function afterStatements(bytes: Uint8Array, statements: readonly string[]): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-fuzz-db-'));
  try {
    const path = join(folder, 'a.sqlite');
    if (bytes.length) writeFileSync(path, bytes);
    return statementsAt(path, statements);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const values = [
  'null',
  '-1',
  '0',
  '1e999',
  '-1e999',
  '9223372036854775807',
  '0.5',
  "''",
  "'x'",
  "x'ff00'",
  "cast(x'ff41' as text)",
  "'../../../x'",
  "'{}'",
  "'[]'",
  "'null'",
  '\'{"pid":1}\'',
  "char(27) || ']0;x'",
  "'[[[[[[[[[['",
  "replace(hex(zeroblob(2000)), '0', 'a')",
  "'NaN'",
  "'running'",
  "'complete'",
  "'active'",
  "'1e5'",
  "'__proto__'",
];

/** A database after changes of its bytes, or of its rows and tables by statements. */
export function changedDatabase(
  bytes: Uint8Array,
  stream: RandomStream,
  tables: Readonly<Record<string, readonly string[]>>,
): Uint8Array {
  const kind = stream.integer(4);
  // Most bytes of a small database are unused: those in use are cells at the ends of pages, and the first page's header and schema.
  if (kind === 0) return mutated(bytes, stream);
  if (kind === 1) {
    const out = Buffer.from(bytes);
    const used = [...out.keys()].filter((i) => out[i] !== 0);
    for (let i = stream.integer(6); i >= 0; i--)
      out[pick(used, stream)] = stream.integer(2) ? stream.integer(256) : pick([0, 1, 0x7f, 0x80, 0xff], stream);
    return out;
  }
  const table = pick(Object.keys(tables), stream);
  const column = pick(tables[table]!, stream);
  const statements = Array.from({ length: 1 + stream.integer(3) }, () =>
    pick(
      [
        `update ${table} set ${column} = ${pick(values, stream)}`,
        `update ${table} set ${column} = ${pick(values, stream)}`,
        `update ${table} set ${column} = ${pick(values, stream)} where rowid = 1`,
        `update ${table} set ${column} = ${column} || ${pick(values, stream)}`,
        `delete from ${table}`,
        `insert into ${table} select * from ${table}`,
        `alter table ${table} add column more`,
        `alter table ${table} rename column ${column} to other`,
        `alter table ${table} rename to other`,
        `drop table ${table}; create view ${table} as select 1 as ${column}`,
        `create trigger t after insert on ${table} begin delete from ${table}; end`,
        `pragma user_version = ${pick(['0', '1', '99', '-1'], stream)}`,
        `pragma writable_schema = on; update sqlite_master set sql = ${pick(values, stream)} where name = '${table}'`,
        `pragma ignore_check_constraints = on; update ${table} set ${column} = ${pick(values, stream)}`,
      ],
      stream,
    ),
  );
  return afterStatements(bytes, statements);
}
