import { requireFree } from '../../app/index.ts';
import {
  DataShelf,
  type Edge,
  type ExtraRate,
  extend,
  findEdges,
  layOutStudy,
  machineShare,
  measuredIn,
  readStudyFile,
  runStudy,
  type StudyCounts,
  type StudyLayout,
  syncStudy,
} from '../../batch/index.ts';
import { UsageError } from '../../errors.ts';
import { ownFolder, quote } from '../../formats/index.ts';
import { defaultThreads } from '../../runtime/index.ts';
import { StudyStore } from '../../store/index.ts';
import { listenForInterrupts } from '../interrupts.ts';
import { runningCommand } from '../output-folder.ts';
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
  {
    out,
    json = false,
    maxParallel,
    threads,
    device,
    gpus,
    failFast,
    extend: extending,
  }: RunOptions & { readonly out: string },
): Promise<ComputedStudy> {
  // A study that cannot be run leaves no trace.
  let layout = await layOut([]);
  const machine = { threads: threads ?? defaultThreads(), gpus };
  const share = machineShare(layout, machine, maxParallel);
  requireFree(out, ['study.sqlite']);
  // Runs of one study share its folder: they share its trials through the store.
  const owner = await ownFolder(out, { doing: runningCommand(), shared: true, sweepDepth: 0 });
  const interrupts = listenForInterrupts();
  let store: StudyStore | undefined;
  try {
    store = await openedFor(layout.name, out);
    for (;;) {
      const extra = store.extensions();
      if (extra.length > 0) layout = await layOut(extra);
      syncStudy(store, layout);
      const progress = studyProgress(layout, store, process.stderr, json && !process.stderr.isTTY);
      const { status, counts } = await runStudy({
        store,
        ...share,
        threads: machine.threads,
        device,
        gpus,
        failFast: failFast === true,
        signal: interrupts.signal,
        onReport: progress.report,
        onNote: progress.note,
      }).finally(() => progress.finish());
      const edges = findEdges(measuredIn(store), layout.points);
      if (status === 'complete' && extending && extend(store, edges)) continue;
      return { name: layout.name, status, counts, edges };
    }
  } finally {
    interrupts.end();
    store?.close();
    owner.release();
  }
}

/** The store of a study in its folder. Throws UsageError where another one lies. */
async function openedFor(name: string, folder: string): Promise<StudyStore> {
  const store = await StudyStore.open(folder);
  const found = store.storedName();
  if (found === undefined || found === name) return store;
  store.close();
  throw new UsageError(`${folder}: holds the study ${quote(found)}, not ${quote(name)}; choose another folder`);
}
