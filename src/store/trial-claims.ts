import { type Connection, guarded } from './database.ts';
import { isAlive, type Owner, thisProcess } from './owner.ts';
import type { StoredStatus, WantedTrial } from './rows.ts';

/** How long a claim of a process that cannot be looked up (on another machine) holds without a sign of life, in milliseconds. */
const lease = 600_000;
/** How many times in a row a trial may take its process down before it counts as failed. */
const crashesAllowed = 3;

export interface Claim extends WantedTrial {
  /** Number of the attempt. */
  readonly attempt: number;
}

interface Running {
  readonly number: number;
  readonly owner: string;
  readonly leaseUntil: number;
}

/** Who works on which trial: at most one process at a time, also of several that know nothing of each other. */
export class TrialClaims {
  readonly #db: Connection;
  readonly #path: string;

  constructor(db: Connection, path: string) {
    this.#db = db;
    this.#path = path;
  }

  /**
   * Takes the next trial that waits, for this process. First frees those whose process is gone: its end is no fault of theirs, as far as anybody knows.
   * Undefined when nothing waits.
   */
  claim(): Claim | undefined {
    return this.#write(() => {
      this.#freeAbandoned();
      const owner = JSON.stringify(thisProcess());
      const row = this.#db
        .prepare(
          `update trial set status = 'running', owner = ?, lease_until = ? where number =
             (select number from trial where status = 'queued' and in_grid = 1 order by ordinal, number limit 1)
           returning number, id, spec, budget_steps as budgetSteps, budget_seconds as budgetSeconds`,
        )
        .get(owner, Date.now() + lease) as (WantedTrial & { number: number }) | undefined;
      if (!row) return undefined;
      const { number, id, spec, budgetSteps, budgetSeconds } = row;
      const { attempt } = this.#db
        .prepare(
          `insert into attempt (trial, number, owner, began)
           select ?, count(*) + 1, ?, ? from attempt where trial = ? returning number as attempt`,
        )
        .get(number, owner, Date.now(), number) as { attempt: number };
      return { id, spec, budgetSteps, budgetSeconds, attempt };
    });
  }

  /** How many trials of the grid wait, and how many any process works on now. */
  waiting(): { readonly queued: number; readonly running: number } {
    return this.#write(() => {
      this.#freeAbandoned();
      const { queued, running } = this.#db
        .prepare(
          `select count(*) filter (where status = 'queued') as queued, count(*) filter (where status = 'running') as running
           from trial where in_grid = 1`,
        )
        .get() as { queued: number; running: number };
      return { queued, running };
    });
  }

  /** The process that has claimed a trial says from which step it computes. Measurements behind it are of steps to be made again. */
  begin({ id, attempt }: Claim, step: number): void {
    this.#write(() => {
      const number = this.#numberOf(id);
      this.#db.prepare('delete from measurement where trial = ? and step > ?').run(number, step);
      const last = this.#db
        .prepare('select max(from_step) as step from attempt where trial = ? and number < ?')
        .get(number, attempt) as { step: number | null };
      if (step > (last.step ?? 0)) this.#db.prepare('update trial set crashes = 0 where number = ?').run(number);
      this.#db.prepare('update attempt set from_step = ? where trial = ? and number = ?').run(step, number, attempt);
    });
  }

  /** A sign of life, with the step that is done. */
  renew({ id, attempt }: Claim, step: number): void {
    this.#write(() => {
      this.#db.prepare('update trial set lease_until = ? where id = ?').run(Date.now() + lease, id);
      this.#db
        .prepare('update attempt set to_step = ? where trial = ? and number = ?')
        .run(step, this.#numberOf(id), attempt);
    });
  }

  /** Ends a claim with what came of the trial; `queued` gives it back. */
  end(
    { id, attempt }: Claim,
    result: {
      readonly status: Exclude<StoredStatus, 'running'>;
      readonly step: number | null;
      readonly note?: string | undefined;
      readonly hardware?: string;
      readonly secondsPerStep?: number | undefined;
    },
  ): void {
    this.#write(() => {
      const number = this.#numberOf(id);
      this.#db
        .prepare(
          `update trial set status = ?, owner = null, lease_until = null, note = ?, hardware = coalesce(?, hardware),
             seconds_per_step = coalesce(?, seconds_per_step) where number = ?`,
        )
        .run(result.status, result.note ?? null, result.hardware ?? null, result.secondsPerStep ?? null, number);
      this.#endAttempt(number, result.status, result.step, attempt);
    });
  }

  /**
   * The parent of process `pid` saw it crash: the trial that it worked on is queued again, or failed when that happened too often without
   * progress. Returns the trial's id and what became of it; undefined when it worked on none.
   */
  crashed(pid: number, how: string): { readonly id: string; readonly status: 'queued' | 'failed' } | undefined {
    return this.#write(() => {
      const rows = this.#db.prepare("select number, id, owner, crashes from trial where status = 'running'").all() as {
        number: number;
        id: string;
        owner: string;
        crashes: number;
      }[];
      const { host } = thisProcess();
      const found = rows.find(({ owner }) => {
        const o = JSON.parse(owner) as Owner;
        return o.pid === pid && o.host === host;
      });
      if (!found) return undefined;
      const crashes = found.crashes + 1;
      const status = crashes < crashesAllowed ? 'queued' : 'failed';
      const note = status === 'failed' ? `its process ended ${crashes} times in a row without progress (${how})` : null;
      this.#db
        .prepare(
          'update trial set status = ?, owner = null, lease_until = null, crashes = ?, note = ? where number = ?',
        )
        .run(status, crashes, note, found.number);
      this.#endAttempt(found.number, `crashed: ${how}`, null);
      return { id: found.id, status };
    });
  }

  /** Queues trials again; those that are being worked on are left alone. */
  queue(ids: readonly string[]): void {
    this.#write(() => {
      const update = this.#db.prepare(
        "update trial set status = 'queued', crashes = 0, note = null where id = ? and status <> 'running'",
      );
      for (const id of ids) update.run(id);
    });
  }

  #freeAbandoned(): void {
    const rows = this.#db
      .prepare("select number, owner, lease_until as leaseUntil from trial where status = 'running'")
      .all() as Running[];
    for (const { number, owner, leaseUntil } of rows) {
      if (isAlive(JSON.parse(owner) as Owner) ?? leaseUntil >= Date.now()) continue;
      this.#db
        .prepare("update trial set status = 'queued', owner = null, lease_until = null where number = ?")
        .run(number);
      this.#endAttempt(number, 'abandoned', null);
    }
  }

  /** Ends the attempt of this number, or the last one. */
  #endAttempt(trial: number, outcome: string, step: number | null, attempt?: number): void {
    this.#db
      .prepare(
        `update attempt set ended = ?, outcome = ?, to_step = coalesce(?, to_step)
         where trial = ? and number = coalesce(?, (select max(number) from attempt where trial = ?)) and ended is null`,
      )
      .run(Date.now(), outcome, step, trial, attempt ?? null, trial);
  }

  #numberOf(id: string): number {
    return (this.#db.prepare('select number from trial where id = ?').get(id) as { number: number }).number;
  }

  #write<T>(work: () => T): T {
    return guarded(this.#path, () => this.#db.transaction(work).immediate() as T);
  }
}
