import type { Statement, StudyReport, TargetAnalysis, WorkloadReport } from '../../study/analysis/index.ts';
import { formatCount, formatExact, formatNumber, plural } from '../numbers.ts';
import { type Paint, painter, truncate } from '../terminal/terminal-color.ts';
import { fitted, type TerminalOptions, terminalWidth } from '../terminal/terminal-width.ts';
import { alignColumns } from '../terminal/text-table.ts';
import { answerOf, answerTogether, batchCount, criticalText, outcomeTone, wrapped } from './verdict-text.ts';

const heads = ['batch', 'rate', 'reached', 'steps', 'epochs', 'speed-up', 'ideal', 'regime'];
const count = (x: number | null) => (x === null ? '-' : batchCount(x));
const short = (x: number | null) => (x === null ? '-' : formatNumber(x));

/** `linear until 64, half efficiency at 210; no flat part within the study`. */
function bendsText({ linearUntil, halfEfficiency, flatFrom }: TargetAnalysis['breakpoints']): string {
  const parts = [
    [linearUntil, 'linear until', 'linear part'],
    [halfEfficiency, 'half efficiency at', 'half efficiency'],
    [flatFrom, 'flat from', 'flat part'],
  ] as const;
  const seen = parts.flatMap(([at, where]) => (at === null ? [] : [`${where} ${count(at)}`]));
  const unseen = parts.flatMap(([at, , what]) => (at === null ? [what] : []));
  const missing = unseen.length > 0 ? [`no ${unseen.join(' and no ')} within the study`] : [];
  return [...(seen.length > 0 ? [seen.join(', ')] : []), ...missing].join('; ');
}

function strategyLines(name: string, analysis: TargetAnalysis, paint: Paint, width: number | undefined): string[] {
  const { baseBatch, baseProblem, breakpoints } = analysis;
  const rows = analysis.points.map((p) => [
    formatCount(p.batchSize),
    // A log that does not say the rate has 0 there, which nobody trains with.
    `${p.learningRate === 0 ? '-' : formatNumber(p.learningRate)}${p.edge === null ? ' ' : '*'}`,
    `${p.reached} of ${p.trials}`,
    p.stepsToTarget.median === null && p.stepsAtLeast !== null
      ? `> ${count(p.stepsAtLeast)}${p.endedByBudget ? ' (budget)' : ''}`
      : count(p.stepsToTarget.median),
    short(p.epochsToTarget.median),
    short(p.speedup),
    p.ideal === null ? '-' : formatExact(p.ideal),
    p.regime,
  ]);
  const [head, ...lines] = alignColumns([heads, ...rows], {
    left: [7],
    ...(width === undefined ? {} : { width: width - 2 }),
    drop: [4, 6, 1, 2],
  });
  return [
    paint(name, 'bold'),
    paint(`  ${head}`, 'dim'),
    ...lines.map((l, i) => (analysis.points[i]!.regime === 'not reached' ? paint(`  ${l}`, 'yellow') : `  ${l}`)),
    ...wrapped(
      `from batch ${count(baseBatch)}${baseProblem === null ? '' : ` (counts for no verdict: ${baseProblem})`}: ${bendsText(breakpoints)}`,
      2,
      width,
    ),
    ...wrapped(criticalText(analysis.criticalBatch), 2, width),
    '',
  ];
}

function workloadLines(workload: WorkloadReport, paint: Paint, width: number | undefined): string[] {
  const { name, model, dataset, targets, primaryTarget, strategies } = workload;
  const lines = targets.map(
    (t) =>
      `target ${t.name}: ${t.value === null ? `none, ${t.reason}` : formatNumber(t.value, 4)} (${t.rule})${t.name === primaryTarget ? ', shown here' : ''}`,
  );
  return [
    `${paint(truncate(name, 60), 'bold')}: ${model}, ${dataset}, ${plural(workload.trials, 'trial')}`,
    ...lines,
    '',
    ...strategies.flatMap((s) => strategyLines(s.name, s, paint, width)),
  ];
}

const statementLines = (statements: readonly Statement[], paint: Paint, width: number | undefined): string[] =>
  statements.flatMap((s) => [
    `  ${paint(s.verdict.padEnd(18), outcomeTone[s.verdict])}${s.statement}`,
    ...wrapped(s.answer, 20, width).map((l) => paint(l, 'dim')),
  ]);

/** What the paper says on several studies together, for the terminal. */
export function studiesTable(
  reports: readonly StudyReport<unknown>[],
  together: readonly Statement[],
  { color, width = terminalWidth() }: TerminalOptions,
): string {
  const paint = painter(color);
  return fitted(
    [
      ...reports.flatMap((r) => [paint(r.study, 'bold'), ...answerOf(r).flatMap((a) => wrapped(a, 2, width))]),
      '',
      `What the paper (arXiv 1811.12941) says, on these ${reports.length} studies together:`,
      ...statementLines(together, paint, width),
      ...wrapped(answerTogether(together), 0, width),
      '',
    ].join('\n'),
    width,
  );
}

/** The primary target of every workload and the statements of the paper, for the terminal; the other targets are in the report and in the JSON. */
export function batchTable(report: StudyReport<unknown>, { color, width = terminalWidth() }: TerminalOptions): string {
  const paint = painter(color);
  const edge = report.workloads.some((w) => w.strategies.some((s) => s.points.some((p) => p.edge !== null)));
  const budget = report.workloads.some((w) => w.strategies.some((s) => s.points.some((p) => p.endedByBudget)));
  return fitted(
    [
      ...answerOf(report).flatMap((a) => wrapped(a, 0, width)),
      '',
      ...report.workloads.flatMap((w) => workloadLines(w, paint, width)),
      ...(edge ? [paint('* the best rate is at the edge of its grid: a better one may lie beyond', 'yellow'), ''] : []),
      ...(budget
        ? [paint('(budget) ended before 3 times the fewest steps to the target: counts for no verdict', 'yellow'), '']
        : []),
      'What the paper (arXiv 1811.12941) says, on this study:',
      ...statementLines(report.statements, paint, width),
      '',
    ].join('\n'),
    width,
  );
}
