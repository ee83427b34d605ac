import { type Claim, type MeasurementRow, StudyStore, type TrialResult } from '../../store/index.ts';
import type { HeldTrial, TrialSource } from '../driver.ts';

/** The queue on one machine is the store itself: processes take trials from it and write into it. */
export class StoreSource implements TrialSource {
  readonly #store: StudyStore;

  constructor(store: StudyStore) {
    this.#store = store;
  }

  static async open(folder: string): Promise<StoreSource> {
    return new StoreSource(await StudyStore.open(folder, { trusted: true }));
  }

  async claim(): Promise<HeldTrial | undefined> {
    const claim = this.#store.claims.claim();
    return claim && heldIn(this.#store, claim);
  }

  async announce(): Promise<void> {}

  async close(): Promise<void> {
    this.#store.close();
  }
}

/** A claim of this process with the store that all of it goes into, at once. */
const heldIn = (store: StudyStore, claim: Claim): HeldTrial => ({
  ...claim,
  folder: store.trialFolder(claim.id),
  from: store.path,
  known: () => store.curve(claim.id),
  begin: (step) => store.claims.begin(claim, step),
  measure: (row: MeasurementRow) => store.claims.measure(claim, row),
  renew: (step) => store.claims.renew(claim, step),
  end: (result: TrialResult) => store.claims.end(claim, result),
  crash: (how) => void store.claims.crash(claim, how),
  settled: async () => {},
});
