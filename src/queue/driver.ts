/**
 * Where trials run, from both of its sides. A driver is one of each: whoever coordinates a study has the queue, whoever computes has the source. Every message names a trial and the
 * attempt that it is of; what an attempt says that no longer owns its trial changes nothing.
 */
import type { Fence, Offer, QueueMessage, WorkerReport } from '../schema/index.ts';
import type { MeasurementRow } from '../store/index.ts';
import type { TakenTrial } from '../study/index.ts';

/** A trial that was taken, with what goes beyond computing it. */
export interface HeldTrial extends TakenTrial {
  /** Its process ended, and nothing more will come of this attempt. Throws ClaimLost. */
  crash(how: string): void;
  /** Resolves when all that was said of it has arrived where it lasts. Throws ClaimLost and FileError. */
  settled(): Promise<void>;
}

/** The worker's side. */
export interface TrialSource {
  /** Takes the next trial that this worker can compute; undefined when none waits for one like it. No other worker gets the same attempt. */
  claim(): Promise<HeldTrial | undefined>;
  /** Tells that this worker is there, where that is told. */
  announce(): Promise<void>;
  close(): Promise<void>;
}

/** A trial that is handed out, with what is stored of its curve. */
export interface HandedOut {
  readonly offer: Offer;
  readonly known: () => readonly MeasurementRow[];
}

/** What is left of a study. */
export interface Remaining {
  /** Trials that wait. */
  readonly queued: number;
  /** Trials that workers have. */
  readonly running: number;
}

/** The coordinator's side: the one who writes the store. */
export interface TrialQueue {
  /** Gives workers folders of files that trials name, by name; until `clear`. Throws BallastError for more than can be given. */
  supply(folders: ReadonlyMap<string, string>): Promise<void>;
  /**
   * Hands out trials, the most urgent first, each with the attempt that whoever takes it makes. To offer an attempt twice is to offer it once. Resolves to those that nobody will take any
   * more: a worker took them, and was gone or refused them before it said so.
   */
  offer(offers: readonly HandedOut[]): Promise<readonly Fence[]>;
  /** What workers have said since the last call, the messages of a trial in their order; again from the beginning for a coordinator that is new. */
  receive(): Promise<readonly QueueMessage[]>;
  /** These attempts are over: those that wait are taken back, and whoever works on one is told that it has lost it. */
  cancel(fences: readonly Fence[]): Promise<void>;
  /** Of attempts that workers hold, those whose worker is gone for certain. */
  lost(held: readonly Fence[]): Promise<readonly Fence[]>;
  /** Takes back what waits of these attempts; one that was taken is not touched. */
  withdraw(fences: readonly Fence[]): Promise<void>;
  /** Takes back what waits of trials that are none of these: the study no longer asks for them. */
  retain(trials: ReadonlySet<string>): Promise<void>;
  /** Whether trials are given out: workers end what they have, and take nothing new while it drains. */
  drain(draining: boolean): Promise<void>;
  isDraining(): Promise<boolean>;
  workers(): Promise<readonly WorkerReport[]>;
  /** Sees to it that somebody computes what waits; nothing where workers come by themselves. Throws BallastError where that is refused for good. */
  serve(remaining: Remaining): Promise<void>;
  /** Nothing is waited for any more: what was handed out is forgotten, and who still works on it has lost it. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
