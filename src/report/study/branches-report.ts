import * as Plot from '@observablehq/plot';
import type { BranchesResult } from '../../schema/index.ts';
import { draw } from '../kit/draw.ts';
import { figure, legend } from '../kit/figure.ts';
import { type Html, html } from '../kit/html.ts';
import { logAxisOf } from '../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../kit/log-axis-marks.ts';
import { renderPage, type Section } from '../kit/page.ts';
import { colors } from '../kit/palette.ts';
import { reportFooter } from '../kit/report-footer.ts';
import { formatCount, formatDuration, formatExact, typesetNumber } from '../numbers.ts';
import { branchesSentences, criticalText } from './branches-sentences.ts';
import { differenceText } from './branches-table.ts';

/** B* with its intervals, the noise scale and the batch over the examples seen. */
function alongFigure({ moments, warmUp, totalExamples }: BranchesResult): Html {
  const known = moments.map((m) => ({
    x: m.examples,
    low: m.critical.low,
    high: m.critical.high,
    value: m.critical.value,
    noise: m.noiseScale,
  }));
  const values = [
    ...known.flatMap((m) => [m.low, m.high, m.value, m.noise]),
    ...warmUp.stages.map((s) => s.batchSize),
  ].filter((v) => v !== null);
  const axis = logAxisOf(values, formatExact);
  const steps = warmUp.stages.flatMap((s, i) => [
    { x: s.fromExamples, y: s.batchSize },
    { x: warmUp.stages[i + 1]?.fromExamples ?? totalExamples, y: s.batchSize },
  ]);
  return figure({
    title: 'Critical batch size along the training',
    panelWidth: 640,
    legend: legend([
      { label: 'B*, with its 95 % interval', color: colors.above, mark: 'dot' },
      { label: 'noise scale of the gradient', color: colors.below, mark: 'dot' },
      { label: 'batch of the warm-up that follows', color: colors.soft, mark: 'dashed' },
    ]),
    panels: [
      {
        title: 'examples a step',
        body: draw({
          ariaLabel: 'B* with its intervals, the noise scale and the batch of the warm-up, over the examples seen',
          width: 760,
          height: 300,
          marginLeft: 56,
          marginBottom: 40,
          x: { domain: [0, totalExamples], label: 'examples seen', labelAnchor: 'center', labelArrow: 'none' },
          y: logScale(axis),
          marks: [
            ...logAxisMarks(axis, null),
            Plot.line(steps, { x: 'x', y: 'y', stroke: colors.soft, strokeDasharray: '4,3' }),
            Plot.ruleX(known, {
              x: 'x',
              y1: 'low',
              y2: (m) => m.high ?? axis.domain[1],
              stroke: colors.above,
              strokeWidth: 3,
            }),
            Plot.dot(
              known.filter((m) => m.value !== null),
              { x: 'x', y: 'value', fill: colors.above, r: 5 },
            ),
            Plot.dot(
              known.filter((m) => m.noise !== null),
              { x: 'x', y: 'noise', stroke: colors.below, r: 4, symbol: 'square' },
            ),
          ],
        }),
      },
    ],
    caption:
      'A bar runs to the top where the upper end of its interval is open; its point is where mean differences meet the margin. Squares: noise scale. The batch of the warm-up follows from the estimates.',
  });
}

function momentTable({ moments }: BranchesResult): Html {
  return html`<div class="table"><table><thead><tr><th>step</th><th>examples</th><th>batch</th><th>rate</th><th>B*</th><th>Merrill et al.</th><th>noise scale</th><th>branches</th></tr></thead>
<tbody>${moments.map(
    (
      m,
    ) => html`<tr><td>${formatCount(m.step)}</td><td>${formatCount(m.examples)}</td><td>${formatCount(m.batchSize)}</td><td>${typesetNumber(m.learningRate)}</td>
<td>${criticalText(m.critical)}</td><td>${m.merrill === null ? 'none' : formatCount(m.merrill)}</td><td>${m.noiseScale === null ? '–' : formatCount(Math.round(m.noiseScale))}</td><td>${formatCount(m.cost.branches)}</td></tr>\n`,
  )}</tbody></table></div>`;
}

function batchTable({ moments }: BranchesResult): Html {
  return html`<div class="table"><table><thead><tr><th>step</th><th>batch</th><th>rate</th><th>steps</th><th>outcome</th><th>loss minus the run’s own</th><th>orders</th></tr></thead>
<tbody>${moments.flatMap((m) =>
    m.batches.map(
      (b) =>
        html`<tr><td>${formatCount(m.step)}</td><td>${formatCount(b.batchSize)}</td><td>${typesetNumber(b.learningRate)}</td><td>${formatCount(b.steps)}</td><td>${b.outcome}</td><td>${differenceText(b.difference)}</td><td>${formatCount(b.orders)}</td></tr>\n`,
    ),
  )}</tbody></table></div>`;
}

const notes: Html = html`<ul class="notes">
<li><b>From the paper</b> (Merrill et al., arXiv 2505.23971): from a checkpoint, branches go on at k times the batch for the same number of examples; doubling the batch once B* is twice as large is its warm-up. Its rule, a fixed tolerance on the exponential mean of the training loss in one order, stands beside ours.</li>
<li><b>Our choice: the test.</b> Differences on fixed held-out data, in pairs of the same order of the data, Student’s t; safe where the upper end of the interval lies below the margin, unsafe where the lower one lies above. Looks at more orders share the 5 %.</li>
<li><b>Our choice: the interval.</b> From the largest batch up to which all are safe to the smallest from which on all are unsafe: fixed sequences of tests, so each end errs in at most 2.5 %.</li>
<li><b>Not the B_crit of a study.</b> That is the bend of the steps to a target over whole trainings with tuned rates; B* holds at one moment, for one rate and margin. Neither need be the noise scale.</li>
</ul>`;

/** The page of branches of a training. */
export function renderBranchesReport(result: BranchesResult, { command }: { readonly command: string }): string {
  const [answer, schedule, ...rest] = branchesSentences(result);
  const sections: Section[] = [
    { title: 'Along the training', body: [alongFigure(result), momentTable(result)] },
    { title: 'Every batch size that was tried', body: [batchTable(result)] },
    { title: 'What it rests on', body: [html`<ul class="notes">${rest.map((s) => html`<li>${s}</li>\n`)}</ul>`] },
    { title: 'What is the paper’s and what is ours', body: [notes] },
  ];
  return renderPage({
    title: `Critical batch size of ${result.name} by branches`,
    answer: [answer!, schedule!],
    lede: `Branches from ${formatCount(result.moments.length)} checkpoints of one training on ${result.dataset}, in ${formatDuration(result.seconds)}.`,
    sections,
    footer: reportFooter(result.environment, command),
  });
}
