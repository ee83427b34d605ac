import type { StoredStatus, StudyStore } from '../store/index.ts';

/** How many trials are in each state. */
export type StudyCounts = Readonly<Record<StoredStatus, number>>;

/** How many trials of the grid are in each state. */
export function countTrials(store: StudyStore): StudyCounts {
  const counts = { queued: 0, running: 0, complete: 0, stopped: 0, infeasible: 0, failed: 0 };
  for (const { status } of store.trials()) counts[status]++;
  return counts;
}
