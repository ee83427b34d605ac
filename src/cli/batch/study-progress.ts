import { type ProcessReport, pointName, type StudyLayout } from '../../batch/index.ts';
import { createProgress, type ProgressStream } from '../../report/index.ts';
import type { StudyStore } from '../../store/index.ts';

export interface StudyProgress {
  readonly report: (report: ProcessReport) => void;
  readonly note: (note: string) => void;
  finish(): void;
}

/** Progress of a study, by the floating-point operations that are done of those that it asks for. */
export function studyProgress(
  layout: StudyLayout,
  store: StudyStore,
  stream: ProgressStream,
  quiet: boolean,
): StudyProgress {
  const weight = new Map(
    layout.trials.map((t) => [t.id, layout.flopsPerExample.get(t.points[0]!.workload.name)! * t.spec.config.batchSize]),
  );
  const budget = new Map(layout.trials.map((t) => [t.id, t.budgetSteps]));
  const done = new Map<string, number>();
  for (const { id, status, step, budgetSteps } of store.trials())
    if (budget.has(id)) done.set(id, status === 'queued' || status === 'running' ? step : budgetSteps);
  const sum = (steps: ReadonlyMap<string, number>) =>
    [...steps].reduce((total, [id, step]) => total + step * (weight.get(id) ?? 0), 0);
  const names = new Map(
    layout.trials.map(({ id, points: [p] }) => [
      id,
      pointName({ ...p!, workload: p!.workload.name, strategy: p!.strategy.name }),
    ]),
  );
  const progress = createProgress({ stream, total: sum(budget), from: sum(done), label: layout.name, quiet });
  const ended = () => [...done].filter(([id, step]) => step >= (budget.get(id) ?? 0)).length;
  return {
    report: (report) => {
      if (report.kind === 'broken') return;
      const { id } = report;
      if (report.kind === 'ended') {
        if (report.status !== 'queued') done.set(id, budget.get(id) ?? 0);
        if (!quiet && !stream.isTTY)
          stream.write(`${names.get(id)}: ${report.status}${report.note ? ` (${report.note})` : ''}\n`);
      } else done.set(id, report.step);
      const detail =
        report.kind === 'step' ? `, step ${report.step} of ${budget.get(id)}, loss ${report.loss.toFixed(3)}` : '';
      progress.update(sum(done), `${ended()} of ${layout.trials.length} trials; ${names.get(id)}${detail}`);
    },
    note: (note) => {
      if (!quiet) stream.write(`${stream.isTTY ? '\r\u001b[2K' : ''}note: ${note}\n`);
    },
    finish: () => progress.finish(),
  };
}
