import type { RuntimeOptions } from '../../runtime/index.ts';
import type { Claim, MeasurementRow, TrialResult } from '../../store/index.ts';
import type { DataShelf } from '../study-data.ts';

/**
 * A trial that somebody has taken to compute it: what it is, where its files lie, and who is told what comes of it. What is told carries the attempt, and
 * throws ClaimLost once another attempt owns the trial.
 */
export interface TakenTrial extends Claim {
  /** Of its files. */
  readonly folder: string;
  /** Where its settings come from, for messages. */
  readonly from: string;
  /** What is stored of its curve. */
  known(): MeasurementRow[];
  /** It is computed from this step on: what is stored of later ones will be made again. */
  begin(step: number): void;
  measure(row: MeasurementRow): void;
  /** A sign of life, with the step that is done. */
  renew(step: number): void;
  end(result: TrialResult): void;
}

/** A trial, and what it is computed with. */
export interface TrialRequest {
  readonly trial: TakenTrial;
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
