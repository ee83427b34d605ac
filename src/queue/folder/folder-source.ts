import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../formats/index.ts';
import { type Announcement, type Fence, type Offer, offerSchema, type TrialEvent } from '../../schema/index.ts';
import { ClaimLost, type MeasurementRow } from '../../store/index.ts';
import type { HeldTrial, TrialSource } from '../driver.ts';
import { fits } from '../fits.ts';
import { curveAfter, EventReader, EventWriter, rowsIn } from './event-files.ts';
import { makeExclusively, makeFolders, namesIn } from './exclusive.ts';
import { fenceOfName, keyOf, keyOfName, QueuePlaces, waitingName } from './places.ts';

/** Most bytes of an offer. */
const longestOffer = 1 << 21;

/** Milliseconds for which the list of offers is taken to be as it was: on a network file system looking at thousands takes a while. */
const looking = 2000;
/** Milliseconds between two announcements of what a worker is at. */
const announcing = 1000;

/** Takes trials of a study from its shared folder. */
export class FolderSource implements TrialSource {
  readonly #places: QueuePlaces;
  readonly #worker: Announcement;
  /** Offers that this worker cannot compute, or that are none, by name. */
  readonly #passed = new Set<string>();
  readonly #held = new Map<string, Fence>();
  /** Names of offers that were there when it was last looked, the most urgent last. */
  #listed: string[] = [];
  #looked = Number.NEGATIVE_INFINITY;
  #announced = Number.NEGATIVE_INFINITY;

  constructor(study: string, worker: Announcement) {
    this.#places = new QueuePlaces(study);
    this.#worker = worker;
  }

  async claim(): Promise<HeldTrial | undefined> {
    const places = this.#places;
    if (existsSync(places.drain)) return undefined;
    for (const name of this.#names()) {
      if (this.#passed.has(name)) continue;
      const offer = this.#offerNamed(name);
      if (offer === undefined || !fits(offer.requires, this.#worker)) {
        // One that is gone was taken by another worker.
        if (offer !== undefined || existsSync(join(places.waiting, name))) this.#passed.add(name);
        continue;
      }
      const fence = { trial: offer.trial, attempt: offer.attempt };
      const mine = makeExclusively(places.claim(fence), `${JSON.stringify({ offer, worker: this.#worker })}\n`);
      rmSync(join(places.waiting, name), { force: true });
      if (!mine || existsSync(places.overOf(fence))) continue;
      const held = this.#hold(offer, fence);
      this.#held.set(keyOf(fence), fence);
      if (performance.now() - this.#announced > announcing) await this.announce();
      return held;
    }
    return undefined;
  }

  /** Says that this worker is there, and what it works on. */
  async announce(): Promise<void> {
    this.#announced = performance.now();
    const { workers } = this.#places;
    const report = { ...this.#worker, trials: [...this.#held.values()] };
    await writeFileAtomic(join(workers, `${this.#worker.worker}.json`), `${JSON.stringify(report)}\n`);
  }

  async close(): Promise<void> {
    rmSync(join(this.#places.workers, `${this.#worker.worker}.json`), { force: true });
  }

  /** Names of offers, the most urgent first; each once for every look into the folder. */
  *#names(): Generator<string> {
    const now = performance.now();
    if (this.#listed.length === 0 || now - this.#looked > looking) {
      this.#listed = namesIn(this.#places.waiting).reverse();
      this.#looked = now;
    }
    for (let name = this.#listed.pop(); name !== undefined; name = this.#listed.pop()) yield name;
  }

  #offerNamed(name: string): Offer | undefined {
    const named = fenceOfName(name);
    if (!named) return undefined;
    try {
      const text = readFileSync(join(this.#places.waiting, name), 'utf8');
      if (text.length > longestOffer) return undefined;
      const offer = offerSchema.safeParse(JSON.parse(text)).data;
      return offer && keyOf(offer) === keyOfName(named) ? offer : undefined;
    } catch {
      return undefined;
    }
  }

  #hold(offer: Offer, fence: Fence): HeldTrial {
    const places = this.#places;
    makeFolders(places.messageFolder(fence));
    const events = new EventWriter(places.events(fence));
    const next = { ...fence, attempt: fence.attempt + 1 };
    let over = false;
    const say = (event: TrialEvent) => {
      if (
        over ||
        existsSync(places.overOf(fence)) ||
        existsSync(places.claim(next)) ||
        !existsSync(places.claim(fence))
      )
        throw new ClaimLost(
          `trial ${fence.trial.slice(0, 8)}: attempt ${fence.attempt} no longer owns it; what it computed is not stored`,
        );
      events.write(event);
    };
    const finish = (event: TrialEvent) => {
      say(event);
      over = true;
      events.close();
      this.#held.delete(keyOf(fence));
    };
    const { trial: id, attempt, spec, budgetSteps, budgetSeconds } = offer;
    return {
      ...{ id, attempt, spec, budgetSteps, budgetSeconds },
      folder: places.trialFolder(fence),
      from: places.waiting,
      known: () => knownBefore(places, fence),
      begin: (step) => say({ kind: 'begun', step }),
      measure: (row) => say({ kind: 'row', row }),
      renew: (step) => say({ kind: 'alive', step }),
      end: ({ status, step, note, hardware, secondsPerStep }) => {
        finish({
          kind: 'ended',
          status,
          step,
          ...(note === undefined ? {} : { note }),
          ...(hardware === undefined ? {} : { hardware }),
          ...(secondsPerStep === undefined ? {} : { secondsPerStep }),
        });
        // The coordinator need not be there for others to go on with it.
        if (status === 'queued')
          makeExclusively(
            join(places.waiting, waitingName(next, offer)),
            `${JSON.stringify({ ...offer, attempt: next.attempt })}\n`,
          );
      },
      crash: (how) => finish({ kind: 'crashed', how }),
      settled: async () => {},
    };
  }
}

/** What attempts before this one have measured: what the coordinator had stored when it last offered the trial, and what was said since. */
function knownBefore(places: QueuePlaces, { trial, attempt }: Fence): MeasurementRow[] {
  let from = attempt;
  while (from > 1 && !existsSync(places.known({ trial, attempt: from }))) from--;
  let rows = rowsIn(places.known({ trial, attempt: from }));
  for (let before = from; before < attempt; before++)
    rows = curveAfter(rows, new EventReader(places.events({ trial, attempt: before })).read());
  return rows;
}
