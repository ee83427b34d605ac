import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { BallastError, FileError } from '../../base/errors.ts';
import { makeFolder, writeError } from './atomic.ts';

/**
 * Every folder that is written has one owner. The lock is one of the operating system's, taken by SQLite on an empty file: it ends with its process
 * however that ends, a process number that is used again means nothing to it, and nobody has to decide whether an owner still lives.
 */
export interface FolderOwner {
  readonly folder: string;
  /** Lets the folder go; again does nothing. */
  release(): void;
}

export interface OwnOptions {
  /** What the process does there, for whoever comes second, such as `ballast train`. */
  readonly doing: string;
  /**
   * Several processes that know of each other, as the runs of a study do through its store, may own a folder together; none of them while somebody
   * has it alone.
   */
  readonly shared?: boolean;
  /** How far below the folder the temporary files of killed processes are looked for and removed; 0 for the folder alone. Default: 2. */
  readonly sweepDepth?: number;
}

const lockName = '.lock';
const noteName = '.owner.json';

/** What is held by this process, by real path: the system's locks are of processes, and opening the file again would end one. */
const held = new Map<string, string>();

/** How long a process waits for one that only looks whether it is alone, in milliseconds. */
const patience = 2000;

/** Of a lock file that its owner removes while another process opens it: then the other one begins again. */
const attempts = 50;

/** What an owner leaves for whoever comes second. */
const noteSchema = z.object({ pid: z.int(), host: z.string(), doing: z.string(), since: z.string() });

/** Somebody else owns the folder. */
export class FolderOwned extends FileError {}

function ownedBy(folder: string): FolderOwned {
  let by = 'another process';
  try {
    const { pid, host, doing, since } = noteSchema.parse(JSON.parse(readFileSync(join(folder, noteName), 'utf8')));
    by = `${printable(doing)} (process ${pid} on ${printable(host)}, since ${printable(since)})`;
  } catch {
    // It is about to write its note, or cannot.
  }
  return new FolderOwned(folder, `is being written by ${by}; wait for its end, or choose another folder`);
}

/** What a terminal would act on is not shown. */
const printable = (text: unknown) =>
  String(text)
    .replace(/\p{Cc}/gu, '?')
    .slice(0, 100);

const inode = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino;

/**
 * Takes the folder, made where it is missing, for this process, and removes what killed processes left half-written in it.
 * Throws FolderOwned, at once, when another one has it, and FileError where it cannot be written.
 */
export async function ownFolder(
  folder: string,
  { doing, shared = false, sweepDepth = 2 }: OwnOptions,
): Promise<FolderOwner> {
  await makeFolder(folder);
  const key = realpathSync(folder);
  const mine = held.get(key);
  if (mine !== undefined) throw new FolderOwned(folder, `is being written by this process already (${mine})`);
  const { default: Database } = await import('libsql');
  const path = join(folder, lockName);
  const note = join(folder, noteName);
  const take = (kind: 'exclusive' | 'shared') => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      let before: number | undefined;
      try {
        closeSync(openSync(path, 'a'));
        before = inode(path);
      } catch (cause) {
        throw writeError(path, cause);
      }
      let db: import('libsql').Database | undefined;
      try {
        db = new Database(path, { timeout: kind === 'shared' ? patience : 0 });
        db.pragma('journal_mode = off');
        if (kind === 'exclusive') db.exec('begin exclusive');
        else {
          db.exec('begin');
          db.prepare('select count(*) as n from sqlite_master').get();
        }
        if (before !== undefined && inode(path) === before) return db;
        letGo(db);
      } catch (cause) {
        if (db) letGo(db);
        throw lockError(folder, path, cause);
      }
    }
    throw ownedBy(folder);
  };
  let lock: import('libsql').Database;
  if (shared) {
    // Whoever is alone may sweep.
    try {
      const alone = take('exclusive');
      sweep(folder, sweepDepth);
      letGo(alone);
    } catch (cause) {
      if (!(cause instanceof FolderOwned)) throw cause;
    }
    lock = take('shared');
  } else {
    lock = take('exclusive');
    sweep(folder, sweepDepth);
  }
  held.set(key, doing);
  try {
    const since = new Date().toISOString();
    writeFileSync(note, JSON.stringify({ pid: process.pid, host: hostname(), doing, since }));
  } catch {
    // It is for a message alone; a full disk is told by what has to be written.
  }
  let over = false;
  return {
    folder,
    release() {
      if (over) return;
      over = true;
      held.delete(key);
      // Those who share the folder go on holding this very file.
      for (const file of shared ? [] : [note, path]) {
        try {
          unlinkSync(file);
        } catch {
          // Nothing depends on its being gone.
        }
      }
      letGo(lock);
    },
  };
}

/** Ends the transaction that holds the lock: closing alone waits for the garbage collector. */
function letGo(lock: import('libsql').Database): void {
  if (lock.inTransaction) lock.exec('rollback');
  lock.close();
}

function lockError(folder: string, path: string, cause: unknown): BallastError {
  if (cause instanceof BallastError) return cause;
  const { code, message } = cause as { code?: string; message: string };
  if (/SQLITE_(BUSY|LOCKED)/.test(code ?? '') || /locked/.test(message)) return ownedBy(folder);
  if (/NOTADB/.test(code ?? ''))
    return new FileError(path, 'is no lock of this program; remove it if nothing of yours', { cause });
  return new FileError(path, `cannot be locked: ${message.split('\n')[0]}; choose a folder on another file system`, {
    cause,
  });
}

/** Owns a folder while `work` runs. Throws as `ownFolder` and `work` do. */
export async function owningFolder<T>(folder: string, options: OwnOptions, work: () => Promise<T>): Promise<T> {
  const owner = await ownFolder(folder, options);
  try {
    return await work();
  } finally {
    owner.release();
  }
}

/** Names of `writeFileAtomic`'s temporary files. */
const temporary = /^\..+\.[0-9a-f]{12}\.tmp$/;

/** Removes what killed processes left of files that were never finished. */
function sweep(folder: string, depth: number): void {
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0) sweep(path, depth - 1);
    else if (entry.isFile() && temporary.test(entry.name)) {
      try {
        unlinkSync(path);
      } catch {
        // Somebody else's; it takes room and does no harm.
      }
    }
  }
}
