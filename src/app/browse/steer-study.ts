/** What can be done to a study from outside: all of it is a state in its store, which whoever computes it looks at, so doing it twice is doing it once. */
import { StudyStore } from '../../store/index.ts';

async function withStore<T>(folder: string, work: (store: StudyStore) => T): Promise<T> {
  const store = await StudyStore.openToWrite(folder, { curves: false });
  try {
    return work(store);
  } finally {
    store.close();
  }
}

/** Lets all processes that compute the study finish their step, save and end; or lets it be computed again. Throws FileError. */
export const pauseStudy = (folder: string, paused: boolean): Promise<void> =>
  withStore(folder, (store) => {
    store.paused = paused;
  });

/** Queues trials again that failed or were cancelled. Returns how many. Throws FileError. */
export const requeueTrials = (folder: string, ids: readonly string[]): Promise<number> =>
  withStore(folder, (store) => store.claims.release(ids));

/** Trials that have not ended are not computed until they are queued again. Returns how many. Throws FileError. */
export const cancelTrials = (folder: string, ids: readonly string[]): Promise<number> =>
  withStore(folder, (store) => store.claims.hold(ids));
