import { BallastError } from '../base/errors.ts';
import { type Connection, guarded, Statements } from './database.ts';
import { isAlive, type Owner, ownerOf, thisProcess } from './owner.ts';
import { type MeasurementRow, measurementKeys, type StoredStatus, type WantedTrial } from './rows.ts';

/**
 * How long a claim of a process that cannot be looked up (on another machine) holds without a sign of life, in milliseconds, by the clock of who waits
 * for it: what the machines think the time is does not matter.
 */
const lease = 600_000;
/** How many times in a row a trial may take its process down before it counts as failed. */
const crashesAllowed = 3;

const waitingTrials = "from trial where status = 'queued' and in_grid = 1 and held = 0";
const nextAttempt = '(select coalesce(max(a.number), 0) + 1 from attempt a where a.trial = trial.number)';

/** An attempt at a trial: its number fences what is written about the trial. */
export interface Attempt {
  readonly id: string;
  readonly attempt: number;
}

export interface Claim extends WantedTrial, Attempt {}

/** Another attempt owns the trial by now, or nobody: what this one computes is not written. */
export class ClaimLost extends BallastError {}

export interface TrialResult {
  readonly status: Exclude<StoredStatus, 'running'>;
  readonly step: number | null;
  readonly note?: string | undefined;
  readonly hardware?: string | undefined;
  readonly secondsPerStep?: number | undefined;
}

interface Running {
  readonly number: number;
  readonly owner: string;
  readonly attempt: number | null;
  readonly beat: number;
}

/** The last change of a claim that was seen, and when. */
interface Sighting {
  readonly attempt: number | null;
  readonly beat: number;
  readonly at: number;
}

/**
 * Who works on which trial: at most one process at a time, also of several that know nothing of each other. Every write about a trial carries
 * the attempt that owns it, and is refused (ClaimLost) when another one does.
 */
export class TrialClaims {
  readonly #db: Connection;
  readonly #path: string;
  readonly #now: () => number;
  readonly #seen = new Map<number, Sighting>();
  readonly #statements: Statements;
  #isTogether = false;

  /** @param now Milliseconds of a clock that only goes forward. */
  constructor(db: Connection, path: string, now: () => number = () => performance.now()) {
    this.#db = db;
    this.#statements = new Statements(db);
    this.#path = path;
    this.#now = now;
  }

