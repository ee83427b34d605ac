import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../../base/statistics.ts';
import type { MetricsRecord, RunConfig, RunResult } from '../../train/index.ts';
import { draw } from '../kit/draw.ts';
import { figure, legend, type Panel } from '../kit/figure.ts';
import { type Html, html } from '../kit/html.ts';
import { logTicks } from '../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../kit/log-axis-marks.ts';
import { renderPage } from '../kit/page.ts';
import { colors } from '../kit/palette.ts';
import { formatTick } from '../kit/panel.ts';
import { formatCount, formatDuration, formatExact, formatNumber, typesetNumber } from '../numbers.ts';
import { metricNames, metricValue, type TrainingOutcome, trainingAnswer } from './training-answer.ts';

export interface TrainingReport extends TrainingOutcome {
  readonly config: RunConfig;
  readonly records: readonly MetricsRecord[];
  readonly result: RunResult;
  /** Of the model. */
  readonly parameters: number;
  /** What is done to pixels in front of the network, in words. */
  readonly normalization?: string;
  /** The command line, so that a reader can repeat it. */
  readonly command: string;
  /** Device, threads, processor. */
  readonly machine: string;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const size = { width: 536, height: 270, marginLeft: 54, marginRight: 12, marginTop: 22, marginBottom: 40 };
const epochs = { label: 'epochs', labelAnchor: 'center', labelArrow: 'none' } as const;

const pointsOf = (records: readonly MetricsRecord[], of: (r: MetricsRecord) => number | undefined): Point[] =>
  records.flatMap((r) => {
    const y = of(r);
    return y === undefined || !Number.isFinite(y) ? [] : [{ x: r.epoch, y }];
  });

const line = (points: readonly Point[], stroke: string) =>
  Plot.line(points, { x: 'x', y: 'y', stroke, strokeWidth: 1.5 });
const dots = (points: readonly Point[], fill: string) => Plot.dot(points, { x: 'x', y: 'y', fill, r: 2.4 });

interface Series {
  readonly name: string;
  readonly color: string;
  readonly points: readonly Point[];
  /** A dot for each value: there are few of them. */
  readonly dotted?: boolean;
}

/** Room above and below what does not change, so that it has an axis. */
const linearDomain = (values: readonly number[]): { readonly domain?: [number, number] } => {
  const [low, high] = [leastOf(values), largestOf(values)];
  return high > low ? {} : { domain: [Math.min(0, 2 * low), Math.max(0, 2 * high)] };
};

/** Curves against epochs, on a logarithmic axis where they go over a factor of four; null without a positive value. */
function curvePanel(label: string, series: readonly Series[], { linear = false } = {}): Panel | null {
  const shown = series
    .map((s) => ({ ...s, points: s.points.filter((p) => p.y > 0) }))
    .filter((s) => s.points.length > 0);
  if (shown.length === 0) return null;
  const values = shown.flatMap((s) => s.points.map((p) => p.y));
  const [low, high] = [leastOf(values), largestOf(values)];
  const wide = !linear && high / low > 4;
  const axis = { domain: [low * 0.95, high * 1.05] as const, ticks: logTicks(low, high), format: formatExact };
  return {
    title: label,
    body: draw({
      ariaLabel: `${label} against epochs`,
      ...size,
      x: epochs,
      y: wide
        ? logScale(axis)
        : { ...linearDomain(values), label: null, grid: true, tickFormat: (v: number) => formatTick(v) },
      marks: [
        ...(wide ? logAxisMarks(axis, null) : []),
        ...shown.flatMap((s) => [line(s.points, s.color), ...(s.dotted ? [dots(s.points, s.color)] : [])]),
      ],
    }),
    ...(shown.length > 1
      ? {
          legend: legend(
            shown.map(({ name, color, dotted }) => ({ label: name, color, mark: dotted ? 'dot' : 'line' }) as const),
          ),
        }
      : {}),
  };
}

function metricPanel({ records, metric, heldOut }: TrainingReport): Panel | null {
  const points = pointsOf(records, (r) => r.valMetric);
  if (points.length === 0) return null;
  const name = `${metricNames[metric]} on the ${heldOut}`;
  if (metric === 'perplexity') return curvePanel(name, [{ name, color: colors.below, points, dotted: true }]);
  const percent = metric === 'accuracy';
  return {
    title: name,
    body: draw({
      ariaLabel: name,
      ...size,
      x: epochs,
      y: { label: null, grid: true, ...(percent ? { tickFormat: (v: number) => `${formatExact(100 * v)} %` } : {}) },
      marks: [line(points, colors.below), dots(points, colors.below)],
    }),
  };
}

function curves(report: TrainingReport): Html {
  const { records, heldOut } = report;
  const loss = curvePanel('cross-entropy in nats', [
    { name: 'training', color: colors.above, points: pointsOf(records, (r) => r.trainLoss) },
    { name: heldOut, color: colors.below, points: pointsOf(records, (r) => r.valLoss), dotted: true },
  ]);
  return figure({
    title: 'How it learned',
    panelWidth: 440,
    panels: [loss, metricPanel(report)].filter((p) => p !== null),
    caption: html`The training loss is the mean over the steps since the line before, with augmentation and in training mode; the ${heldOut} is judged in
evaluation mode, at ${formatCount(records.filter((r) => r.valLoss !== undefined).length)} points.`,
  });
}

function conditions({ records }: TrainingReport): Html {
  const panels = [
    curvePanel('learning rate', [{ name: 'learning rate', color: colors.ink, points: pointsOf(records, (r) => r.lr) }]),
    curvePanel('gradient norm', [
      { name: 'gradient norm', color: colors.active, points: pointsOf(records, (r) => r.gradNorm) },
    ]),
    curvePanel('examples', [
      { name: 'gradient noise scale', color: colors.above, points: pointsOf(records, (r) => r.noiseScale) },
      { name: 'batch size', color: colors.soft, points: pointsOf(records, (r) => r.batchSize) },
    ]),
  ];
  const noise = records.some((r) => r.noiseScale !== undefined);
  return figure({
    title: 'Under which conditions',
    panelWidth: 440,
    panels: panels.slice(0, noise ? 3 : 2).filter((p) => p !== null),
    caption: `The gradient is that of the whole batch, before clipping and weight decay.${
      noise ? '' : ' The noise scale needs a batch of more than one micro-batch.'
    }`,
  });
}

function augmentation({ augment, zoom, jitter }: TrainingReport['config']): string {
  if (!augment) return '';
  const more = [zoom && `zoom ${formatNumber(zoom)}`, jitter && `jitter ${formatNumber(jitter)}`].filter(Boolean);
  return `, random crops and mirroring for images${more.map((m) => `, ${m}`).join('')}`;
}

function facts({ config, result, metric, parameters, heldOut, normalization }: TrainingReport): Html {
  const { final } = result;
  const rows: readonly (readonly [string, string])[] = [
    ['model', `${config.model}, ${formatCount(parameters)} parameters`],
    [
      'data',
      `${config.dataset}${config.fraction === undefined ? '' : `, ${formatNumber(100 * config.fraction)} % of it`}${augmentation(config)}`,
    ],
    ...(normalization === undefined ? [] : ([['normalisation', normalization]] as const)),
    [
      'steps',
      `${formatCount(result.steps)} of ${config.batchSize} examples${config.growth ? ', growing' : ''}, ${formatNumber(result.epochs)} epochs, ${config.microBatch} at a time`,
    ],
    [
      'update rule',
      `${config.optimizer}, rate ${formatNumber(config.lr)} (${config.scaling}), ${config.schedule} schedule, weight decay ${typesetNumber(config.weightDecay)}`,
    ],
    ['outcome', result.status],
    ['training loss', final.trainLoss.toFixed(4)],
    ...(final.valMetric === undefined || final.valLoss === undefined
      ? []
      : ([
          [heldOut, `${metricNames[metric]} ${metricValue(metric, final.valMetric)}, loss ${final.valLoss.toFixed(4)}`],
        ] as const)),
    [
      'time in steps',
      `${formatDuration(result.seconds)}, ${formatNumber(result.examplesPerSecond)} examples/s at the end`,
    ],
    ['seed', String(config.seed)],
  ];
  return html`<dl class="facts">${rows.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>\n`)}</dl>`;
}

/** The report of a training run as one HTML file without scripts that fetches nothing. */
export function renderTrainingReport(report: TrainingReport): string {
  const { config, command, machine } = report;
  return renderPage({
    title: `Training of ${config.model} on ${config.dataset}`,
    answer: [trainingAnswer(report)],
    lede: 'Loss, metric and the conditions of every step, from the metrics of the run.',
    sections: [
      { title: 'What was trained', body: [facts(report)] },
      { title: 'Curves', body: [curves(report), conditions(report)] },
    ],
    footer: html`<p><code>${command}</code></p><p>Made by Ballast; ${machine}. Times are those of this machine.</p>`,
  });
}
