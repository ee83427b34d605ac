import type { Statement, StudyReport } from '../../study/analysis/index.ts';
import { type Html, html } from '../kit/html.ts';
import { renderPage } from '../kit/page.ts';
import { madeBy } from '../kit/report-footer.ts';
import { formatCount, plural } from '../numbers.ts';
import { statementList } from './statement-list.ts';
import type { BatchReportOptions } from './study-report.ts';
import { answerTogether, intervalText } from './verdict-text.ts';

/** Studies with the pages of their own, in the same order, from where this page is; null for one that has none. */
export interface StudiesReportOptions extends Omit<BatchReportOptions, 'cost'> {
  /** The statements on all of them together. */
  readonly together: readonly Statement[];
  readonly pages: readonly (string | null)[];
}

const cell = (s: Statement | undefined) =>
  !s || s.verdict === 'not testable here'
    ? html`<td class="said">–</td>`
    : html`<td class="said" title="${s.answer}">${s.verdict} (${s.agreeing} of ${s.testable})</td>`;

function verdicts(reports: readonly StudyReport<unknown>[], together: readonly Statement[]): Html {
  return html`<div class="table words"><table><thead><tr><th>statement of the paper</th><th class="said">all together</th>${reports.map((r) => html`<th class="said">${r.study}</th>`)}</tr></thead>
<tbody>${together.map(
    (s) =>
      html`<tr><td style="white-space: normal; min-width: 22em">${s.statement}</td>${cell(s)}${reports.map((r) => cell(r.statements.find(({ id }) => id === s.id)))}</tr>\n`,
  )}</tbody></table></div>
<p>In brackets: how many observations agree, of how many that the study could test; – where it could test none. What an observation is, and its numbers, stand in the report of each study, where they are corrected for the observations of that study; together they are corrected for those of all.</p>`;
}

function critical(reports: readonly StudyReport<unknown>[]): Html {
  const count = (x: number | null) => (x === null ? '–' : formatCount(Math.round(x)));
  const rows = reports.flatMap((r) =>
    r.workloads.flatMap((w) =>
      w.strategies
        .filter((s) => s.rates === 'tuned')
        .map((s) => ({
          cells: [
            r.study,
            w.name,
            s.name,
            s.target,
            count(s.breakpoints.linearUntil),
            count(s.breakpoints.halfEfficiency),
            count(s.breakpoints.flatFrom),
            count(s.criticalBatch.value),
            s.criticalBatch.value === null ? s.criticalBatch.reason : intervalText(s.criticalBatch),
            s.criticalBatch.condition ?? (s.criticalBatch.value === null ? '' : 'measured'),
          ],
        })),
    ),
  );
  const heads = [
    'study',
    'workload',
    'strategy',
    'target',
    'linear until',
    'half efficiency',
    'flat from',
    'B_crit',
    '95 %',
    'standing',
  ];
  const said = (head: string) => (head === '95 %' || head === 'standing' ? html` class="said"` : null);
  return html`<div class="table words"><table><thead><tr>${heads.map((h) => html`<th${said(h)}>${h}</th>`)}</tr></thead>
<tbody>${rows.map(({ cells }) => html`<tr>${cells.map((c, i) => html`<td${said(heads[i]!)}>${c}</td>`)}</tr>\n`)}</tbody></table></div>`;
}

/** The page over several studies: what the paper says, study by study. */
export function renderStudiesReport(
  reports: readonly StudyReport<unknown>[],
  { command, made, pages, together }: StudiesReportOptions,
): string {
  const trials = reports.reduce((n, r) => n + r.workloads.reduce((m, w) => m + w.trials, 0), 0);
  return renderPage({
    title: 'On the computational inefficiency of large batches',
    answer: [answerTogether(together)],
    lede: `What Golmant et al. (arXiv 1811.12941) say, held against ${plural(trials, 'trial')} of ${plural(reports.length, 'study', 'studies')}.`,
    sections: [
      { title: 'Statements', body: [statementList(together)] },
      { title: 'Study by study', body: [verdicts(reports, together)] },
      { title: 'Where the curves bend', body: [critical(reports)] },
      {
        title: 'Studies',
        body: [
          html`<ul class="notes">${reports.map(
            (r, i) =>
              html`<li>${pages[i] ? html`<a href="${pages[i]}">${r.study}</a>` : r.study}: ${r.workloads.map((w) => `${w.name} (${w.model} on ${w.dataset}, ${plural(w.trials, 'trial')})`).join('; ')}</li>\n`,
          )}</ul>`,
        ],
      },
    ],
    footer: html`${command ? html`<p><code>${command}</code></p>` : null}
<p>Made by ${madeBy(made)}.</p>`,
  });
}
