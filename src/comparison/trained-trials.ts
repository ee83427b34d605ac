import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { groupBy } from '../base/group-by.ts';
import { StudyStore } from '../store/index.ts';
import { bestRateOf, isKnown, resolveTargets } from '../study/analysis/index.ts';
import {
  type MeasuredTrial,
  type MeasuredWorkload,
  measuredIn,
  type OwnTrialSpec,
  trialSpecOf,
} from '../study/index.ts';

/** A trial whose weights are there, with all strategies that come to it. */
export interface TrainedTrial {
  readonly trial: MeasuredTrial;
  readonly strategies: readonly string[];
  readonly spec: OwnTrialSpec;
  /** `model.safetensors` of the trial. */
  readonly weights: string;
}

export interface TrainedWorkload {
  readonly workload: MeasuredWorkload;
  /** By batch size, then strategy. */
  readonly trials: readonly TrainedTrial[];
}

export interface Skipped {
  readonly what: string;
  readonly why: string;
}

/**
 * The networks of a study that can be compared: of every strategy and batch size those with the best rate, all seeds; with `all` those of every
 * rate. Throws FileError for a folder without a study.
 */
export async function trainedTrials(
  folder: string,
  { all = false }: { readonly all?: boolean } = {},
): Promise<{ name: string; workloads: TrainedWorkload[]; skipped: Skipped[] }> {
  const store = await StudyStore.openToRead(folder);
  try {
    const study = measuredIn(store);
    const rows = new Map(store.trials().map((row) => [row.id, row]));
    const skipped: Skipped[] = [];
    const workloads = study.workloads.map((workload): TrainedWorkload => {
      const own = study.trials.filter((t) => t.workload === workload.name);
      const chosen = all ? own : bestTrials(workload, own);
      const trials = [...groupBy(chosen, (t) => t.id)].flatMap(([id, same]): TrainedTrial[] => {
        const trial = same[0]!;
        const what = `${workload.name}, ${trial.strategy}, batch ${trial.batchSize}, seed ${trial.seed}`;
        const spec = trialSpecOf(rows.get(id)!.spec, store.path);
        const weights = join(store.trialFolder(id), 'model.safetensors');
        if (trial.status !== 'complete' && trial.status !== 'stopped') {
          skipped.push({ what, why: trial.status === 'infeasible' ? 'diverged' : `is ${trial.status}` });
          return [];
        }
        if (spec.kind !== 'own') {
          skipped.push({ what, why: 'was trained by another program, whose network is not known' });
          return [];
        }
        if (!existsSync(weights)) {
          skipped.push({ what, why: 'its weights were not kept (keep: nothing, or the folder was deleted)' });
          return [];
        }
        return [{ trial, strategies: [...new Set(same.map((t) => t.strategy))], spec, weights }];
      });
      return { workload, trials: trials.sort((a, b) => a.trial.batchSize - b.trial.batchSize) };
    });
    return { name: study.name, workloads, skipped };
  } finally {
    store.close();
  }
}

/** Of each strategy and batch size the trials with the best rate: by the first target that has a value, else by the training loss in the end. */
function bestTrials(workload: MeasuredWorkload, trials: readonly MeasuredTrial[]): MeasuredTrial[] {
  const target = resolveTargets(workload, trials).find(isKnown);
  return [...groupBy(trials, (t) => `${t.strategy}\n${t.batchSize}`).values()].flatMap((group) => {
    const rate = target ? bestRateOf(group, target) : lowestLoss(group);
    return group.filter((t) => t.baseRate === rate);
  });
}

function lowestLoss(group: readonly MeasuredTrial[]): number {
  const lossOf = (t: MeasuredTrial) => t.measurements.at(-1)?.trainLoss ?? Number.POSITIVE_INFINITY;
  return group.reduce((best, t) => (lossOf(t) < lossOf(best) ? t : best)).baseRate;
}
