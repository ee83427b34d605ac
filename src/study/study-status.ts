import type { StudyStatus } from '../schema/index.ts';
import { StudyStore } from '../store/index.ts';
import { countTrials, type StudyCounts } from './count-trials.ts';
import { gridOf } from './declare/grid.ts';
import { parseStudyFile } from './declare/study-file.ts';
import { findEdges } from './edges.ts';
import { measuredIn } from './measured/read-study.ts';

export type { StudyStatus };

/** A trial's first point, in words. */
export function pointName(p: {
  readonly workload: string;
  readonly strategy: string;
  readonly batchSize: number;
  readonly baseRate: number;
  readonly seed: number;
}): string {
  return `${p.workload}, ${p.strategy}, batch ${p.batchSize}, rate ${p.baseRate}, seed ${p.seed}`;
}

/** Reads the status of the study in a folder. Throws FileError for a folder without one. */
export async function statusOf(folder: string): Promise<StudyStatus> {
  const store = await StudyStore.openToRead(folder);
  try {
    const { name, text } = store.study();
    // Frees the trials of processes that are gone, so that nothing looks as if it were running.
    store.claims.waiting();
    const rows = store.trials();
    const points = store.points();
    const names = new Map([...points].reverse().map((p) => [p.trialId, pointName(p)]));
    const statuses = new Map(rows.map((t) => [t.id, t.status]));
    const places = new Map<string, StudyStatus['points'][number] & { trials: Record<keyof StudyCounts, number> }>();
    for (const { workload, strategy, batchSize, trialId } of points) {
      const key = [workload, strategy, batchSize].join('\n');
      const place = places.get(key) ?? {
        workload,
        strategy,
        batchSize,
        trials: { queued: 0, running: 0, complete: 0, stopped: 0, infeasible: 0, failed: 0 },
      };
      place.trials[statuses.get(trialId)!]++;
      places.set(key, place);
    }
    const attempts = new Map(store.attempts().map((a) => [a.trialId, a]));
    const { grid } = gridOf(parseStudyFile(text, `${folder}: study`), { extra: store.extensions() });
    return {
      study: name,
      trials: countTrials(store),
      outOfGrid: store.trials({ all: true }).length - rows.length,
      points: [...places.values()],
      running: rows
        .filter((t) => t.status === 'running')
        .map(({ id, step, budgetSteps }) => {
          const attempt = attempts.get(id)!;
          return { trial: names.get(id)!, step: Math.max(step, attempt.toStep ?? 0), budgetSteps, pid: attempt.pid };
        }),
      failed: rows
        .filter((t) => t.status === 'failed')
        .map(({ id, note }) => ({ trial: names.get(id)!, note: note ?? '' })),
      edges: findEdges(measuredIn(store), grid.points),
    };
  } finally {
    store.close();
  }
}
