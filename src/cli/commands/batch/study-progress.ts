import type { StudyOptions } from '../../../app/index.ts';
import { createProgressLines, formatCount, type ProgressStream } from '../../../report/index.ts';
import { pointName, type StudyLayout } from '../../../study/index.ts';

export interface StudyProgress {
  readonly report: NonNullable<StudyOptions['onReport']>;
  readonly note: (note: string) => void;
  finish(): void;
}

/** How far a trial is. */
type TrialProgress = Parameters<NonNullable<StudyOptions['onRound']>>[1][number];

/** Progress of a study, by the floating-point operations that are done of those that it asks for (by examples, where another program trains); on a terminal with a line for each trial that runs. */
export function studyProgress(
  { name, trials: laidOut, flopsPerExample }: StudyLayout,
  trials: readonly TrialProgress[],
  stream: ProgressStream,
  quiet: boolean,
): StudyProgress {
  const isCounted = [...flopsPerExample.values()].every((flops) => flops !== undefined);
  const known = new Map(
    laidOut.map(({ id, budgetSteps, points: [point] }) => {
      const { workload, strategy, batchSize } = point!;
      const words = pointName({ ...point!, workload: workload.name, strategy: strategy.name });
      const work = (isCounted ? flopsPerExample.get(workload.name)! : 1) * batchSize;
      return [id, { words, budgetSteps, work }];
    }),
  );
  const done = new Map<string, number>();
  let ended = 0;
  for (const { id, status, step, budgetSteps } of trials) {
    const waits = status === 'queued' || status === 'running';
    done.set(id, waits ? Math.min(step, budgetSteps) : budgetSteps);
    if (!waits) ended++;
  }
  const work = (steps: (id: string, budget: number) => number) =>
    [...known].reduce((sum, [id, t]) => sum + steps(id, t.budgetSteps) * t.work, 0);
  const doneWork = () => work((id) => done.get(id) ?? 0);
  const lines = createProgressLines({
    stream,
    total: work((_, budget) => budget),
    from: doneWork(),
    label: name,
    quiet,
  });
  return {
    report: (report) => {
      const trial = report.kind === 'broken' ? undefined : known.get(report.id);
      if (report.kind === 'broken' || !trial) return;
      const { id } = report;
      if (report.kind === 'ended') {
        lines.line(id, undefined);
        if (report.status !== 'queued') {
          done.set(id, trial.budgetSteps);
          ended++;
          lines.say(`${trial.words}: ${report.status}${report.note ? ` (${report.note})` : ''}`);
        }
      } else {
        done.set(id, report.step);
        const loss = report.kind === 'step' && report.loss !== null ? `, loss ${report.loss.toFixed(3)}` : '';
        lines.line(id, `${trial.words}: step ${formatCount(report.step)} of ${formatCount(trial.budgetSteps)}${loss}`);
      }
      lines.update(doneWork(), `${ended} of ${laidOut.length} trials`);
    },
    note: (note) => lines.say(`note: ${note}`),
    finish: () => lines.finish(),
  };
}
