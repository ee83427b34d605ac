import type { RuntimeOptions } from '../../runtime/index.ts';
import type { Claim, StudyStore } from '../../store/index.ts';
import type { DataShelf } from '../study-data.ts';

/** A trial that this process has claimed, and what it is computed with. */
export interface TrialRequest {
  readonly store: StudyStore;
  readonly claim: Claim;
  readonly shelf: DataShelf;
  readonly runtime: RuntimeOptions;
  /** Graphics processors that a command may use, all of them that this process has; undefined leaves the environment as it is. */
  readonly gpus?: readonly string[] | undefined;
  /** What it runs on, for whoever reads its times. */
  readonly hardware: string;
  /** When it fires, the step is finished and saved, and the trial given back. */
  readonly signal: AbortSignal;
  readonly onBegin?: (step: number) => void;
  readonly onStep?: (state: {
    readonly step: number;
    readonly loss: number | null;
    readonly examplesPerSecond: number | null;
  }) => void;
}

/** What came of it; `interrupted` gives it back. */
export interface TrialOutcome {
  readonly status: 'complete' | 'stopped' | 'interrupted' | 'infeasible' | 'failed';
  /** For people. */
  readonly note: string | undefined;
}

/** Milliseconds between signs of life. */
export const renewal = 10_000;
