import type { StudyProgress } from '../../../../app/study/index.ts';
import { createProgressLines, formatCount, type ProgressStream } from '../../../../report/index.ts';

/** Progress of a study on a stream; on a terminal with a line for each trial that runs. */
export interface ShownProgress {
  readonly report: (report: Parameters<StudyProgress['take']>[0]) => void;
  readonly note: (note: string) => void;
  finish(): void;
}

export function showProgress(progress: StudyProgress, stream: ProgressStream, quiet: boolean): ShownProgress {
  const { study: label, total, trials } = progress;
  const lines = createProgressLines({ stream, total, from: progress.done, label, quiet });
  return {
    report: (report) => {
      const news = progress.take(report);
      if (!news) return;
      const { id, name, step, budgetSteps, loss, ended } = news;
      if (report.kind === 'ended') {
        lines.line(id, undefined);
        if (ended !== undefined) lines.say(`${name}: ${ended}`);
      } else {
        const lossText = loss == null ? '' : `, loss ${loss.toFixed(3)}`;
        lines.line(id, `${name}: step ${formatCount(step)} of ${formatCount(budgetSteps)}${lossText}`);
      }
      lines.update(progress.done, `${progress.ended} of ${trials} trials`);
    },
    note: (note) => lines.say(`note: ${note}`),
    finish: () => lines.finish(),
  };
}
