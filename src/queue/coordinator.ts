import type { Announcement, Fence, QueueMessage } from '../schema/index.ts';
import { ClaimLost, type StudyStore } from '../store/index.ts';
import type { Remaining, TrialQueue } from './driver.ts';
import { offerOf } from './offer-of.ts';
import type { ProcessReport } from './process/trial-process-messages.ts';

export interface CoordinatorOptions {
  readonly store: StudyStore;
  readonly queue: TrialQueue;
  /** Of its trials, against those of other studies; higher ones first. */
  readonly priority?: number;
  /** Told what becomes of trials. */
  readonly onReport?: ((report: ProcessReport) => void) | undefined;
  /** Told of what is odd but no error. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** Milliseconds after which everything that waits is offered again, which changes nothing where it still is. */
const offeringAgain = 60_000;

/** Milliseconds that a trial waits after its first crash, and after each further one. */
const backOff = [5_000, 60_000] as const;

/**
 * The one who writes the store of a study whose trials are handed out: applies what workers say, as far as their attempts own the trials, takes back what workers that are gone have
 * held, and offers what waits. It may end at any moment: a new one reads everything again, and to apply it twice is to apply it once.
 */
export class Coordinator {
  readonly #store: StudyStore;
  readonly #queue: TrialQueue;
  readonly #options: CoordinatorOptions;
  readonly #now: () => number;
  readonly #offered = new Set<string>();
  #offeredAll = Number.NEGATIVE_INFINITY;
  /** Crashes that this one has seen of a trial, and when it may be offered again. */
  readonly #crashed = new Map<string, { readonly times: number; readonly until: number }>();
  readonly #ignored = new Set<string>();
  /** What workers had in the last round, and what of that has ended since as its worker said. */
  #held: readonly Fence[] = [];
  readonly #ended = new Set<string>();
  /** Attempts that were begun at trials that nobody asks for. */
  #refused: Fence[] = [];

  constructor(options: CoordinatorOptions) {
    this.#store = options.store;
    this.#queue = options.queue;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Once around: hear, take back, offer. Throws FileError for what concerns the store or the way to the workers. */
  async round(): Promise<Remaining> {
    await this.#hear();
    const held = this.#running();
    await this.#tellOfCancelled(held);
    const lost = await this.#queue.lost(held);
    if (lost.length > 0) {
      // First they are told that it is over, then their last words count, and then it is given to somebody else.
      await this.#queue.cancel(lost);
      await this.#hear();
      for (const fence of lost) this.#takeBack(fence);
    }
    return this.#offer();
  }

  /** Takes back all that is offered or held: nothing of what is said from now on counts. */
  async cancel(): Promise<void> {
    await this.#queue.drain(true);
    const { claims } = this.#store;
    const waiting = claims.waitingAttempts().map(({ id, attempt }): Fence => ({ trial: id, attempt }));
    const held = this.#running();
    await this.#queue.cancel([...waiting, ...held]);
    await this.#hear();
    for (const fence of held) this.#takeBack(fence);
    this.#offered.clear();
  }

  #running(): Fence[] {
    return this.#store.claims.running().map(({ id, attempt }): Fence => ({ trial: id, attempt }));
  }

  /** Whoever has a trial that was cancelled meanwhile, or was taken out of the study, hears of it. */
  async #tellOfCancelled(held: readonly Fence[]): Promise<void> {
    const now = new Set(held.map(keyOf));
    const cancelled = this.#held.filter((fence) => !now.has(keyOf(fence)) && !this.#ended.has(keyOf(fence)));
    await this.#queue.cancel([...cancelled, ...this.#refused]);
    this.#refused = [];
    this.#ended.clear();
    this.#held = held;
  }

