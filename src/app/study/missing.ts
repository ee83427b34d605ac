/** What is missing of a study, and what that takes: nothing is computed but a few steps to time them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultThreads, parseDevice } from '../../runtime/index.ts';
import type { MissingOfStudy } from '../../schema/index.ts';
import { StudyStore } from '../../store/index.ts';
import {
  type Estimate,
  estimateStudy,
  type LaidOutTrial,
  machineShare,
  missingTrials,
  type StudyLayout,
} from '../../study/index.ts';
import type { LayOut, StudyOptions } from './compute-study.ts';

/** Where it would be computed, and who is told how far the timing is. */
export interface MissingOptions extends Pick<StudyOptions, 'maxParallel' | 'threads' | 'device' | 'gpus'> {
  /** The study on disk; all is missing without. */
  readonly out?: string | undefined;
  readonly onProgress?: ((share: number, what: string) => void) | undefined;
}

/** Throws as laying out does, and UsageError for a device that is not there. */
export async function missingOfStudy(layOut: LayOut, options: MissingOptions): Promise<MissingOfStudy> {
  const { out, gpus, threads: all = defaultThreads(), device = 'cpu', onProgress } = options;
  const { layout, missing } = await compared(out, layOut);
  const { maxParallel } = machineShare(layout, { threads: all, gpus }, options.maxParallel);
  const threads = Math.max(1, Math.floor(all / maxParallel));
  const machine = { device: parseDevice(device), threads };
  const workloads = await estimateStudy(layout, missing, machine, (share, what) => onProgress?.(share, what));
  const sum = (of: keyof Estimate) => workloads.reduce((total, w) => total + (w[of] ?? 0), 0);
  const minutesOf = (seconds: number | null) => (seconds === null ? null : seconds / 60 / maxParallel);
  return {
    study: layout.name,
    points: layout.points.length,
    trials: layout.trials.length,
    missing: missing.length,
    workloads: workloads.map(({ trainingSeconds, evaluationSeconds, ...w }) => ({
      ...w,
      trainingMinutes: minutesOf(trainingSeconds),
      evaluationMinutes: minutesOf(evaluationSeconds),
    })),
    flops: sum('flops'),
    bytes: sum('bytes'),
    minutes: (sum('trainingSeconds') + sum('evaluationSeconds')) / 60 / maxParallel,
    // Whose time is not known before they have run for a while: the sums are without them.
    commands: workloads.filter((w) => w.trainingSeconds === null).map((w) => w.name),
    assumption: `every trial uses up its budget; ${maxParallel} at a time with ${threads} thread${threads === 1 ? '' : 's'} each, as fast as now`,
  };
}

/** The study, with the rates that were added to it before, and what the store lacks of it. */
async function compared(
  out: string | undefined,
  layOut: LayOut,
): Promise<{ layout: StudyLayout; missing: readonly LaidOutTrial[] }> {
  if (out === undefined || !existsSync(join(out, 'study.sqlite'))) {
    const layout = await layOut([]);
    return { layout, missing: layout.trials };
  }
  const store = await StudyStore.openToRead(out);
  try {
    const layout = await layOut(store.extensions());
    return { layout, missing: missingTrials(store, layout) };
  } finally {
    store.close();
  }
}
