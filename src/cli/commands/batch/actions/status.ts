import { statusOf } from '../../../../app/study/index.ts';
import { alignColumns, formatCount } from '../../../../report/index.ts';
import { type StudyStatus, studyStatusKind } from '../../../../schema/index.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import { countsText, edgeText } from '../shown/texts.ts';

export async function status(dir: string, { json = false }: { readonly json?: boolean }): Promise<void> {
  const found = await statusOf(dir);
  if (json) printDocument(studyStatusKind, { folder: dir }, found);
  else process.stdout.write(textOf(found));
}

function textOf({ study, trials, outOfGrid, points, running, failed, edges }: StudyStatus): string {
  const columns = ['queued', 'running', 'complete', 'stopped', 'infeasible', 'failed'] as const;
  const rows = points.map((p) => [
    p.workload,
    p.strategy,
    String(p.batchSize),
    ...columns.map((c) => (p.trials[c] === 0 ? '-' : formatCount(p.trials[c]))),
  ]);
  const beside = outOfGrid > 0 ? `; ${formatCount(outOfGrid)} more in the store are not in the grid` : '';
  return [
    `${study}: ${countsText(trials)}${beside}`,
    ...alignColumns([['workload', 'strategy', 'batch', ...columns], ...rows], { left: [0, 1] }),
    ...running.map(
      (t) => `running: ${t.trial}, step ${formatCount(t.step)} of ${formatCount(t.budgetSteps)} (process ${t.pid})`,
    ),
    ...failed.map((t) => `failed: ${t.trial}: ${t.note}`),
    ...edges.map((edge) => `warning: ${edgeText(edge)}`),
    '',
  ].join('\n');
}
