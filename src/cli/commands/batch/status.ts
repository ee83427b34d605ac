import { Command } from 'commander';
import { alignColumns, formatCount } from '../../../report/index.ts';
import { studyStatusKind } from '../../../schema/index.ts';
import { type StudyStatus, statusOf } from '../../../study/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { printDocument } from '../../terminal/print-document.ts';
import { batchSummaries } from './summaries.ts';
import { countsText, edgeText } from './texts.ts';

export function statusCommand(): Command {
  return new Command('status')
    .description(batchSummaries.status)
    .argument('<dir>', 'the study on disk')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast batch status study'))
    .action(async (dir: string, { json = false }: { json?: boolean }) => {
      const status = await statusOf(dir);
      if (json) printDocument(studyStatusKind, { folder: dir }, status);
      else process.stdout.write(textOf(status));
    });
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
