import * as Plot from '@observablehq/plot';
import { formatIndices } from '../../base/indices.ts';
import { largestOf } from '../../base/statistics.ts';
import type { ComparedNetwork, ComparisonResult } from '../../schema/index.ts';
import { draw } from '../kit/draw.ts';
import { figure, type Panel } from '../kit/figure.ts';
import { type Html, html } from '../kit/html.ts';
import { renderPage } from '../kit/page.ts';
import { colors } from '../kit/palette.ts';
import { strategyLegend, strategyStyles } from '../kit/panel.ts';
import { reportFooter } from '../kit/report-footer.ts';
import { formatDuration, formatExact, formatPercent, typesetNumber } from '../numbers.ts';
import { comparisonAnswers, differenceText, pText, radiusText } from './comparison-sentences.ts';

const frame = { width: 536, height: 280, marginLeft: 46, marginRight: 14, marginTop: 20, marginBottom: 38 };

interface Point {
  readonly x: number;
  readonly y: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

interface Line {
  readonly color: string;
  readonly dash?: string | undefined;
  readonly points: readonly Point[];
}

/** Lines through points with their intervals as bars; `sideways` moves the bars of line i apart. */
function lines(
  all: readonly Line[],
  {
    title,
    x,
    y,
    top,
    ticks,
    tickFormat = formatExact,
  }: {
    readonly title: string;
    readonly x: string;
    readonly y: string;
    readonly top: number;
    readonly ticks?: readonly number[];
    readonly tickFormat?: (x: number) => string;
  },
): Panel {
  const right = largestOf(all.flatMap((line) => line.points.map((p) => p.x))) || 1;
  const apart = (i: number) => (i - (all.length - 1) / 2) * Math.min(0.006, 0.03 / all.length) * right;
  const marks = all.flatMap(({ color, dash, points }, i) => {
    const moved = points.map((p) => ({ ...p, x: p.x + apart(i) }));
    return [
      Plot.ruleX(
        moved.filter((p) => p.low !== undefined),
        { x: 'x', y1: 'low', y2: 'high', stroke: color, strokeWidth: 0.8 },
      ),
      Plot.line(moved, { x: 'x', y: 'y', stroke: color, strokeWidth: 1.8, ...(dash ? { strokeDasharray: dash } : {}) }),
      Plot.dot(moved, { x: 'x', y: 'y', fill: color, r: 3 }),
    ];
  });
  return {
    title,
    body: draw({
      ariaLabel: `${title}: ${y} against ${x}`,
      ...frame,
      x: {
        domain: [-0.03 * right, 1.03 * right],
        ...(ticks ? { ticks: [...ticks] } : { ticks: 6 }),
        tickFormat,
        label: x,
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      y: { domain: [0, top], grid: true, label: y, labelArrow: 'none' },
      marks: [Plot.ruleY([0], { stroke: colors.ink }), ...marks],
    }),
  };
}

const stylesOf = ({ networks }: ComparisonResult) =>
  strategyStyles(networks.map(({ name }) => ({ name, rates: 'tuned' as const })));

function curveFigure(result: ComparisonResult): Html {
  const { networks, settings, images } = result;
  const styles = stylesOf(result);
  return figure({
    title: 'Accuracy against the radius of the attack',
    panelWidth: 520,
    legend: strategyLegend(
      styles,
      networks.map((n) => n.name),
    ),
    panels: [
      lines(
        networks.map(({ name, curve }) => ({
          ...styles.get(name)!,
          points: curve.map(({ eps, accuracy, low, high }) => ({
            x: eps,
            y: 100 * accuracy,
            low: 100 * low,
            high: 100 * high,
          })),
        })),
        {
          title: `${settings.attack}, ${settings.norm}`,
          x: 'radius in pixel units',
          y: '% right',
          top: 100,
          ticks: [0, ...settings.eps],
          tickFormat: (eps) => (eps === 0 ? '0' : radiusText(eps, settings.norm)),
        },
      ),
    ],
    caption: `Share of ${images.length} images that are answered correctly, with exact 95 % intervals (Clopper and Pearson), set side by side where they would hide each other. All networks see the same images: their differences are surer than the intervals of each.`,
  });
}

/** How measures go through a training; null where the steps are not known. */
function trainingFigure(result: ComparisonResult): Html | null {
  const { networks, settings } = result;
  if (networks.some((n) => n.step === null)) return null;
  const against =
    (x: (n: ComparedNetwork) => number | null | undefined) =>
    (of: (n: ComparedNetwork) => Omit<Point, 'x'> | null): Point[] =>
      networks.flatMap((n) => {
        const [here, point] = [x(n), of(n)];
        return point && here != null ? [{ x: here, ...point }] : [];
      });
  const at = against((n) => n.step);
  const byDistance = against((n) => n.training?.distance);
  const radii = [0, ...settings.eps];
  const named = (names: readonly string[]) => strategyStyles(names.map((name) => ({ name, rates: 'tuned' as const })));
  const panel = (
    title: string,
    y: string,
    series: readonly { readonly name: string; readonly points: readonly Point[] }[],
    { top, x = 'steps of training' }: { readonly top?: number; readonly x?: string } = {},
  ): Panel[] => {
    const shown = series.filter((s) => s.points.length > 0);
    if (shown.length === 0) return [];
    const names = shown.map((s) => s.name);
    const styles = named(names);
    const most = largestOf(shown.flatMap((s) => s.points.map((p) => p.high ?? p.y)));
    return [
      {
        ...lines(
          shown.map(({ name, points }) => ({ ...styles.get(name)!, points })),
          { title, x, y, top: top ?? (1.06 * most || 1) },
        ),
        legend: strategyLegend(styles, names),
      },
    ];
  };
  const first = networks[0]!;
  return figure({
    title: 'Through the training',
    panelWidth: 440,
    panels: [
      ...panel(
        'accuracy',
        '% right',
        radii.map((eps, r) => ({
          name: eps === 0 ? 'unperturbed' : radiusText(eps, settings.norm),
          points: at(({ curve }) => {
            const { accuracy, low, high } = curve[r]!;
            return { y: 100 * accuracy, low: 100 * low, high: 100 * high };
          }),
        })),
        { top: 100 },
      ),
      ...panel(
        'excess growth over each stage',
        'ratio',
        first.growth.excess.map(({ stage }, s) => ({
          name: stage,
          points: at(({ growth }) => {
            const own = growth.excess[s]?.toRandom;
            return own ? { y: own.ratio, low: own.low, high: own.high } : null;
          }),
        })),
      ),
      ...panel(
        'largest singular value',
        'σ₁',
        first.spectra.map(({ name }, i) => ({
          name,
          points: at(({ spectra }) => (spectra[i] ? { y: spectra[i].values[0]! } : null)),
        })),
      ),
      ...panel(
        'singular values at the plateau',
        '%',
        first.spectra.map(({ name }, i) => ({
          name,
          points: at(({ spectra }) => (spectra[i]?.atPlateau == null ? null : { y: 100 * spectra[i].atPlateau })),
        })),
        { top: 100 },
      ),
      ...panel('distance of the weights', 'distance', [
        {
          name: 'from the first checkpoint',
          points: at(({ training }) => (training?.distance == null ? null : { y: training.distance })),
        },
      ]),
      ...panel(
        'largest singular value against the distance of the weights',
        'σ₁',
        first.spectra.map(({ name }, i) => ({
          name,
          points: byDistance(({ spectra }) => (spectra[i] ? { y: spectra[i].values[0]! } : null)),
        })),
        { x: 'distance from the first checkpoint' },
      ),
    ],
    caption:
      'One point a checkpoint. Bars are 95 % intervals over images: exact for accuracies, Student’s t of the logarithms for ratios. Distance: Euclidean, of all that is trained, over the norm of the first checkpoint’s.',
  });
}

/** What each checkpoint was trained with, and how far it has come. */
function trainingTable({ networks }: ComparisonResult): Html {
  const number = (x: number | null | undefined) => (x == null ? '–' : typesetNumber(x));
  const units = networks[0]!.spectra.map((s) => s.name);
  return html`<div class="table names"><table><thead><tr><th>checkpoint</th><th>step</th><th>batch</th><th>rate</th><th>distance</th>${units.map((name) => html`<th>σ₁ of ${name}</th>`)}</tr></thead>
<tbody>${networks.map(
    ({ name, step, training, spectra }) =>
      html`<tr><td>${name}</td><td>${step ?? '–'}</td><td>${training?.batchSize ?? '–'}</td><td>${number(training?.learningRate)}</td><td>${number(training?.distance)}</td>${units.map((_, i) => html`<td>${number(spectra[i]?.values[0])}</td>`)}</tr>\n`,
  )}</tbody></table></div>`;
}

function differencesTable({ differences, settings, networks }: ComparisonResult): Html {
  return html`<div class="table"><table><thead><tr><th>against ${networks[0]!.name}</th><th>radius</th><th>only the baseline is right</th><th>only this one is</th><th>difference (95 %)</th><th>p (McNemar, Holm)</th></tr></thead>
<tbody>${differences.map(({ name, points }) =>
    points.map(
      (point) =>
        html`<tr><td>${name}</td><td>${radiusText(point.eps, settings.norm)}</td><td>${point.onlyBaseline}</td><td>${point.onlyThis}</td><td>${differenceText(point)}</td><td>${pText(point.p)}</td></tr>\n`,
    ),
  )}</tbody></table></div>`;
}

function growthTable({ networks }: ComparisonResult): Html {
  const cell = (r: { readonly ratio: number; readonly low: number; readonly high: number } | null) =>
    html`<td>${r ? `${typesetNumber(r.ratio)} (${typesetNumber(r.low)} to ${typesetNumber(r.high)})` : '–'}</td>`;
  return html`<div class="table names"><table><thead><tr><th>network</th><th>stage</th><th>attack over random noise</th><th>attack over its shuffled self</th><th>attack over directed noise</th></tr></thead>
<tbody>${networks.map(({ name, growth }) =>
    growth.excess.map(
      (e) =>
        html`<tr><td>${name}</td><td>${e.stage}</td>${cell(e.toRandom)}${cell(e.toShuffled)}${cell(e.toDirected)}</tr>\n`,
    ),
  )}</tbody></table></div>`;
}

function spectraTable({ networks }: ComparisonResult): Html {
  return html`<div class="table names"><table><thead><tr><th>network</th><th>unit</th><th>leading singular values</th><th>plateau</th><th>share at it</th></tr></thead>
<tbody>${networks.map(({ name, spectra }) =>
    spectra.map(
      (s) =>
        html`<tr><td>${name}</td><td>${s.name}</td><td>${s.values.map((v) => typesetNumber(v)).join(', ')}</td><td>${s.plateau === null ? '–' : typesetNumber(s.plateau)}</td><td>${s.atPlateau === null ? '–' : formatPercent(s.atPlateau)}</td></tr>\n`,
    ),
  )}</tbody></table></div>`;
}

/** The report of `ballast compare` as one HTML file without scripts that fetches nothing. */
export function renderComparisonReport(
  result: ComparisonResult,
  { command }: { readonly command?: string } = {},
): string {
  const { networks, settings, images, dataset } = result;
  const through = trainingFigure(result);
  return renderPage({
    title: through ? `${networks.length} checkpoints of a training compared` : `${networks.length} networks compared`,
    answer: comparisonAnswers(result),
    lede: 'Accuracy under attack, growth of perturbations and singular values of several networks at the same images.',
    sections: [
      { title: 'Accuracy under attack', body: [curveFigure(result), differencesTable(result)] },
      ...(through ? [{ title: 'Through the training', body: [through, trainingTable(result)] }] : []),
      {
        title: 'Growth of perturbations',
        body: [
          html`<p>How many times more the attack at the first radius grows over each stage than what it is set against, of the same length where it enters; 1: not more. Geometric means over images with 95 % intervals; – : too few images that the network answers correctly.</p>`,
          growthTable(result),
        ],
      },
      ...(networks.some((n) => n.spectra.length > 0)
        ? [{ title: 'Singular values', body: [spectraTable(result)] }]
        : []),
      {
        title: 'What was measured',
        body: [
          html`<dl class="facts">
${networks.map((n) => html`<dt>${n.name}</dt><dd>${n.model}, ${n.weights}${n.normalization === undefined ? '' : `; normalization: ${n.normalization}`}</dd>\n`)}<dt>images</dt><dd>${formatIndices(images)} of the test set of ${dataset}</dd>
<dt>attack</dt><dd>${settings.attack} in ${settings.norm}, ${settings.steps} steps, at ${settings.eps.map((eps) => radiusText(eps, settings.norm)).join(', ')}, on each network for itself</dd>
<dt>spectra</dt><dd>units without the last ReLU, at image${settings.spectrumImages.length === 1 ? '' : 's'} ${formatIndices(settings.spectrumImages)}</dd>
<dt>time</dt><dd>${formatDuration(result.seconds)}</dd>
</dl>`,
          html`<ul class="notes">
<li>An attack gives an upper bound on robustness: a network whose gradients say little looks more robust than it is. Its accuracy without an attack, and a second attack, belong beside it.</li>
<li>All intervals are over images and hold for these weights; another training of the same network is another network.</li>
</ul>`,
        ],
      },
    ],
    footer: reportFooter(result.environment, command),
  });
}
