/**
 * Where trials run, from both of its sides. A driver is one of each: whoever coordinates a study has the queue, whoever computes has the source. Every message names a trial and the
 * attempt that it is of; what an attempt says that no longer owns its trial changes nothing.
 */
import type { Announcement, Fence, Offer, QueueMessage, WorkerReport } from '../schema/index.ts';
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
  close(): Promise<void>;
}

/** The coordinator's side: the one who writes the store. */
export interface TrialQueue {
  /** Hands out trials, the most urgent first, each with the attempt that whoever takes it makes. To offer an attempt twice is to offer it once. */
  offer(offers: readonly Offer[]): Promise<void>;
  /** What workers have said since the last call, the messages of a trial in their order; again from the beginning for a coordinator that is new. */
  receive(): Promise<readonly QueueMessage[]>;
  /** These attempts are over: those that wait are taken back, and whoever works on one is told that it has lost it. */
  cancel(fences: readonly Fence[]): Promise<void>;
  /** Of attempts that workers hold, those whose worker is gone for certain. */
  lost(held: readonly Fence[]): Promise<readonly Fence[]>;
  /** Whether trials are given out: workers end what they have, and take nothing new while it drains. */
  drain(draining: boolean): Promise<void>;
  workers(): Promise<readonly WorkerReport[]>;
  close(): Promise<void>;
}

export type { Announcement };
