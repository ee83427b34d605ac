/** The computation of a study as commands show it: mistakes by line, live progress on standard error, Ctrl-C saves and ends it. */
import { type ComputedStudy, computeStudy, type LayOut, layingOut, type StudyOptions } from '../../../app/index.ts';
import { listenForInterrupts } from '../../terminal/interrupts.ts';
import { runningCommand } from '../../terminal/output-folder.ts';
import { listingMistakes } from './mistakes.ts';
import type { RunOptions } from './run-options.ts';
import { type StudyProgress, studyProgress } from './study-progress.ts';

/** Lays a study file out; its mistakes have a line each on standard error. */
export async function layingOutListed(path: string, { data }: Pick<RunOptions, 'data'>): Promise<LayOut> {
  const layOut = await listingMistakes(() => layingOut(path, { data }));
  return (extra) => listingMistakes(() => layOut(extra));
}

type Shown = Pick<StudyOptions, 'doing' | 'signal' | 'onRound' | 'onReport' | 'onNote' | 'onRoundEnd'>;

/** Does something with studies under way: live lines on standard error; SIGINT and SIGTERM save and end them. */
export async function showing<T>(
  { json = false }: Pick<RunOptions, 'json'>,
  work: (shown: Shown, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupts = listenForInterrupts();
  const { signal } = interrupts;
  let progress: StudyProgress | undefined;
  try {
    return await work(
      {
        doing: runningCommand(),
        signal,
        onRound: (layout, trials) => {
          progress = studyProgress(layout, trials, process.stderr, json && !process.stderr.isTTY);
        },
        onReport: (report) => progress?.report(report),
        onNote: (note) => progress?.note(note),
        onRoundEnd: () => progress?.finish(),
      },
      signal,
    );
  } finally {
    interrupts.end();
  }
}

/** Computes what is missing of a study in `out`. */
export const computeShown = (layOut: LayOut, options: RunOptions & { readonly out: string }): Promise<ComputedStudy> =>
  showing(options, (shown) => computeStudy(layOut, { ...options, ...shown }));
