import type { StrategyReport, StudyReport, Target, WorkloadReport } from '../../study/analysis/index.ts';
import { type Html, html } from '../kit/html.ts';
import { renderPage, type Section } from '../kit/page.ts';
import { strategyStyles } from '../kit/panel.ts';
import { madeBy } from '../kit/report-footer.ts';
import { formatCount, formatDuration, formatExact, formatPercent, plural, typesetNumber } from '../numbers.ts';
import { contourFigure } from './heat-figure.ts';
import {
  criticalFigure,
  generalizationFigure,
  linearErrorFigure,
  noiseFigure,
  profileFigure,
} from './quality-figures.ts';
import { speedupFigure, stepsFigure, tradeoffFigure } from './scaling-figures.ts';
import { statementList } from './statement-list.ts';
import { answerOf, intervalText } from './verdict-text.ts';

export interface BatchReportOptions {
  /** The command line that made the report, so that a reader can repeat it. */
  readonly command?: string;
  /** Version, date and machine. */
  readonly made: { readonly ballast: string; readonly date: string };
  /** What the cost model has to say, as a section of its own. */
  readonly cost?: Section;
}

const orDash = <T>(value: T | null, format: (value: T) => string): string => (value === null ? '–' : format(value));
const count = (x: number | null) =>
  orDash(x, (n) => (n < 100 && !Number.isInteger(n) ? typesetNumber(n, 3) : formatCount(n)));

function facts(report: StudyReport<unknown>): Html {
  return html`${report.workloads.map(
    (w) => html`<dl class="facts">
<dt>workload</dt><dd>${w.name}</dd>
<dt>network, data</dt><dd>${w.model}, ${w.dataset}${w.fraction < 1 ? ` (${formatPercent(w.fraction)} of it)` : ''}${w.complexity === null ? '' : `, complexity ${formatExact(w.complexity)}`}</dd>
<dt>an epoch</dt><dd>${w.examples > 0 ? `${formatCount(w.examples)} examples` : 'of unknown size'}</dd>
<dt>trials</dt><dd>${formatCount(w.trials)} of ${plural(w.strategies.filter((s) => s.rates === 'tuned').length, 'strategy', 'strategies')}: ${w.strategies
      .filter((s) => s.rates === 'tuned')
      .map((s) => s.name)
      .join(' · ')}</dd>
<dt>targets</dt><dd>${w.targets.map((t, i) => html`${i > 0 ? html`<br>` : null}${targetText(t, t.name === w.primaryTarget)}`)}</dd>
<dt>hardware</dt><dd>${w.hardware.length > 0 ? w.hardware.join('; ') : 'not said'}</dd>
</dl>`,
  )}`;
}

function targetText({ name, value, rule, reason }: Target, primary: boolean): Html {
  return html`<b>${name}</b>${primary ? ' (primary)' : ''}: ${value === null ? `no value, ${reason}` : typesetNumber(value, 4)} – ${rule}`;
}

const summaryHeads = [
  'workload',
  'strategy',
  'target',
  'm₀',
  'linear until',
  'half efficiency',
  'flat from',
  'B_crit',
  '95 % interval',
  'standing',
  'fit error',
];

/** A column of words, which are set to the left and may break. */
const said = (head: string) => (head === 'standing' ? html` class="said"` : null);

function summary(report: StudyReport<unknown>): Html {
  const rows = report.workloads.flatMap((w) =>
    w.strategies.flatMap((s) =>
      s.byTarget.map((t) => {
        const { linearUntil, halfEfficiency, flatFrom } = t.breakpoints;
        const { value, low, high, reason, fit, standing, condition } = t.criticalBatch;
        const interval =
          value !== null
            ? intervalText(t.criticalBatch)
            : low !== null
              ? `above ${count(low)}`
              : high !== null
                ? `below ${count(high)}`
                : '–';
        return {
          title: reason ?? condition,
          cells: [
            w.name,
            s.name,
            t.target,
            `${count(t.baseBatch)}${t.baseProblem === null ? '' : '*'}`,
            count(linearUntil),
            count(halfEfficiency),
            count(flatFrom),
            count(value),
            interval,
            standing === null ? '–' : standing === 'measured' ? 'measured' : `estimate: ${condition}`,
            fit ? formatPercent(fit.residual) : '–',
          ],
        };
      }),
    ),
  );
  return html`<div class="table words"><table><thead><tr>${summaryHeads.map((h) => html`<th${said(h)}>${h}</th>`)}</tr></thead>
<tbody>${rows.map(({ cells, title }) => html`<tr${title ? html` title="${title}"` : null}>${cells.map((c, i) => html`<td${said(summaryHeads[i]!)}>${c}</td>`)}</tr>\n`)}</tbody></table></div>
<p>m₀: the smallest batch that reaches the target with a rate that is tuned and off the edge of its grid; * : none is, so it is the smallest that reaches it and counts for no verdict. Half efficiency depends on m₀ (on the fitted curve it is B_crit + 2 m₀), B_crit does not. Break points are batch sizes: the largest with a speed-up of at least 0.8 m/m₀; where it falls to half of m/m₀; the one from which a doubling gains less than 5 %. – : not within the study.
Fit error: root mean square of the steps around the fitted curve. Where it is large the curve is no hyperbola and B_crit a summary of it. Intervals are by profile likelihood with a quantile of F; measured: at five batch sizes or more with three seeds each, from a base that counts.</p>`;
}

