import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../../../base/statistics.ts';
import type { ConvolutionSpectrum, ConvolutionsResult } from '../../../stability/index.ts';
import { depthAxis } from '../../kit/depth-axis.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend, type Panel } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { logAxis, logTicks } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { renderPage } from '../../kit/page.ts';
import { colors } from '../../kit/palette.ts';
import { reportFooter } from '../../kit/report-footer.ts';
import { formatCount, formatDuration, formatExact, formatPercent, formatRange, typesetNumber } from '../../numbers.ts';
import { axisNote, spectrumLine } from '../spectrum/spectra-figure.ts';
import { groupNames } from '../spectrum/spectrum-rows.ts';
import { convolutionsAnswer } from '../stability-answers.ts';
import { convolutionGeometry } from './convolutions-table.ts';

const exactColor = colors.below;
const circularColor = colors.above;
const key = legend([
  { label: 'with its own zero padding and stride', color: exactColor, mark: 'line' },
  { label: 'circular formula: an approximation', color: circularColor, mark: 'dashed' },
]);

/** Largest value of every convolution, true and circular; null where none is known. */
function normsFigure({ layers }: ConvolutionsResult): Html | null {
  const points = layers.flatMap((l, depth) => [
    ...(l.singularValues.length ? [{ depth, value: l.singularValues[0]!, circular: false }] : []),
    ...(l.circular?.singularValues.length ? [{ depth, value: l.circular.singularValues[0]!, circular: true }] : []),
  ]);
  const positive = points.filter((p) => p.value > 0);
  if (positive.length === 0) return null;
  const values = positive.map((p) => p.value);
  const [low, high] = [leastOf(values) / 1.15, largestOf(values) * 1.15];
  const axis = { domain: [low, high] as const, ticks: logTicks(low, high), format: formatExact };
  const depth = depthAxis(
    groupNames(
      layers.map((l) => l.name),
      (name) => name.split('.')[0]!,
    ),
  );
  return figure({
    title: 'Largest singular value of every convolution',
    panelWidth: 640,
    legend: legend([
      { label: 'with its own zero padding and stride', color: exactColor, mark: 'dot' },
      { label: 'circular formula: an approximation', color: circularColor, mark: 'dot' },
    ]),
    panels: [
      {
        body: draw({
          ariaLabel: 'Largest singular value of every convolution against depth',
          width: 1096,
          height: 300,
          marginLeft: 46,
          marginRight: 10,
          marginTop: 18,
          marginBottom: depth.marginBottom,
          x: depth.x,
          y: logScale(axis),
          marks: [
            ...depth.marks,
            ...logAxisMarks(axis, 'largest singular value'),
            Plot.dot(
              positive.filter((p) => !p.circular),
              { x: 'depth', y: 'value', fill: exactColor, r: 4 },
            ),
            Plot.dot(
              positive.filter((p) => p.circular),
              { x: 'depth', y: 'value', stroke: circularColor, strokeWidth: 1.6, r: 6 },
            ),
          ],
        }),
      },
    ],
    caption:
      'A dot in the middle of its ring: circular instead of zero padding makes no difference to the norm. Log axis. The norm of a chain of layers is at most the product of theirs.',
  });
}

const width = 262;
const height = 190;

/** Sorted values of every complete convolution beside the circular ones; null where there is none. */
function curvesFigure({ layers }: ConvolutionsResult): Html | null {
  const shown = layers.filter((l) => l.complete && (l.singularValues[0] ?? 0) > 0);
  if (shown.length === 0) return null;
  let [clipped, hasZeroLane] = [0, false];
  const panels = shown.map((l): Panel => {
    const [true_, circular] = [rowOf(l.singularValues), l.circular && rowOf(l.circular.singularValues)];
    const axis = logAxis(
      [true_, ...(circular ? [circular] : [])].map((r) => ({ values: r.block.singularValues, zeros: r.zeros })),
      l.singularValues[0]!,
    );
    clipped += axis.clipped;
    hasZeroLane ||= axis.hasZeroLane;
    const line = (row: ReturnType<typeof rowOf>) => spectrumLine(row, axis, width - 50, height - 45);
    return {
      title: `${l.name} (${convolutionGeometry(l)})`,
      body: draw({
        ariaLabel: `Sorted singular values of ${l.name}`,
        width,
        height,
        marginLeft: 42,
        marginRight: 8,
        marginTop: 8,
        marginBottom: 28,
        x: { domain: [0, 1], ticks: [0, 0.5, 1], tickFormat: formatExact, label: null },
        y: logScale(axis),
        marks: [
          ...logAxisMarks(axis, null),
          Plot.line(line(true_), { x: 'x', y: 'y', stroke: exactColor, strokeWidth: 1.8 }),
          ...(circular
            ? [
                Plot.line(line(circular), {
                  x: 'x',
                  y: 'y',
                  stroke: circularColor,
                  strokeWidth: 1.4,
                  strokeDasharray: '4,3',
                }),
              ]
            : []),
        ],
      }),
    };
  });
  const values = shown.reduce((n, l) => n + l.singularValues.length, 0);
  return figure({
    title: 'All singular values, sorted',
    panelWidth: 240,
    compact: true,
    legend: key,
    panels,
    caption: `Index over number of values on the horizontal axis, each panel with a log axis of its own (${formatCount(values)} true values in ${shown.length} panel${shown.length === 1 ? '' : 's'}, thinned to lines that miss none of them by a third of a pixel).${axisNote({ clipped, hasZeroLane })}`,
  });
}

