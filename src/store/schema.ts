import { FileError } from '../base/errors.ts';
import { version as ballast } from '../base/version.ts';
import type { Connection } from './database.ts';

/** The tables of version 1. Its text is never changed: what comes after it are migrations. */
const first = `
-- What the study is, by key: name, text.
create table fact (key text primary key, value text not null) without rowid;

create table workload (
  name text primary key,
  facts text not null,        -- JSON
  in_grid integer not null
) without rowid;

-- A computation. Points of the grid that come to the same one share it.
create table trial (
  number integer primary key,
  id text not null unique,    -- hash of what defines it
  spec text not null,         -- JSON: all that a process needs to compute it
  ordinal integer not null,   -- the order of work
  in_grid integer not null,
  status text not null check (status in ('queued', 'running', 'complete', 'stopped', 'infeasible', 'failed')),
  budget_steps integer not null,
  budget_seconds real,
  owner text,                 -- JSON: the process that works on it
  lease_until real,           -- milliseconds since 1970; for owners that cannot be looked up
  crashes integer not null default 0,  -- in a row, without progress between them
  note text,
  hardware text,
  seconds_per_step real
);
create index trial_by_work on trial (status, in_grid, ordinal);

create table point (
  workload text not null,
  strategy text not null,
  batch_size integer not null,
  base_rate real not null,
  seed integer not null,
  trial integer not null references trial,
  learning_rate real not null,
  budget_steps integer not null,
  in_grid integer not null,
  ordinal integer not null,
  primary key (workload, strategy, batch_size, base_rate, seed)
) without rowid;
create index point_by_trial on point (trial);

-- Rates that were added beyond an edge of the grid.
create table extension (
  workload text not null,
  strategy text not null,
  batch_size integer not null,
  base_rate real not null,
  primary key (workload, strategy, batch_size, base_rate)
) without rowid;

create table measurement (
  trial integer not null references trial,
  step integer not null,
  epoch real not null,
  examples real not null,
  seconds real not null,
  train_loss real,
  val_loss real,
  val_metric real,
  noise_scale real,
  grad_norm real,
  primary key (trial, step)
) without rowid;

-- Every time that a process took a trial up: what was computed when, and by whom.
create table attempt (
  trial integer not null references trial,
  number integer not null,
  owner text not null,
  began real not null,
  from_step integer,
  ended real,
  to_step integer,
  outcome text,
  primary key (trial, number)
) without rowid;
`;

/** Who owns a trial: the number of the attempt that may write about it, null for nobody; and how often that has given a sign of life. */
const fenced = `
alter table trial add column attempt integer;
alter table trial add column beat integer not null default 0;
update trial set attempt = (select max(a.number) from attempt a where a.trial = trial.number) where status = 'running';
`;

/** What somebody cancelled: it waits until it is queued again by hand. */
const holdable = `
alter table trial add column held integer not null default 0;
`;

/** What leads from each version to the next, from an empty database on. Forward only. */
const migrations: readonly string[] = [first, fenced, holdable];

/** Counts up with every change of the tables. */
export const tablesVersion = migrations.length;

const versionOf = (db: Connection) =>
  (db.prepare('pragma user_version').get() as { user_version: number }).user_version;

/**
 * Makes the tables in an empty database, and brings those of an earlier version forward, in one transaction.
 * Throws FileError for one that a newer Ballast, or another program, has made.
 */
export function prepareTables(db: Connection, path: string): void {
  if (versionOf(db) === tablesVersion) return;
  db.transaction(() => {
    // Another process may have been faster.
    const found = versionOf(db);
    if (found === tablesVersion) return;
    const { n } = db.prepare('select count(*) as n from sqlite_master').get() as { n: number };
    if (found > tablesVersion)
      throw new FileError(
        path,
        `has tables of version ${found}, Ballast ${ballast} knows those up to ${tablesVersion}; use a newer Ballast`,
      );
    if (found < 0 || (found === 0 && n > 0))
      throw new FileError(
        path,
        `has tables of version ${found} that are not of Ballast; expected the store of a study`,
      );
    for (const migration of migrations.slice(found)) db.exec(migration);
    db.exec(`pragma user_version = ${tablesVersion}`);
  }).immediate();
}

/** Brings an empty database to the tables of an earlier version: for tests of what old stores become. */
export function prepareTablesOf(db: Connection, version: number): void {
  for (const migration of migrations.slice(0, version)) db.exec(migration);
  db.exec(`pragma user_version = ${version}`);
}
