import { join } from 'node:path';
import type { Fence } from '../../schema/index.ts';

/** Characters of a trial's id in names of files: as in the folder of its files. */
const short = 16;

const fenceName = ({ trial, attempt }: Fence) => `${trial.slice(0, short)}.${attempt}`;

/** Which files of a study's folder carry what, so that a shared folder is all that coordinator and workers need. */
export class QueuePlaces {
  readonly study: string;
  /** Offers that wait: their names sort by urgency. */
  readonly waiting: string;
  /** A file for each attempt that was taken, made by one worker alone. */
  readonly claims: string;
  /** A file for each attempt that is over, whatever its worker thinks. */
  readonly over: string;
  /** What workers say of themselves. */
  readonly workers: string;
  /** While it is there, nothing is taken. */
  readonly drain: string;

  constructor(study: string) {
    this.study = study;
    const queue = join(study, 'queue');
    this.waiting = join(queue, 'waiting');
    this.claims = join(queue, 'claims');
    this.over = join(queue, 'over');
    this.workers = join(queue, 'workers');
    this.drain = join(queue, 'drain');
  }

  get folders(): readonly string[] {
    return [this.waiting, this.claims, this.over, this.workers];
  }

  claim(fence: Fence): string {
    return join(this.claims, `${fenceName(fence)}.json`);
  }

  overOf(fence: Fence): string {
    return join(this.over, fenceName(fence));
  }

  /** Of a trial's own files: as `StudyStore.trialFolder` has it. */
  trialFolder({ trial }: Pick<Fence, 'trial'>): string {
    return join(this.study, 'trials', trial.slice(0, short));
  }

  messageFolder(trial: Pick<Fence, 'trial'>): string {
    return join(this.trialFolder(trial), 'queue');
  }

  /** What an attempt said, a line an event. */
  events(fence: Fence): string {
    return join(this.messageFolder(fence), `${fence.attempt}.jsonl`);
  }

  /** What was stored of a trial's curve when this attempt was offered. */
  known(fence: Fence): string {
    return join(this.messageFolder(fence), `${fence.attempt}.known.jsonl`);
  }
}

/** The beginning of a trial's id and an attempt, as names of files have them. */
export interface NamedFence {
  readonly start: string;
  readonly attempt: number;
}

/** A name in `waiting`: higher priorities first, then more work first. */
export function waitingName(fence: Fence, { priority, work }: { readonly priority: number; readonly work: number }) {
  const urgency = String(1000 - priority).padStart(4, '0');
  const length = String(9_999_999 - Math.round(100_000 * Math.min(99, Math.log2(1 + work)))).padStart(7, '0');
  return `${urgency}-${length}.${fenceName(fence)}.json`;
}

/** The attempt of a name in `waiting` or `claims`; undefined for a file of somebody else. */
export function fenceOfName(name: string): NamedFence | undefined {
  const match = /^(?:\d{4}-\d{7}\.)?([0-9a-f]{16})\.(\d{1,7})(?:\.json)?$/.exec(name);
  return match ? { start: match[1]!, attempt: Number(match[2]) } : undefined;
}

export const keyOf = (fence: Fence): string => fenceName(fence);
export const keyOfName = ({ start, attempt }: NamedFence): string => `${start}.${attempt}`;
