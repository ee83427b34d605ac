import { fitted, opening, type TerminalOptions, terminalWidth } from '../terminal/terminal-width.ts';
import { lossCurve } from './loss-curve.ts';
import { type TrainingOutcome, trainingAnswer } from './training-answer.ts';

/** What came of a run, and its training loss, for the terminal. */
export function trainingTable(
  run: TrainingOutcome & { readonly records: readonly { readonly epoch: number; readonly trainLoss: number }[] },
  { width = terminalWidth() }: TerminalOptions,
): string {
  const curve = lossCurve(
    run.records.map((r) => ({ x: r.epoch, y: r.trainLoss })),
    width === undefined ? {} : { columns: Math.max(10, Math.min(60, width - 12)) },
  );
  return fitted(
    [...opening([trainingAnswer(run)], width), ...(curve ? ['', 'training loss', curve.trimEnd()] : [])].join('\n'),
    width,
  );
}