const pointHeads = [
  'batch',
  'rate',
  'rates',
  'trials',
  'reached',
  'steps',
  'least to largest',
  'smoothed',
  'epochs',
  'examples',
  'time',
  'speed-up',
  '95 %',
  'ideal',
  'regime',
];

function points(strategy: StrategyReport, workload: WorkloadReport): Html[] {
  return strategy.byTarget.map(({ target, points: rows }) => {
    const cells = rows.map((p) => {
      const { median, low, high } = p.stepsToTarget;
      const missing = [
        [p.censored, 'censored'],
        [p.infeasible, 'infeasible'],
        [p.failed, 'failed'],
        [p.pending, 'pending'],
      ] as const;
      const lost = missing.flatMap(([n, what]) => (n > 0 ? [`${n} ${what}`] : [])).join(', ');
      return {
        incomplete: median === null,
        cells: [
          formatCount(p.batchSize),
          // A log that does not say the rate has 0 there, which nobody trains with.
          `${p.learningRate === 0 ? '–' : typesetNumber(p.learningRate, 3)}${p.edge === null ? '' : p.edge === 'highest' ? ' ↑' : ' ↓'}`,
          String(p.rates),
          String(p.trials),
          lost === '' ? String(p.reached) : `${p.reached} (${lost})`,
          median === null && p.stepsAtLeast !== null
            ? `> ${count(p.stepsAtLeast)}${p.endedByBudget ? ' (budget)' : ''}`
            : count(median),
          p.trials < 2 ? '–' : `${count(low)} to ${count(high)}`,
          count(p.smoothedStepsToTarget.median),
          orDash(p.epochsToTarget.median, (x) => typesetNumber(x, 3)),
          count(p.examplesToTarget.median),
          orDash(p.secondsToTarget.median, formatDuration),
          orDash(p.speedup, (x) => typesetNumber(x, 3)),
          p.speedupInterval
            ? `${orDash(p.speedupInterval.low, (x) => typesetNumber(x, 3))} to ${orDash(p.speedupInterval.high, (x) => typesetNumber(x, 3))}`
            : '–',
          orDash(p.ideal, formatExact),
          p.regime,
        ],
      };
    });
    return html`<details><summary>${workload.name}, ${strategy.name}: ${target}</summary>
<div class="table"><table><thead><tr>${pointHeads.map((h) => html`<th>${h}</th>`)}</tr></thead>
<tbody>${cells.map((r) => html`<tr${r.incomplete ? html` class="incomplete"` : null}>${r.cells.map((c) => html`<td>${c}</td>`)}</tr>\n`)}</tbody></table></div></details>\n`;
  });
}

function contrasts({ comparison }: StudyReport<unknown>): Html | null {
  if (comparison.contrasts.length === 0) return null;
  const heads = [
    'factor',
    'strategy',
    'target',
    'from',
    'B_crit',
    'flat from',
    'to',
    'B_crit',
    'flat from',
    'ratio',
    '95 %',
  ];
  return html`<div class="table words"><table><thead><tr>${heads.map((h) => html`<th>${h}</th>`)}</tr></thead>
<tbody>${comparison.contrasts.map(({ factor, strategy, target, from, to, ratio, interval }) => {
    const cells = [
      factor,
      strategy,
      target,
      from.workload,
      count(from.criticalBatch.value),
      count(from.flatFrom),
      to.workload,
      count(to.criticalBatch.value),
      count(to.flatFrom),
      orDash(ratio, (x) => typesetNumber(x, 3)),
      interval ? intervalText(interval) : '–',
    ];
    return html`<tr>${cells.map((c) => html`<td>${c}</td>`)}</tr>\n`;
  })}</tbody></table></div>
<p>Pairs of workloads that differ in one factor and nothing else. Intervals of ratios by the profile likelihood of both curves; that two intervals overlap is no equality.</p>`;
}

