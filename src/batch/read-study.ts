import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../errors.ts';
import { databaseName, StudyStore } from '../store/index.ts';
import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload } from './measured.ts';

/**
 * What the study in a folder has measured so far. A trial that several points of the grid come to is there once for each; measurements beyond
 * a point's budget, of a trial that was allowed more for another, are left out. Throws FileError for a folder without a study.
 *
 * @param options.all Also what is no longer in the grid.
 */
export async function readStudy(folder: string, options: { readonly all?: boolean } = {}): Promise<MeasuredStudy> {
  requireStudy(folder);
  const store = await StudyStore.open(folder);
  try {
    return measuredIn(store, options);
  } finally {
    store.close();
  }
}

/** Throws FileError for a folder without a study, which opening a store would make one of. */
export function requireStudy(folder: string): void {
  if (!existsSync(join(folder, databaseName)))
    throw new FileError(folder, `has no ${databaseName}; expected the folder of a batch study`);
}

/** The same from an open store. */
export function measuredIn(store: StudyStore, options: { readonly all?: boolean } = {}): MeasuredStudy {
  const trials = new Map(store.trials({ all: true }).map((t) => [t.id, t]));
  return {
    name: store.study().name,
    workloads: [...store.workloads(options).values()].map((facts) => JSON.parse(facts) as MeasuredWorkload),
    trials: store.points(options).map((point): MeasuredTrial => {
      const { workload, strategy, batchSize, baseRate, learningRate, seed, budgetSteps, trialId } = point;
      const { status, secondsPerStep, hardware } = trials.get(trialId)!;
      return {
        id: trialId,
        workload,
        strategy,
        batchSize,
        baseRate,
        learningRate,
        seed,
        status,
        budgetSteps,
        measurements: store.curve(trialId, budgetSteps),
        secondsPerStep,
        hardware,
      };
    }),
  };
}
