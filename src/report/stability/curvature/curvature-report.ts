import type { CurvatureResult } from '../../../stability/index.ts';
import { type Html, html } from '../../kit/html.ts';
import { renderPage, type Section } from '../../kit/page.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatCount, formatDuration, formatPercent, plural, typesetNumber } from '../../numbers.ts';
import { normalizationFact } from '../normalization-fact.ts';
import { withError } from '../probed-value.ts';
import { curvatureAnswer } from '../stability-answers.ts';
import { densityFigure } from './curvature-figure.ts';
import { shortfall, withInterval } from './curvature-table.ts';

export interface CurvatureReportOptions {
  /** The command line that made the result, so that a reader can repeat it. */
  readonly command?: string;
}

const precise = (x: number, digits = 4) => typesetNumber(x, digits);

function facts(result: CurvatureResult): Html {
  return html`<dl class="facts">
<dt>network</dt><dd>${result.model}, ${formatCount(result.parameters)} trained parameters</dd>
<dt>weights</dt><dd>${result.weights}</dd>${normalizationFact(result)}
<dt>data</dt><dd>${result.dataset}, ${result.split} split, ${plural(result.examples, 'example')} (${result.images})</dd>
<dt>loss</dt><dd>mean cross-entropy ${precise(result.loss)}, norm of its gradient ${precise(result.gradientNorm)}</dd>
<dt>products</dt><dd>${plural(result.products, 'Hessian-vector product')}, ${formatCount(result.microBatch)} examples a call, seed ${result.seed}; ${formatDuration(result.seconds)}</dd>
</dl>`;
}

function findings(result: CurvatureResult): Html {
  const { eigenvalues, smallest, trace, meanEigenvalue, density } = result;
  const [top] = eigenvalues;
  const [bottom] = smallest;
  const missing = shortfall(result);
  const items = [
    ...(top ? [{ value: precise(top.value), sentence: 'is the largest eigenvalue: the sharpest direction.' }] : []),
    ...(bottom
      ? [
          {
            value: precise(bottom.value),
            sentence:
              bottom.value < 0
                ? 'is the smallest: there are directions along which the loss bends downwards.'
                : 'is the smallest.',
          },
        ]
      : []),
    {
      value: withError(trace, precise),
      sentence: `is the trace (Hutchinson’s estimator, ${plural(trace.probes, 'probe')}, the eigenvalues of the table taken out exactly).`,
    },
    { value: withError(meanEigenvalue, precise), sentence: 'is the mean eigenvalue.' },
    ...(density
      ? [
          {
            value: withError(density.below, formatPercent),
            sentence: `of the eigenvalues lie below ${precise(-density.tolerance, 2)}, ${withError(density.above, formatPercent)} above ${precise(density.tolerance, 2)}, and the rest between.`,
          },
          {
            value: withInterval(density.negativeMass),
            sentence: 'of the sum of |eigenvalue| is negative (both sums over all probes; 95 %).',
          },
        ]
      : []),
  ];
  return html`<ul class="findings">${items.map(({ value, sentence }) => html`<li><b>${value}</b>${sentence}</li>\n`)}${
    missing ? html`<li class="caution"><b>Incomplete</b>${missing}.</li>` : null
  }</ul>`;
}

function eigenvalueTable({ eigenvalues, smallest }: CurvatureResult): Html {
  const rows = [
    ...eigenvalues.map((e, i) => [`largest ${i + 1}`, e] as const),
    ...smallest.map((e, i) => [`smallest ${i + 1}`, e] as const),
  ];
  return html`<div class="table narrow"><table><thead><tr><th>eigenvalue</th><th>value</th><th>residual</th></tr></thead>
<tbody>${rows.map(
    ([name, { value, residual }]) =>
      html`<tr><td>${name}</td><td>${typesetNumber(value, 5)}</td><td>${typesetNumber(residual, 2)}</td></tr>\n`,
  )}</tbody></table></div>`;
}

function notes({ density }: CurvatureResult): Html {
  return html`<ul class="notes">
<li><b>From the paper</b> (Yao, Gholami, Keutzer and Mahoney, “PyHessian: Neural Networks Through the Lens of the Hessian”, arXiv 1912.07145): the Hessian of the loss by Hessian-vector products; its largest eigenvalues, its trace by Hutchinson’s estimator and its density by stochastic Lanczos quadrature.</li>
<li><b>Our choice: evaluation mode.</b> Batch norm is its affine map with the running statistics, so that every example has a loss of its own and the mean over micro-batches is exact. PyHessian takes the mode in which the model is.</li>
<li><b>Our choice: what is differentiated.</b> Mean cross-entropy over the examples named above, without weight decay, with respect to all trained parameters, scales and offsets of batch norm included.</li>
<li><b>Our choice: Lanczos with full reorthogonalization</b> instead of power iteration with deflation. A value is listed when ‖Hy − λy‖, found by one more product, is at most 10⁻⁴ of the largest |λ|.</li>
${density ? html`<li><b>Our choice: zero.</b> Eigenvalues within ${precise(density.tolerance, 2)} (10⁻⁴ of the largest) of 0 count as zero. Inside a dense bulk the quadrature places its nodes by averages, so that shares near this boundary are rough.</li>` : null}
<li><b>Limits.</b> A network with ReLUs is piecewise smooth: the Hessian is that of the piece on which the parameters lie, which exists almost everywhere, and knows nothing of the kinks. Errors are standard errors over the probes.</li>
</ul>`;
}

/** The whole report of `ballast curvature` as one HTML file without scripts that fetches nothing. */
export function renderCurvatureReport(result: CurvatureResult, { command }: CurvatureReportOptions = {}): string {
  const { density } = result;
  const sections: Section[] = [
    { title: 'What was measured', body: [facts(result)] },
    { title: 'What the numbers show', body: [findings(result)] },
    { title: 'Spectrum', body: [...(density ? [densityFigure(result, density)] : []), eigenvalueTable(result)] },
    { title: 'What is the paper’s and what is ours', body: [notes(result)] },
  ];
  return renderPage({
    title: `Curvature of ${result.model}`,
    answer: curvatureAnswer(result),
    lede: `The Hessian of the mean loss over ${plural(result.examples, 'example')} of ${result.dataset}.`,
    sections,
    footer: reportFooter(result.environment, command),
  });
}
