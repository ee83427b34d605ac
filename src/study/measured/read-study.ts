import { FileError } from '../../base/errors.ts';
import { nameProblem, pathNameSchema, quote } from '../../formats/index.ts';
import { measuredWorkload } from '../../schema/index.ts';
import { StudyStore } from '../../store/index.ts';
import type { MeasuredStudy, MeasuredTrial, MeasuredWorkload } from './measured.ts';
import { fromStored } from './stored-json.ts';

/**
 * What the study in a folder has measured so far. A trial that several points of the grid come to is there once for each; measurements beyond
 * a point's budget, of a trial that was allowed more for another, are left out. Throws FileError for a folder without a study.
 *
 * @param options.all Also what is no longer in the grid.
 */
export async function readStudy(folder: string, options: { readonly all?: boolean } = {}): Promise<MeasuredStudy> {
  const store = await StudyStore.openToRead(folder);
  try {
    return measuredIn(store, options);
  } finally {
    store.close();
  }
}

/** Facts of a workload, as a store has them: they may come from elsewhere, and its names become paths. Throws FileError. */
function workloadOf(facts: string, path: string): MeasuredWorkload {
  return fromStored(namedWorkloadSchema, facts, path, 'facts of a workload');
}

const namedWorkloadSchema = measuredWorkload.extend({
  name: pathNameSchema,
  model: pathNameSchema,
  dataset: pathNameSchema,
});

/** The same from an open store. Throws FileError for one whose content is not what Ballast writes. */
export function measuredIn(store: StudyStore, options: { readonly all?: boolean } = {}): MeasuredStudy {
  const trials = new Map(store.trials({ all: true }).map((t) => [t.id, t]));
  const workloads = [...store.workloads(options).values()].map((facts) => workloadOf(facts, store.path));
  const declared = new Set(workloads.map((w) => w.name));
  return {
    name: store.study().name,
    workloads,
    trials: store.points(options).map((point): MeasuredTrial => {
      const { workload, strategy, batchSize, baseRate, learningRate, seed, budgetSteps, trialId } = point;
      const problem = nameProblem(strategy);
      if (problem !== undefined) throw new FileError(store.path, `strategy ${quote(strategy)}: ${problem}`);
      if (!declared.has(workload))
        throw new FileError(
          store.path,
          `is damaged: a point is of the workload ${quote(workload)}, which it has no facts of`,
        );
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
