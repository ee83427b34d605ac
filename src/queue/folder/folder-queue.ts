import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeError } from '../../formats/index.ts';
import {
  type Announcement,
  announcementSchema,
  type Fence,
  fenceSchema,
  offerSchema,
  type QueueMessage,
  type WorkerReport,
} from '../../schema/index.ts';
import type { HandedOut, Remaining, TrialQueue } from '../driver.ts';
import { EventReader, rowsText } from './event-files.ts';
import { makeExclusively, makeFolders, namesIn } from './exclusive.ts';
import { fenceOfName, keyOf, keyOfName, QueuePlaces, waitingName } from './places.ts';

export interface FolderQueueOptions {
  /** Milliseconds without a sign of life after which a worker counts as gone, by the clock of whoever waits for it. */
  readonly lease?: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** How long a worker that is still announced may have been silent, in milliseconds. */
const shownFor = 60_000;

const claimSchema = z.object({ offer: offerSchema, worker: announcementSchema });
const reportSchema = announcementSchema.extend({ trials: fenceSchema.array().max(10_000) });

/** What is known of an attempt that was taken. */
interface Followed {
  readonly fence: Fence;
  readonly worker: Announcement;
  readonly reader: EventReader;
  over: boolean;
}

/** Hands the trials of a study out through its folder, which all machines see: no port, no database. */
export class FolderQueue implements TrialQueue {
  readonly places: QueuePlaces;
  readonly #lease: number;
  readonly #now: () => number;
  readonly #followed = new Map<string, Followed>();
  readonly #seen = new Map<string, { readonly bytes: number; readonly at: number }>();

  constructor(study: string, { lease = 120_000, now = () => performance.now() }: FolderQueueOptions = {}) {
    this.places = new QueuePlaces(study);
    this.#lease = lease;
    this.#now = now;
    makeFolders(...this.places.folders);
  }

  /** They lie in the shared folder. */
  async supply(_: ReadonlyMap<string, string>): Promise<void> {}

  async offer(handed: readonly HandedOut[]): Promise<readonly Fence[]> {
    const { places } = this;
    const there = new Set(
      [...namesIn(places.waiting), ...namesIn(places.claims), ...namesIn(places.over)].flatMap((name) => {
        const fence = fenceOfName(name);
        return fence ? [keyOfName(fence)] : [];
      }),
    );
    for (const { offer, known } of handed) {
      if (there.has(keyOf(offer))) continue;
      const rows = known();
      if (rows.length > 0) {
        makeFolders(places.messageFolder(offer));
        makeExclusively(places.known(offer), rowsText(rows));
      }
      makeExclusively(join(places.waiting, waitingName(offer, offer)), `${JSON.stringify(offer)}\n`);
    }
    // Who takes one says so by taking it.
    return [];
  }

  async receive(): Promise<readonly QueueMessage[]> {
    const { places } = this;
    const messages: QueueMessage[] = [];
    for (const name of namesIn(places.claims)) {
      const named = fenceOfName(name);
      if (!named || this.#followed.has(keyOfName(named))) continue;
      const claim = claimIn(join(places.claims, name));
      if (!claim || keyOf(claim.offer) !== keyOfName(named)) continue;
      const { trial, attempt } = claim.offer;
      const fence = { trial, attempt };
      this.#followed.set(keyOf(fence), {
        fence,
        worker: claim.worker,
        reader: new EventReader(places.events(fence)),
        over: false,
      });
      messages.push({ ...fence, event: { kind: 'taken', worker: claim.worker } });
    }
    for (const followed of this.#followed.values()) {
      if (followed.over) continue;
      for (const event of followed.reader.read()) {
        messages.push({ ...followed.fence, event });
        if (event.kind === 'ended' || event.kind === 'crashed') followed.over = true;
      }
    }
    // An attempt is begun when the one before it is over.
    return messages.sort((a, b) => a.attempt - b.attempt);
  }

  async cancel(fences: readonly Fence[]): Promise<void> {
    if (fences.length === 0) return;
    for (const fence of fences) makeExclusively(this.places.overOf(fence), '');
    await this.withdraw(fences);
  }

  async withdraw(fences: readonly Fence[]): Promise<void> {
    const { places } = this;
    const keys = new Set(fences.map(keyOf));
    for (const name of namesIn(places.waiting)) {
      const named = fenceOfName(name);
      if (named && keys.has(keyOfName(named))) rmSync(join(places.waiting, name), { force: true });
    }
  }

  async lost(held: readonly Fence[]): Promise<readonly Fence[]> {
    const now = this.#now();
    const keys = new Set(held.map(keyOf));
    for (const key of this.#seen.keys()) if (!keys.has(key)) this.#seen.delete(key);
    return held.filter((fence) => {
      const key = keyOf(fence);
      const bytes = statSync(this.places.events(fence), { throwIfNoEntry: false })?.size ?? 0;
      const seen = this.#seen.get(key);
      if (seen?.bytes === bytes) return now - seen.at > this.#lease;
      this.#seen.set(key, { bytes, at: now });
      return false;
    });
  }

  async retain(trials: ReadonlySet<string>): Promise<void> {
    const { waiting } = this.places;
    const kept = new Set([...trials].map((trial) => trial.slice(0, 16)));
    for (const name of namesIn(waiting)) {
      const named = fenceOfName(name);
      if (named && !kept.has(named.start)) rmSync(join(waiting, name), { force: true });
    }
  }

  async drain(draining: boolean): Promise<void> {
    const { drain } = this.places;
    if (!draining) rmSync(drain, { force: true });
    else if (!existsSync(drain)) makeExclusively(drain, '');
  }

  async isDraining(): Promise<boolean> {
    return existsSync(this.places.drain);
  }

  /** Those that have said so within the last minute, by the clock of the file system. */
  async workers(): Promise<readonly WorkerReport[]> {
    const { workers } = this.places;
    const clock = join(workers, '.clock');
    try {
      writeFileSync(clock, '');
    } catch (cause) {
      throw writeError(clock, cause);
    }
    const now = statSync(clock).mtimeMs;
    return namesIn(workers).flatMap((name) => {
      const path = join(workers, name);
      const told = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (told === undefined || now - told > shownFor) return [];
      try {
        const report = reportSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
        return report ? [report] : [];
      } catch {
        return [];
      }
    });
  }

  async serve(_: Remaining): Promise<void> {}

  async clear(): Promise<void> {
    for (const folder of this.places.folders)
      for (const name of namesIn(folder)) rmSync(join(folder, name), { force: true });
    this.#followed.clear();
    await this.drain(false);
  }

  async close(): Promise<void> {}

  /** Who holds an attempt, where it was seen to be taken. */
  protected holder(fence: Fence): Announcement | undefined {
    return this.#followed.get(keyOf(fence))?.worker;
  }
}

/** Who has taken which offer; undefined for a file of somebody else. */
function claimIn(path: string): z.infer<typeof claimSchema> | undefined {
  try {
    return claimSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
