import { setTimeout } from 'node:timers/promises';
import { BallastError } from '../base/errors.ts';
import type { StudyStore } from '../store/index.ts';
import { countTrials } from '../study/index.ts';
import { Coordinator } from './coordinator.ts';
import type { TrialQueue } from './driver.ts';
import type { StudyRunResult } from './local/run-study.ts';
import type { ProcessReport } from './process/trial-process-messages.ts';

export interface CoordinatedRun {
  readonly store: StudyStore;
  readonly queue: TrialQueue;
  readonly priority?: number;
  /** End with the first trial that fails. */
  readonly failFast: boolean;
  /** When it fires, this process ends; workers go on. */
  readonly signal: AbortSignal;
  readonly onReport?: ((report: ProcessReport) => void) | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
  /** Milliseconds between rounds. */
  readonly polling?: number;
}

/** Coordinates a study that is handed out, until nothing is left or it is told to end. Throws BallastError for what concerns all trials, and with `failFast` when one has failed. */
export async function coordinateStudy(run: CoordinatedRun): Promise<StudyRunResult> {
  const { store, queue, signal, failFast, polling = 1000 } = run;
  let failure: BallastError | undefined;
  const coordinator = new Coordinator({
    ...run,
    onReport: (report) => {
      run.onReport?.(report);
      if (failFast && report.kind === 'ended' && report.status === 'failed')
        failure ??= new BallastError(`trial ${report.id.slice(0, 8)} failed: ${report.note ?? ''}`);
    },
  });
  await queue.drain(store.paused);
  for (;;) {
    const remaining = await coordinator.round();
    if (failure) {
      await coordinator.cancel();
      await queue.clear();
      throw failure;
    }
    if (remaining.queued === 0 && remaining.running === 0) {
      await queue.clear();
      return { status: 'complete', counts: countTrials(store) };
    }
    // Paused: workers end what they have, and nothing new is given out until the study is run again.
    if (store.paused) await queue.drain(true);
    if (signal.aborted || store.paused) return { status: 'interrupted', counts: countTrials(store) };
    await queue.serve(remaining);
    await setTimeout(polling, undefined, { signal }).catch(() => {});
  }
}