/** Values below 1e-7 of the largest are not told from zero. */
function rowOf(values: readonly number[]) {
  const zeros = values.filter((v) => v <= 1e-7 * values[0]!).length;
  return { block: { singularValues: values }, zeros };
}

function findings({ layers }: ConvolutionsResult): Html {
  const known = layers.filter((l) => l.singularValues.length > 0);
  const largest = known.map((l) => l.singularValues[0]!);
  const compared = layers.filter((l) => l.circular?.normError != null);
  const errors = compared.map((l) => l.circular!.normError!);
  const differences = layers.flatMap((l) => l.circular?.relativeDifference ?? []);
  const worst = compared.find((l) => Math.abs(l.circular!.normError!) === largestOf(errors.map(Math.abs)));
  const partial = layers.filter((l) => !l.complete);
  return html`<ul class="findings">
${known.length ? html`<li><b>${formatRange(leastOf(largest), largestOf(largest), (x) => typesetNumber(x))}</b>are the largest singular values of ${known.length === 1 ? 'the convolution' : `the ${known.length} convolutions`}, with zero padding and stride as they are.</li>` : null}
${worst ? html`<li><b>${formatRange(leastOf(errors), largestOf(errors), formatPercent)}</b>is the error of the circular formula’s largest value; it is largest at ${worst.name}.</li>` : null}
${differences.length ? html`<li><b>${formatRange(leastOf(differences), largestOf(differences), formatPercent)}</b>is the relative difference of the sorted values, circular against true.</li>` : null}
${partial.length ? html`<li class="caution"><b>Leading values only</b>for ${partial.length} convolution${partial.length === 1 ? '' : 's'}: ${partial.map((l) => l.name).join(', ')}.</li>` : null}
</ul>`;
}

function numbers({ layers }: ConvolutionsResult): Html {
  const row = (l: ConvolutionSpectrum) => {
    const [first, last] = [l.singularValues[0], l.singularValues.at(-1)];
    return html`<tr${l.complete ? null : html` class="incomplete"`}><td>${l.name}</td><td>${convolutionGeometry(l)}</td><td>${l.from.join('×')} → ${l.to.join('×')}</td><td>${l.shape.map(formatCount).join(' × ')}</td><td>${l.method}</td><td>${formatCount(l.singularValues.length)}</td><td>${first === undefined ? '–' : typesetNumber(first, 4)}</td><td>${l.complete && last !== undefined ? typesetNumber(last) : '–'}</td><td>${typesetNumber(l.maxResidual, 2)}</td><td>${l.circular ? typesetNumber(l.circular.singularValues[0] ?? 0, 4) : '–'}</td><td>${l.circular?.normError == null ? '–' : formatPercent(l.circular.normError)}</td><td>${l.circular?.relativeDifference == null ? '–' : formatPercent(l.circular.relativeDifference)}</td><td>${formatDuration(l.seconds)}</td></tr>\n`;
  };
  return html`<div class="table"><table><thead><tr><th>convolution</th><th>geometry</th><th>pixels</th><th>matrix</th><th>method</th><th>values</th><th>largest</th><th>smallest</th><th>residual</th><th>circular largest</th><th>its error</th><th>difference</th><th>time</th></tr></thead>
<tbody>${layers.map(row)}</tbody></table></div>`;
}

/** The whole report of `ballast convolutions` as one HTML file without scripts that fetches nothing. */
export function renderConvolutionsReport(
  result: ConvolutionsResult,
  { command }: { readonly command?: string } = {},
): string {
  const { layers } = result;
  return renderPage({
    title: `Convolutions of ${result.model}`,
    answer: convolutionsAnswer(result),
    lede: `Singular values of ${layers.length === 1 ? 'one convolution' : `${layers.length} convolutions`} as linear maps of whole images.`,
    sections: [
      {
        title: 'What was measured',
        body: [
          html`<dl class="facts">
<dt>network</dt><dd>${result.model}</dd>
<dt>weights</dt><dd>${result.weights}</dd>
<dt>map</dt><dd>each convolution alone, without its bias; ${result.foldNorm ? 'the scale of the batch norm that follows is folded in' : 'the batch norm that follows is left out'}</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`,
        ],
      },
      { title: 'What the numbers show', body: [findings(result)] },
      { title: 'Spectra', body: [normsFigure(result), curvesFigure(result)].flatMap((f) => f ?? []) },
      { title: 'All convolutions', body: [numbers(result)] },
      {
        title: 'What is exact and what is not',
        body: [
          html`<ul class="notes">
<li><b>Exact.</b> The convolution as a sparse matrix with its zero padding, stride, dilation and groups; in pixel-major order its Gram matrix is a band, whose eigenvalues are found in float64. Values below about 10⁻⁷ of the largest are not told from zero.</li>
<li><b>Approximation.</b> Sedghi, Gupta and Long (arXiv 1805.10408) give the singular values in closed form for <em>circular</em> padding, by a Fourier transform of the kernels. The network pads with zeros. With a stride, the frequencies that fall onto each other are put side by side (our extension); where a stride does not divide the image the formula does not apply.</li>
<li><b>Leading values</b> of maps too large for all are found by block Golub-Kahan bidiagonalization; each has a residual, and those that did not converge are not listed.</li>
</ul>`,
        ],
      },
    ],
    footer: reportFooter(result.environment, command),
  });
}