  async #hear(): Promise<void> {
    const messages = await this.#queue.receive();
    if (messages.length === 0) return;
    // Who reports to people does so when it is in the store.
    const reports: (() => void)[] = [];
    this.#store.claims.together(() => {
      for (const message of messages)
        try {
          reports.push(this.#apply(message));
        } catch (error) {
          if (!(error instanceof ClaimLost)) throw error;
          this.#ignore(message, error.message);
        }
    });
    for (const report of reports) report();
  }

  /** Writes what a message says. Returns what people are told of it. Throws ClaimLost. */
  #apply({ trial: id, attempt, event }: QueueMessage): () => void {
    const { claims } = this.#store;
    const { onReport, onNote } = this.#options;
    const fence = { id, attempt };
    switch (event.kind) {
      case 'taken':
        if (claims.adopt(fence, ownerOf(event.worker)) === 'refused') this.#refused.push({ trial: id, attempt });
        return () => {};
      case 'begun':
        claims.begin(fence, event.step);
        return () => onReport?.({ kind: 'began', id, step: event.step, attempt });
      case 'row': {
        const { step, trainLoss, valLoss } = event.row;
        claims.measure(fence, event.row);
        return () => onReport?.({ kind: 'step', id, step, loss: trainLoss ?? valLoss, examplesPerSecond: null });
      }
      case 'alive':
        claims.renew(fence, event.step);
        return () => onReport?.({ kind: 'step', id, step: event.step, loss: null, examplesPerSecond: null });
      case 'ended': {
        const { kind: _, ...result } = event;
        claims.end(fence, result);
        this.#ended.add(keyOf({ trial: id, attempt }));
        const { status, note } = result;
        return () => onReport?.({ kind: 'ended', id, status, ...(note === undefined ? {} : { note }) });
      }
      case 'crashed': {
        const status = claims.crash(fence, event.how);
        this.#ended.add(keyOf({ trial: id, attempt }));
        const times = (this.#crashed.get(id)?.times ?? 0) + 1;
        this.#crashed.set(id, { times, until: this.#now() + backOff[Math.min(times, backOff.length) - 1]! });
        const then = status === 'failed' ? 'too often; it counts as failed' : 'it goes on from its checkpoint';
        return () => {
          onNote?.(`the process of trial ${id.slice(0, 8)} ended (${event.how}): ${then}`);
          onReport?.({ kind: 'ended', id, status, note: event.how });
        };
      }
    }
  }

  #takeBack({ trial: id, attempt }: Fence): void {
    try {
      this.#store.claims.end({ id, attempt }, { status: 'queued', step: null });
      this.#options.onNote?.(
        `trial ${id.slice(0, 8)}: the worker of attempt ${attempt} is gone; somebody else goes on`,
      );
      this.#options.onReport?.({ kind: 'ended', id, status: 'queued' });
    } catch (error) {
      // It ended with its last words.
      if (!(error instanceof ClaimLost)) throw error;
    }
  }

  async #offer(): Promise<Remaining> {
    const store = this.#store;
    const waiting = store.claims.waitingAttempts();
    const now = this.#now();
    // The study may have been edited since somebody last coordinated it.
    if (this.#offeredAll === Number.NEGATIVE_INFINITY)
      await this.#queue.retain(new Set(store.trials().map((t) => t.id)));
    // What carries the offers may have lost some.
    if (now - this.#offeredAll > offeringAgain) {
      this.#offered.clear();
      this.#offeredAll = now;
    }
    const due = waiting.filter(
      ({ id, attempt }) =>
        !this.#offered.has(keyOf({ trial: id, attempt })) &&
        (this.#crashed.get(id)?.until ?? Number.NEGATIVE_INFINITY) <= now,
    );
    // What was offered and waits no longer was taken, or is cancelled: then nobody is to take it.
    const waits = new Set(waiting.map(({ id, attempt }) => keyOf({ trial: id, attempt })));
    const taken = [...this.#offered].filter((key) => !waits.has(key));
    const cancelled = taken.map(fenceOfKey).filter(({ trial }) => store.isHeld(trial) !== false);
    if (cancelled.length > 0) await this.#queue.withdraw(cancelled);
    for (const key of taken) this.#offered.delete(key);
    const study = store.storedName() ?? '';
    const { priority = 0 } = this.#options;
    const wanted = store.claims.offered(due.map(({ id }) => id));
    const gone = await this.#queue.offer(
      wanted.map((trial) => ({
        offer: offerOf(trial, { study, priority, from: store.path }),
        known: () => (trial.attempt === 1 ? [] : store.curve(trial.id)),
      })),
    );
    for (const { id, attempt } of due) this.#offered.add(keyOf({ trial: id, attempt }));
    if (gone.length > 0) await this.#queue.cancel(gone);
    for (const fence of gone)
      if (store.claims.adopt({ id: fence.trial, attempt: fence.attempt }, silentWorker) === 'adopted')
        this.#takeBack(fence);
    return { queued: waiting.length, running: this.#running().length };
  }

  /** Said once an attempt: it goes on talking until it hears that it is over. A new coordinator hears again what was applied long ago. */
  #ignore({ trial, attempt, event }: QueueMessage, why: string): void {
    const key = keyOf({ trial, attempt });
    if (this.#ignored.has(key) || event.kind !== 'row') return;
    this.#ignored.add(key);
    const row = this.#store.trial(trial);
    if (row?.status === 'running') this.#options.onNote?.(why);
  }
}

/** Took a trial, and was gone before it said who it was. */
const silentWorker = { host: 'a worker that said nothing', pid: 0, started: '' };

/** The owner that the store names: of another machine always, since only its own words tell whether it lives. */
const ownerOf = ({ worker, host, pid }: Announcement) => ({ host: `worker ${worker} on ${host}`, pid, started: '' });

const keyOf = ({ trial, attempt }: Fence) => `${trial} ${attempt}`;

function fenceOfKey(key: string): Fence {
  const [trial, attempt] = key.split(' ');
  return { trial: trial!, attempt: Number(attempt) };
}
