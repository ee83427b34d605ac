import Database from 'libsql';
import { BallastError, FileError } from '../base/errors.ts';

export type Connection = Database.Database;

/** The statements of a connection, each prepared once: to prepare one takes longer than to run it. */
export class Statements {
  readonly #db: Connection;
  readonly #known = new Map<string, Database.Statement>();

  constructor(db: Connection) {
    this.#db = db;
  }

  /** @param sql One of few texts: what varies is bound. */
  of(sql: string): Database.Statement {
    const known = this.#known.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#known.set(sql, statement);
    return statement;
  }
}

/** How long a process waits for another one's transaction. */
const patience = 20_000;

const reasons: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'no space left on the device; nothing that was stored before is lost',
  SQLITE_BUSY: `is locked by another process for more than ${patience / 1000} seconds; nothing is lost, try again`,
  SQLITE_LOCKED: 'is locked by another process; nothing is lost, try again',
  SQLITE_READONLY: 'cannot be written: the file or its file system is read-only',
  SQLITE_CANTOPEN: 'cannot be opened; expected a file that can be written in a folder that can be written',
  SQLITE_NOTADB: 'is no SQLite database; expected the store of a study',
  SQLITE_CORRUPT: 'is damaged; restore it from a copy, or start anew in another folder',
  SQLITE_IOERR: 'the device reports an input/output error, or has no space left',
};

const openingReasons: Readonly<Record<string, string | undefined>> = {
  8: reasons.SQLITE_READONLY,
  10: reasons.SQLITE_IOERR,
  11: reasons.SQLITE_CORRUPT,
  13: reasons.SQLITE_FULL,
  26: reasons.SQLITE_NOTADB,
};

/** The one-line error of a failed operation on the database at `path`; errors that are none of SQLite's are given back. */
export function storeError(path: string, cause: unknown): unknown {
  if (cause instanceof BallastError || !(cause instanceof Error)) return cause;
  const code = (cause as { code?: unknown }).code;
  // The driver has no code for what goes wrong while it opens a file, but SQLite's number at the end.
  const opening = /unable to open connection to local database .*: (\d+)$/i.exec(cause.message);
  if (opening) return new FileError(path, (openingReasons[opening[1]!] ?? reasons.SQLITE_CANTOPEN)!, { cause });
  if (typeof code !== 'string' || !code.startsWith('SQLITE')) return cause;
  const known = Object.keys(reasons).find((name) => code.startsWith(name));
  const reason = known ? reasons[known]! : /locked/.test(cause.message) ? reasons.SQLITE_BUSY! : cause.message;
  return new FileError(path, reason.split('\n')[0]!, { cause });
}

/** Does something with the database at `path`; what SQLite throws becomes an error of one line. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw storeError(path, cause);
  }
}

/**
 * Opens the database at `path`, made where it is missing, in WAL mode: readers never wait, and writers of several processes follow one another.
 * `told` is the path that messages name. A commit survives the end of its process; the last ones before a power cut may be lost, whole (`synchronous = NORMAL`).
 */
export function openDatabase(path: string, told = path): Connection {
  return guarded(told, () => {
    const db = new Database(path);
    db.pragma(`busy_timeout = ${patience}`);
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    return db;
  });
}