function notes(report: StudyReport<unknown>): Html {
  const edges = report.workloads.flatMap((w) =>
    w.strategies
      .filter((s) => s.rates === 'tuned')
      .flatMap((s) => s.points.flatMap((p) => (p.edge === null ? [] : [`${s.name} at ${p.batchSize} (${p.edge})`]))),
  );
  return html`<ul class="notes">
<li><b>From the paper</b> (Golmant et al., arXiv 1811.12941): cost as iterations to a loss; speed-up s(m; m₀) = k(m₀)/k(m) against the ideal m/m₀; the three regimes; targets from the lowest quartile of losses that the largest batch reaches; the statements above.</li>
<li><b>Our choice: the quartile rule in numbers.</b> Of all ended trials of the workload’s largest batch the one with the best value; the quartile of its own evaluated values. It favours large batches, by construction.</li>
<li><b>Our choice: when a target is met.</b> Linear in steps between the last evaluation that misses it and the first that meets it. “Smoothed” is the same after a running median of five evaluations.</li>
<li><b>Our choice: rates and seeds.</b> Each batch size stands at the rate with the least median over its seeds; a seed that did not get there counts as last. “Rate kept” is the paper’s way: the base rate that is best at the smallest batch, at all of them.</li>
<li><b>Not reached is not slow.</b> A trial that ended short of the target bounds the steps from below; one that diverged is infeasible. Both stay out of medians as numbers and in as ranks.</li>
<li><b>Not the paper’s:</b> critical batch, noise scale and their fit are McCandlish et al.’s (arXiv 1812.06162); performance profiles Dolan and Moré’s. The thresholds 0.8, one half and 5 % are ours.</li>
${edges.length > 0 ? html`<li><b>Rates at the edge of their grid</b>, so a better one may lie beyond: ${edges.join('; ')}.</li>` : null}
</ul>`;
}

/** The report of `ballast batch report` as one HTML file without scripts that fetches nothing. */
export function renderBatchReport(report: StudyReport<unknown>, options: BatchReportOptions): string {
  const trials = report.workloads.reduce((n, w) => n + w.trials, 0);
  const each = (of: (w: WorkloadReport) => Html | null) => report.workloads.map(of).filter((f) => f !== null);
  const styles = strategyStyles(report.workloads.flatMap((w) => w.strategies));
  const critical = criticalFigure(report, styles);
  const linear = linearErrorFigure(report, styles);
  const compared = contrasts(report);
  const sections: Section[] = [
    { title: 'What was measured', body: [facts(report)] },
    { title: 'The paper’s statements on this study', body: [statementList(report.statements)] },
    {
      title: 'How far larger batches pay',
      body: [summary(report), ...each((w) => stepsFigure(w, styles)), ...each((w) => speedupFigure(w, styles))],
    },
    {
      title: 'Critical batch size',
      body: [
        ...(critical ? [critical] : []),
        ...each((w) => tradeoffFigure(w, styles)),
        ...each((w) => noiseFigure(w, styles)),
      ],
    },
    { title: 'Loss over batch size and iterations', body: each(contourFigure) },
    { title: 'Generalization', body: each((w) => generalizationFigure(w, styles)) },
    {
      title: 'Strategies compared',
      body: [...(report.profiles ? [profileFigure(report.profiles, styles)] : []), ...(linear ? [linear] : [])],
    },
    { title: 'Data against architecture', body: compared ? [compared] : [] },
    ...(options.cost ? [options.cost] : []),
    { title: 'All numbers', body: report.workloads.flatMap((w) => w.strategies.flatMap((s) => points(s, w))) },
    { title: 'What is the paper’s and what is ours', body: [notes(report)] },
  ];
  return renderPage({
    title: `Batch study ${report.study}`,
    answer: answerOf(report),
    lede: `How many iterations training takes at each batch size, and where larger batches stop paying: ${plural(trials, 'trial')}${report.workloads.length > 1 ? ` of ${report.workloads.length} workloads` : ''}.`,
    sections: sections.filter((s) => s.body.length > 0),
    footer: html`${options.command ? html`<p><code>${options.command}</code></p>` : null}
<p>Made by ${madeBy(options.made)}.</p>`,
  });
}
