import {
  DataShelf,
  type Edge,
  type ExtraRate,
  extend,
  findEdges,
  layOutStudy,
  measuredIn,
  readStudyFile,
  runStudy,
  type StudyCounts,
  type StudyLayout,
  syncStudy,
} from '../../batch/index.ts';
import { defaultThreads } from '../../runtime/index.ts';
import { StudyStore } from '../../store/index.ts';
import { listingMistakes } from './mistakes.ts';
import type { RunOptions } from './run-options.ts';
import { studyProgress } from './study-progress.ts';

/** What a run of a study has come to. */
export interface ComputedStudy {
  readonly name: string;
  readonly status: 'complete' | 'interrupted';
  readonly counts: StudyCounts;
  readonly edges: readonly Edge[];
}

/** Lays a study file out, with rates beyond the edges of its grid. */
export async function layingOut(
  path: string,
  { data }: Pick<RunOptions, 'data'>,
): Promise<(extra: readonly ExtraRate[]) => Promise<StudyLayout>> {
  const parsed = await listingMistakes(() => readStudyFile(path));
  const shelf = new DataShelf();
  return (extra) => listingMistakes(() => layOutStudy(parsed, { dir: data, extra, shelf }));
}

/** Computes what is missing of a study in `out`, with live lines on standard error. SIGINT and SIGTERM save and end it. */
export async function computeStudy(
  layOut: (extra: readonly ExtraRate[]) => Promise<StudyLayout>,
  { out, json = false, maxParallel, threads, device, failFast, extend: extending }: RunOptions,
): Promise<ComputedStudy> {
  // A study that cannot be run leaves no trace.
  let layout = await layOut([]);
  const store = await StudyStore.open(out);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    for (;;) {
      const extra = store.extensions();
      if (extra.length > 0) layout = await layOut(extra);
      syncStudy(store, layout);
      const progress = studyProgress(layout, store, process.stderr, json && !process.stderr.isTTY);
      const { status, counts } = await runStudy({
        store,
        maxParallel,
        threads: threads ?? defaultThreads(),
        device,
        failFast: failFast === true,
        signal: stop.signal,
        onReport: progress.report,
        onNote: progress.note,
      }).finally(() => progress.finish());
      const edges = findEdges(measuredIn(store), layout.points);
      if (status === 'complete' && extending && extend(store, edges)) continue;
      return { name: layout.name, status, counts, edges };
    }
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    store.close();
  }
}