  /**
   * Takes the next trial that waits, for this process. First frees those whose process is gone: its end is no fault of theirs, as far as anybody knows.
   * Undefined when nothing waits.
   */
  claim(process = thisProcess()): Claim | undefined {
    return this.#write(() => {
      this.#freeAbandoned();
      const owner = JSON.stringify(process);
      const row = this.#statements
        .of(
          `update trial set status = 'running', owner = ?, lease_until = null, beat = 0,
             attempt = (select coalesce(max(a.number), 0) + 1 from attempt a where a.trial = trial.number)
           where number = (select number from trial where status = 'queued' and in_grid = 1 and held = 0 order by ordinal, number limit 1)
           returning number, id, spec, budget_steps as budgetSteps, budget_seconds as budgetSeconds, attempt`,
        )
        .get(owner) as (Claim & { number: number }) | undefined;
      if (!row) return undefined;
      const { number, id, spec, budgetSteps, budgetSeconds, attempt } = row;
      this.#statements
        .of('insert into attempt (trial, number, owner, began) values (?, ?, ?, ?)')
        .run(number, attempt, owner, Date.now());
      return { id, spec, budgetSteps, budgetSeconds, attempt };
    });
  }

  /** How many trials of the grid wait, and how many any process works on now. */
  waiting(): { readonly queued: number; readonly running: number } {
    return this.#write(() => {
      this.#freeAbandoned();
      const { queued, running } = this.#statements
        .of(
          `select count(*) filter (where status = 'queued' and held = 0) as queued, count(*) filter (where status = 'running') as running
           from trial where in_grid = 1`,
        )
        .get() as { queued: number; running: number };
      return { queued, running };
    });
  }

  /**
   * The process that has claimed a trial says from which step it computes. Measurements behind it are of steps to be made again.
   * Throws ClaimLost.
   */
  begin(claim: Attempt, step: number): void {
    this.#write(() => {
      const { attempt } = claim;
      const number = this.#owned(claim);
      this.#statements.of('delete from measurement where trial = ? and step > ?').run(number, step);
      const last = this.#statements
        .of('select max(from_step) as step from attempt where trial = ? and number < ?')
        .get(number, attempt) as { step: number | null };
      if (step > (last.step ?? 0)) this.#statements.of('update trial set crashes = 0 where number = ?').run(number);
      this.#statements.of('update attempt set from_step = ? where trial = ? and number = ?').run(step, number, attempt);
    });
  }

  /** A sign of life, with the step that is done. Throws ClaimLost. */
  renew(claim: Attempt, step: number): void {
    this.#write(() => {
      const number = this.#owned(claim);
      this.#statements.of('update trial set beat = beat + 1 where number = ?').run(number);
      this.#statements
        .of('update attempt set to_step = ? where trial = ? and number = ?')
        .run(step, number, claim.attempt);
    });
  }

  /** Writes a line of a curve; again for the same step replaces it. Throws ClaimLost. */
  measure(claim: Attempt, row: MeasurementRow): void {
    this.#write(() => {
      this.#statements
        .of(`insert or replace into measurement values (?, ${measurementKeys.map(() => '?').join(', ')})`)
        .run(this.#owned(claim), ...measurementKeys.map((key) => row[key]));
    });
  }

  /** Ends a claim with what came of the trial; `queued` gives it back. Throws ClaimLost. */
  end(claim: Attempt, result: TrialResult): void {
    this.#write(() => {
      const number = this.#owned(claim);
      this.#statements
        .of(
          `update trial set status = ?, owner = null, attempt = null, lease_until = null, note = ?, hardware = coalesce(?, hardware),
             seconds_per_step = coalesce(?, seconds_per_step) where number = ?`,
        )
        .run(result.status, result.note ?? null, result.hardware ?? null, result.secondsPerStep ?? null, number);
      this.#endAttempt(number, claim.attempt, result.status, result.step);
    });
  }

  /**
   * The parent of process `pid` saw it crash: the trial that it worked on is queued again, or failed when that happened too often without
   * progress. Returns the trial's id and what became of it; undefined when it worked on none.
   */
  crashed(pid: number, how: string): { readonly id: string; readonly status: 'queued' | 'failed' } | undefined {
    return this.#write(() => {
      const rows = this.#statements
        .of("select number, id, owner, attempt, crashes from trial where status = 'running'")
        .all() as (Running & { id: string; crashes: number })[];
      const { host } = thisProcess();
      const found = rows.find(({ owner }) => {
        const o = ownerOf(owner);
        return o?.pid === pid && o.host === host;
      });
      if (!found) return undefined;
      return { id: found.id, status: this.#countCrash(found, how) };
    });
  }

  /** The same of a claim whose process was seen to crash by whoever gave it the trial. Returns what became of the trial. Throws ClaimLost. */
  crash(claim: Attempt, how: string): 'queued' | 'failed' {
    return this.#write(() => {
      const number = this.#owned(claim);
      const { crashes } = this.#statements.of('select crashes from trial where number = ?').get(number) as {
        crashes: number;
      };
      return this.#countCrash({ number, attempt: claim.attempt, crashes }, how);
    });
  }

  /**
   * A worker that knows nothing of this store has taken a trial, with an attempt that was offered to it: `adopted`, what is said of it is written from now on. `refused` where the trial is
   * cancelled, done, or no longer asked for: the attempt counts as cancelled. `over` where it was known and has ended, or a later one was.
   */
  adopt({ id, attempt }: Attempt, owner: Owner): 'adopted' | 'refused' | 'over' {
    return this.#write(() => {
      const row = this.#statements
        .of(
          `select number, status, attempt, held, in_grid as inGrid,
             (select coalesce(max(a.number), 0) from attempt a where a.trial = trial.number) as last from trial where id = ?`,
        )
        .get(id) as
        | {
            number: number;
            status: StoredStatus;
            attempt: number | null;
            held: number;
            inGrid: number;
            last: number;
          }
        | undefined;
      if (!row) return 'refused';
      const { number, status, last } = row;
      if (attempt <= last) return status === 'running' && row.attempt === attempt ? 'adopted' : 'over';
      const isWanted = (status === 'queued' || status === 'running') && row.held === 0 && row.inGrid === 1;
      if (status === 'running' && isWanted) this.#endAttempt(number, row.attempt, 'superseded', null);
      const text = JSON.stringify(owner);
      this.#statements
        .of('insert into attempt (trial, number, owner, began) values (?, ?, ?, ?)')
        .run(number, attempt, text, Date.now());
      if (!isWanted) {
        this.#endAttempt(number, attempt, 'cancelled', null);
        return 'refused';
      }
      this.#statements
        .of(
          "update trial set status = 'running', owner = ?, lease_until = null, beat = 0, attempt = ? where number = ?",
        )
        .run(text, attempt, number);
      return 'adopted';
    });
  }

  /** The attempt that would be the next of each trial that waits, in the order of work. */
  waitingAttempts(): readonly Attempt[] {
    return this.#write(
      () =>
        this.#statements
          .of(`select id, ${nextAttempt} as attempt ${waitingTrials} order by ordinal, number`)
          .all() as Attempt[],
    );
  }

  /** What is to be computed of trials that wait; those that do not are left out. */
  offered(ids: readonly string[]): readonly (WantedTrial & Attempt)[] {
    return this.#write(() => {
      const find = this.#statements.of(
        `select id, spec, budget_steps as budgetSteps, budget_seconds as budgetSeconds, ${nextAttempt} as attempt ${waitingTrials} and id = ?`,
      );
      return ids.flatMap((id) => (find.get(id) as (WantedTrial & Attempt) | undefined) ?? []);
    });
  }

  /** The attempts that own a trial. */
  running(): readonly Attempt[] {
    return this.#write(
      () =>
        this.#statements
          .of("select id, attempt from trial where status = 'running' and attempt is not null")
          .all() as Attempt[],
    );
  }

  /**
   * Cancels trials that have not ended: they wait, held, until somebody releases them. One that is being worked on is taken from its process, which finds out with
   * its next write. Returns how many.
   */
  hold(ids: readonly string[]): number {
    return this.#write(() => {
      const find = this.#statements.of(
        "select number, attempt, status from trial where id = ? and held = 0 and status in ('queued', 'running')",
      );
      const update = this.#statements.of(
        "update trial set status = 'queued', held = 1, owner = null, attempt = null, lease_until = null where number = ?",
      );
      let changed = 0;
      for (const id of ids) {
        const row = find.get(id) as (Pick<Running, 'number' | 'attempt'> & { status: string }) | undefined;
        if (!row) continue;
        update.run(row.number);
        if (row.status === 'running') this.#endAttempt(row.number, row.attempt, 'cancelled', null);
        changed++;
      }
      return changed;
    });
  }

  /** Queues trials again by hand that failed or are held. Returns how many. */
  release(ids: readonly string[]): number {
    return this.#write(() => {
      const update = this.#statements.of(
        `update trial set status = 'queued', crashes = 0, note = null, held = 0
         where id = ? and status <> 'running' and (held = 1 or status = 'failed')`,
      );
      return ids.reduce((sum, id) => sum + update.run(id).changes, 0);
    });
  }

  /** Queues trials again; those that are being worked on are left alone. */
  queue(ids: readonly string[]): void {
    this.#write(() => {
      const update = this.#statements.of(
        "update trial set status = 'queued', crashes = 0, note = null where id = ? and status <> 'running'",
      );
      for (const id of ids) update.run(id);
    });
  }

  /** The trial's number in the store. Throws ClaimLost unless this very attempt owns it. */
  #owned({ id, attempt }: Attempt): number {
    const row = this.#statements.of('select number, status, attempt from trial where id = ?').get(id) as
      | { number: number; status: string; attempt: number | null }
      | undefined;
    if (row?.status === 'running' && row.attempt === attempt) return row.number;
    const now =
      row === undefined
        ? 'it is gone'
        : row.status === 'running'
          ? `attempt ${row.attempt} does`
          : `it is ${row.status}`;
    throw new ClaimLost(
      `trial ${id.slice(0, 8)}: attempt ${attempt} no longer owns it (${now}); what it computed is not stored`,
    );
  }

  /** A crash more: queued again, or failed when that happened too often without progress. */
  #countCrash(
    found: Pick<Running, 'number' | 'attempt'> & { readonly crashes: number },
    how: string,
  ): 'queued' | 'failed' {
    const crashes = found.crashes + 1;
    const status = crashes < crashesAllowed ? 'queued' : 'failed';
    const note = status === 'failed' ? `its process ended ${crashes} times in a row without progress (${how})` : null;
    this.#statements
      .of(
        'update trial set status = ?, owner = null, attempt = null, lease_until = null, crashes = ?, note = ? where number = ?',
      )
      .run(status, crashes, note, found.number);
    this.#endAttempt(found.number, found.attempt, `crashed: ${how}`, null);
    return status;
  }

  #freeAbandoned(): void {
    const rows = this.#statements
      .of("select number, owner, attempt, beat from trial where status = 'running'")
      .all() as Running[];
    for (const row of rows) {
      if (this.#seemsAlive(row)) continue;
      const { number, attempt } = row;
      this.#statements
        .of("update trial set status = 'queued', owner = null, attempt = null, lease_until = null where number = ?")
        .run(number);
      this.#endAttempt(number, attempt, 'abandoned', null);
    }
    const running = new Set(rows.map((r) => r.number));
    for (const number of this.#seen.keys()) if (!running.has(number)) this.#seen.delete(number);
  }

  /** Of a process of this machine it is known; one of another is given up when it has given no sign of life for as long as it was watched. */
  #seemsAlive({ number, owner, attempt, beat }: Running): boolean {
    const process = ownerOf(owner);
    if (!process) return false;
    const known = isAlive(process);
    if (known !== undefined) return known;
    const now = this.#now();
    const seen = this.#seen.get(number);
    if (seen?.attempt === attempt && seen.beat === beat) return now - seen.at <= lease;
    this.#seen.set(number, { attempt, beat, at: now });
    return true;
  }

  #endAttempt(trial: number, attempt: number | null, outcome: string, step: number | null): void {
    this.#statements
      .of(
        `update attempt set ended = ?, outcome = ?, to_step = coalesce(?, to_step)
         where trial = ? and number = ? and ended is null`,
      )
      .run(Date.now(), outcome, step, trial, attempt);
  }

  /** Does several of these as one transaction: all of it is there afterwards, or nothing. `work` sees to what they throw. */
  together(work: () => void): void {
    this.#write(() => {
      this.#isTogether = true;
      try {
        work();
      } finally {
        this.#isTogether = false;
      }
    });
  }

  #write<T>(work: () => T): T {
    if (this.#isTogether) return work();
    return guarded(this.#path, () => this.#db.transaction(work).immediate() as T);
  }
}
