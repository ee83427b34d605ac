/** The computation of a study as commands show it: mistakes by line, live progress on standard error, Ctrl-C saves and ends it. */
import {
  type ComputedStudy,
  computeStudy,
  type LayOut,
  layingOut,
  type StudyOptions,
  StudyProgress,
} from '../../../../app/study/index.ts';
import { listenForInterrupts } from '../../../terminal/interrupts.ts';
import { runningCommand } from '../../../terminal/invocation.ts';
import type { RunOptions } from '../options/run-options.ts';
import { listingMistakes } from './mistakes.ts';
import { type ShownProgress, showProgress } from './study-progress.ts';

/** Lays a study file out; its mistakes have a line each on standard error. */
export async function layingOutListed(path: string, { data }: { readonly data?: string | undefined }): Promise<LayOut> {
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
  let progress: ShownProgress | undefined;
  try {
    return await work(
      {
        doing: runningCommand(),
        signal,
        onRound: (layout, trials) => {
          const quiet = json && !process.stderr.isTTY;
          progress = showProgress(new StudyProgress(layout, trials), process.stderr, quiet);
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
export const computeShown = (
  layOut: LayOut,
  options: RunOptions & Pick<StudyOptions, 'handOut'> & { readonly out: string },
): Promise<ComputedStudy> => showing(options, (shown) => computeStudy(layOut, { ...options, ...shown }));
