import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CurveQuantity, StudyOverview, ThinnedCurve, TrialState } from '../../schema/serve/index.ts';
import { StudyStore } from '../../store/index.ts';
import { type CurveRange, type KnownEnd, type OpenStudy, progressOf, versionOfFiles } from './study-view.ts';
import { thinned } from './thinned.ts';

/** A study in its database, which other processes may be writing. */
export class StoredStudy implements OpenStudy {
  readonly source = 'database';
  readonly store: StudyStore;
  readonly #opened: string;

  private constructor(store: StudyStore, opened: string) {
    this.store = store;
    this.#opened = opened;
  }

  /** Throws FileError for a folder without a study, or with one that cannot be trusted. */
  static async open(folder: string): Promise<StoredStudy> {
    const opened = await versionOfFiles([join(folder, 'study.sqlite')]);
    return new StoredStudy(await StudyStore.openToRead(folder, { curves: false }), opened);
  }

  version(): Promise<string> {
    return versionOfFiles([this.store.path, `${this.store.path}-wal`]);
  }

  /** Whether what is open is no longer what lies there: another file, or a copy of what has changed since. */
  async isStale(): Promise<boolean> {
    if (!existsSync(this.store.path)) return true;
    const now = await versionOfFiles([this.store.path]);
    return this.store.isCopy ? now !== this.#opened : now.split('-')[2] !== this.#opened.split('-')[2];
  }

  overview(study: string): Omit<StudyOverview, 'cursor'> {
    const { store } = this;
    const { name, text } = store.study();
    // Frees the trials of processes that are gone, so that nothing looks as if it were running.
    store.claims.waiting();
    const attempts = store.attemptNumbers();
    const places = new Map([...store.points()].reverse().map((p) => [p.trialId, p]));
    const trials = store.trials().flatMap(({ id, status, held, step, budgetSteps, note }): TrialState[] => {
      const place = places.get(id);
      if (!place) return [];
      const { workload, strategy, batchSize, baseRate, learningRate, seed } = place;
      return [
        {
          ...{ id, workload, strategy, batchSize, baseRate, learningRate, seed },
          ...{ status, held, step, budgetSteps, note, attempt: attempts.get(id) ?? 0 },
        },
      ];
    });
    return {
      ...progressOf(study, name, trials, {
        paused: store.paused,
        working: trials.filter((t) => t.status === 'running').length,
      }),
      ...{ source: this.source, text, trials },
    };
  }

  curves(trials: readonly string[], quantity: CurveQuantity, { from, to, points }: CurveRange): ThinnedCurve[] {
    const attempts = this.store.attemptNumbers();
    return trials.map((trial) => ({
      trial,
      attempt: attempts.get(trial) ?? 0,
      ...thinned(
        this.store.series(trial, quantity, { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }),
        points,
      ),
    }));
  }

  /** What has come since; the whole curve, thinned, of a trial that another attempt has taken up, which may have made steps again. */
  tails(known: readonly KnownEnd[], quantity: CurveQuantity): ThinnedCurve[] {
    const attempts = this.store.attemptNumbers();
    return known.map(({ trial, attempt, step }) => {
      const now = attempts.get(trial) ?? 0;
      const again = now !== attempt;
      const found = this.store.series(trial, quantity, again ? {} : { from: step + 1 });
      return { trial, attempt: now, ...thinned(found, 1000) };
    });
  }

  close(): void {
    this.store.close();
  }
}
