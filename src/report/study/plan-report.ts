import type { BatchPlanResult, PlanRow, ScaleInterval } from '../../study/plan/index.ts';
import { type Html, html } from '../kit/html.ts';
import { renderPage, type Section } from '../kit/page.ts';
import { reportFooter } from '../kit/report-footer.ts';
import { formatBytes, formatCount, formatDuration, formatNumber, formatPercent } from '../numbers.ts';
import { costFigure, noiseScaleFigure, stepTimeFigure } from './cost-figure.ts';
import { costText, marked, planSentences, scaleText } from './plan-sentences.ts';

export interface BatchPlanReportOptions {
  /** The command line that made the plan, so that a reader can repeat it. */
  readonly command?: string;
}

function facts(result: BatchPlanResult): Html {
  const { run, reference, link, price, unit } = result;
  const rows: readonly (readonly [string, string])[] = [
    ['training', `${result.model} (${formatCount(result.parameters)} trained parameters) on ${result.dataset}`],
    [
      'planned for',
      `${formatCount(reference.steps)} steps of ${formatCount(reference.batchSize)} ${unit}, ${formatNumber(reference.epochs)} epochs: they stand for the target`,
    ],
    [
      'short run',
      `${formatCount(run.steps)} steps of ${run.batchSize} = ${run.batchSize / run.microBatch} x ${run.microBatch}, ${run.optimizer}, seed ${run.seed}; training loss of the last step ${formatNumber(run.trainLoss)}`,
    ],
    [
      'devices',
      link
        ? `${result.devices.join(', ')}; ring all-reduce of ${formatBytes(result.gradientBytes)} over ${formatNumber(link.bandwidth / 1e9)} GB/s and ${formatNumber(link.latency * 1e6)} µs (${link.source})`
        : result.devices.join(', '),
    ],
    ['price', price === null ? 'none: costs are device-hours' : `${formatNumber(price)} a device-hour (given)`],
  ];
  return html`<dl class="facts">${rows.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>\n`)}</dl>`;
}

const within = ({ value, low, high }: ScaleInterval): Html =>
  html`${formatNumber(value)} <small>${formatNumber(low)} to ${high === null ? '?' : formatNumber(high)}</small>`;

const change = (share: number): string => `${share >= 0 ? '+' : '−'}${formatPercent(Math.abs(share))}`;

function row(r: PlanRow, recommended: boolean): Html {
  const size = formatCount(r.batchSize);
  return html`<tr><td>${recommended ? html`<b>${size}</b>` : size}</td><td>${within(r.stepsRelative)}</td><td>${within(r.examplesRelative)}</td>
<td>${marked(r.cost.steps, formatCount)}</td><td>${r.cost.devices}</td><td>${marked(r.cost.stepSeconds, formatDuration)}</td><td>${marked(r.cost.seconds, formatDuration)}</td>
<td>${costText(r.cost)}</td><td>${r.next ? change(-r.next.timeSaved) : ''}</td><td>${r.next ? change(r.next.costExtra) : ''}</td></tr>\n`;
}

function table({ rows, recommendation, price }: BatchPlanResult): Html {
  return html`<div class="table"><table><thead><tr><th>batch</th><th>S / Smin</th><th>E / Emin</th><th>steps</th><th>devices</th><th>a step</th><th>time</th>
<th>${price === null ? 'device-hours' : 'money'}</th><th>next: time</th><th>cost</th></tr></thead>
<tbody>${rows.map((r) => row(r, r.batchSize === recommendation.way.batchSize))}</tbody></table></div>
<p>A tilde marks what is modelled; a number without it was measured on this machine. All rows are on the recommended number of devices, or on as many as the batch can be shared by; the last two columns say what the row below changes on as many devices. Bold: recommended. Small: 95 % interval.</p>`;
}

function optimalTable({ optimalDevices }: BatchPlanResult): Html | null {
  if (!optimalDevices) return null;
  return html`<p>Modelled number of devices with the shortest step, were there as many as one likes: ${optimalDevices
    .map(({ batchSize, devices }) => `${formatCount(batchSize)}: ${formatCount(devices)}`)
    .join(', ')}.</p>`;
}

function notes({ criticalBatch }: BatchPlanResult): Html {
  return html`<ul class="notes">
<li><b>From the paper</b> (McCandlish, Kaplan, Amodei et al., “An Empirical Model of Large-Batch Training”, arXiv 1812.06162): the noise scale tr Σ / |G|² from gradients at two batch sizes, and S = Smin (1 + B_crit / B).</li>
<li><b>Known bias.</b> tr Σ / |G|² leaves the curvature out; with it, the noise scale is tr(HΣ) / G′HG. The paper finds the two within a factor of two or so of each other and of B_crit, not equal. The interval of the noise scale is about chance alone; that of the answer, where there is one, is from how far earlier plans were off.</li>
<li><b>Conditional.</b> The noise scale depends on the loss and on the rate: for ResNet-8 on CIFAR-10 at one loss it was 617, 340, 250 and 142 at the rates 0.05, 0.1, 0.2 and 0.4. A run at one rate says what holds at that rate; a study that tunes the rate at every batch size may find another. ${
    criticalBatch.late.scale ? `At the end of the run it was ${scaleText(criticalBatch.late.scale)}.` : null
  }</li>
<li><b>Our choice: mean over progress.</b> A step at noise scale N makes 1/(1 + N/B) of the progress of a step without noise; B_crit is the mean of N over progress.${
    criticalBatch.unweighted ? ` Every step alike it would be ${scaleText(criticalBatch.unweighted)}.` : null
  }</li>
<li><b>Our choice: where to train.</b> At the least product of time and device-hours: from there, another per cent of time costs more than a per cent.</li>
<li><b>Assumed.</b> The rate is tuned to each batch size; a rule that is not tuned again bends earlier. Devices are alike, share the batch equally, and neither compute while they communicate nor communicate while they compute. Batch norm sees micro-batches.</li>
</ul>`;
}

/** The report of `ballast batch plan` as one HTML file without scripts that fetches nothing. */
export function renderBatchPlanReport(result: BatchPlanResult, { command }: BatchPlanReportOptions = {}): string {
  const { environment: e, rows, ways, recommendation, criticalBatch, run } = result;
  const sections: Section[] = [
    {
      title: 'Why, and what else',
      body: [
        html`<ul>${planSentences(result)
          .slice(1)
          .map((s) => html`<li>${s}</li>\n`)}</ul>`,
      ],
    },
    { title: 'What was measured', body: [facts(result)] },
    {
      title: 'Costs',
      body: [
        table(result),
        ...[optimalTable(result)].filter((x) => x !== null),
        costFigure(ways, { chosen: recommendation.way }),
      ],
    },
    {
      title: 'What they follow from',
      body: [
        noiseScaleFigure(criticalBatch, run.batchSize),
        stepTimeFigure(result.stepTime, { sizes: rows.map((r) => r.batchSize) }),
      ],
    },
    { title: 'What is the paper’s and what is ours', body: [notes(result)] },
  ];
  return renderPage({
    title: `Batch size for ${result.model} on ${result.dataset}`,
    answer: planSentences(result).slice(0, 1),
    lede: 'Planned from one short run and timed steps, without a study.',
    sections,
    footer: reportFooter(e, command),
  });
}
