import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../../base/statistics.ts';
import type { StepTimeCurve, TrainingCost } from '../../study/cost/index.ts';
import { costFront } from '../../study/cost/index.ts';
import type { CriticalBatchEstimate, NoiseWindow } from '../../study/plan/index.ts';
import { draw } from '../kit/draw.ts';
import { figure, type LegendEntry, legend } from '../kit/figure.ts';
import { type Html, html } from '../kit/html.ts';
import { withRoom } from '../kit/label-room.ts';
import { logAxisOf, widened } from '../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../kit/log-axis-marks.ts';
import { colors, depthColor } from '../kit/palette.ts';
import { formatCount, formatDuration, formatExact, formatNumber, formatPercent, typesetNumber } from '../numbers.ts';

const size = { width: 536, height: 320, marginLeft: 66, marginRight: 18, marginTop: 20, marginBottom: 42 };

/** Round durations from a second on, in seconds. */
const roundDurations = [1, 60, 3600].flatMap((unit) => [1, 2, 5, 10, 20, 30].map((n) => n * unit));

/** The same for times: ticks at round numbers of seconds, minutes and hours where a second is the least. */
function timeAxisOf(seconds: readonly number[]) {
  const axis = logAxisOf(seconds, formatDuration);
  const [low, high] = axis.domain;
  const round = roundDurations.filter((t) => t >= low && t <= high);
  if (low < 1 || high > 36 * 3600 || round.length < 2) return axis;
  const every = Math.ceil(round.length / 7);
  return { ...axis, ticks: round.filter((_, i) => i % every === 0), format: (t: number) => shortDuration(t) };
}

/** A round duration without its empty parts: `5 min`, not `5 min 00 s`. */
const shortDuration = (seconds: number): string =>
  seconds >= 3600 ? `${seconds / 3600} h` : seconds >= 60 ? `${seconds / 60} min` : `${seconds} s`;

/** Batch sizes on a logarithmic axis to the base 2, at most about eight of them named. */
function batchAxis(sizes: readonly number[]): { scale: Plot.ScaleOptions; marks: Plot.Markish[] } {
  const sorted = [...new Set(sizes)].sort((a, b) => a - b);
  const every = Math.ceil(sorted.length / 8);
  const named = sorted.filter((_, i) => i % every === 0);
  return {
    scale: { type: 'log', base: 2, domain: widened(sorted, 1.15) },
    marks: [
      Plot.axisX(named, {
        text: (b: number) => formatCount(b),
        label: 'batch size',
        labelAnchor: 'center',
        labelArrow: 'none',
      }),
    ],
  };
}

const titled = (title: string, of: string | undefined) => (of === undefined ? title : `${title}, ${of}`);

/** Measured step times with their spread, and the line through them. `of`: whose they are, where a page has several. */
export function stepTimeFigure(
  { points, fit }: StepTimeCurve,
  { sizes = [], of }: { readonly sizes?: readonly number[]; readonly of?: string } = {},
): Html {
  const all = [...points.map((p) => p.batchSize), ...sizes];
  const [low, high] = [leastOf(all), largestOf(all)];
  const line = Array.from({ length: 100 }, (_, i) => {
    const x = low * (high / low) ** (i / 99);
    return { x, y: fit.overhead + x * fit.perExample };
  });
  const rates = points.map((p) => ({
    x: p.batchSize,
    y: p.batchSize / p.seconds,
    low: p.batchSize / p.high,
    high: p.batchSize / p.low,
  }));
  const rateLine = line.map(({ x, y }) => ({ x, y: x / y }));
  const time = logAxisOf([...line.map((p) => p.y), ...points.flatMap((p) => [p.low, p.high])], formatDuration);
  const rate = logAxisOf([...rateLine.map((p) => p.y), ...rates.flatMap((p) => [p.low, p.high])], (x) =>
    formatExact(x),
  );
  const batches = batchAxis(all);
  const panel = (
    title: string,
    axis: typeof time,
    model: readonly { x: number; y: number }[],
    seen: readonly { x: number; y: number; low: number; high: number }[],
  ) => ({
    title,
    body: draw({
      ariaLabel: `${title} against batch size`,
      ...size,
      x: batches.scale,
      y: logScale(axis),
      marks: [
        ...logAxisMarks(axis, null),
        ...batches.marks,
        Plot.line(model, { x: 'x', y: 'y', stroke: colors.soft, strokeDasharray: '4,3' }),
        Plot.ruleX(seen, { x: 'x', y1: 'low', y2: 'high', stroke: colors.below }),
        Plot.dot(seen, { x: 'x', y: 'y', fill: colors.below, r: 3.2 }),
      ],
    }),
  });
  return figure({
    title: titled('Time of a step', of),
    panelWidth: 440,
    panels: [
      panel(
        'seconds a step',
        time,
        line,
        points.map((p) => ({ x: p.batchSize, y: p.seconds, low: p.low, high: p.high })),
      ),
      panel('examples a second', rate, rateLine, rates),
    ],
    legend: legend([
      { label: 'measured: median, fastest and slowest', color: colors.below, mark: 'dot' },
      { label: 'modelled: t0 + B t1', color: colors.soft, mark: 'dashed' },
    ]),
    caption: html`Real training steps on one device, reading the examples included. The line has t0 = ${formatDuration(fit.overhead)} and t1 = ${typesetNumber(1000 * fit.perExample)} ms an example:
least squares of relative errors, whose root mean square is ${formatPercent(fit.residual)}, the largest ${formatPercent(fit.worst)}. Where a batch was measured, its median counts; elsewhere the line.`,
  });
}

/** Time against cost of every way to train, on logarithmic axes; filled is measured, hollow is modelled. `of` as above. */
export function costFigure(
  ways: readonly TrainingCost[],
  { chosen, of }: { readonly chosen?: TrainingCost | undefined; readonly of?: string } = {},
): Html {
  const money = ways.every((w) => w.money !== null);
  const costOf = (w: TrainingCost) => (money ? w.money!.value : w.deviceHours.value);
  const devices = [...new Set(ways.map((w) => w.devices))].sort((a, b) => a - b);
  const colorOf = (n: number) =>
    devices.length === 1 ? colors.below : depthColor(devices.indexOf(n) / (devices.length - 1));
  const dots = ways.map((w) => ({
    x: w.seconds.value,
    y: costOf(w),
    color: colorOf(w.devices),
    measured: w.seconds.provenance === 'measured',
    batchSize: w.batchSize,
  }));
  const front = costFront(ways);
  const frontLine = front.map((w) => ({ x: w.seconds.value, y: costOf(w), batchSize: w.batchSize }));
  const time = timeAxisOf(dots.map((d) => d.x));
  const cost = logAxisOf(
    dots.map((d) => d.y),
    (x) => formatExact(x),
  );
  const [width, height] = [760, 400];
  const along = (value: number, [low, high]: readonly [number, number], from: number, to: number) =>
    from + (Math.log(value / low) / Math.log(high / low)) * (to - from);
  const first = (d: { readonly batchSize: number }) => Number(d.batchSize !== chosen?.batchSize);
  const named = withRoom(
    [...(devices.length === 1 ? dots : frontLine)]
      .sort((a, b) => first(a) - first(b))
      .map((d) => ({
        at: d,
        text: formatCount(d.batchSize),
        x: along(d.x, time.domain, size.marginLeft, width - size.marginRight),
        y: along(d.y, cost.domain, height - size.marginBottom, size.marginTop),
      })),
  );
  const marks: LegendEntry[] = [
    ...devices.map((n) => ({
      label: n === 1 ? 'one device' : `${n} devices`,
      color: colorOf(n),
      mark: 'dot' as const,
    })),
    { label: 'Pareto front', color: colors.soft, mark: 'line' },
  ];
  const measuredWays = dots.filter((d) => d.measured).length;
  return figure({
    title: titled('Time against cost', of),
    panelWidth: 640,
    panels: [
      {
        title: `${money ? 'money' : 'device-hours'} against time to the target`,
        body: draw({
          ariaLabel: 'Cost against time for every batch size and number of devices',
          ...size,
          width,
          height,
          x: { type: 'log', domain: time.domain },
          y: logScale(cost),
          marks: [
            ...logAxisMarks(cost, null),
            Plot.axisX(time.ticks, {
              text: (s: number) => time.format(s),
              label: 'time to the target',
              labelAnchor: 'center',
              labelArrow: 'none',
            }),
            Plot.line(frontLine, { x: 'x', y: 'y', stroke: colors.soft, strokeWidth: 1.2 }),
            Plot.dot(
              dots.filter((d) => !d.measured),
              { x: 'x', y: 'y', stroke: 'color', fill: 'var(--paper, #ffffff)', r: 3.6, strokeWidth: 1.6 },
            ),
            Plot.dot(
              dots.filter((d) => d.measured),
              { x: 'x', y: 'y', fill: 'color', r: 3.8 },
            ),
            ...(chosen
              ? [
                  Plot.dot([chosen], {
                    x: (w: TrainingCost) => w.seconds.value,
                    y: costOf,
                    r: 8,
                    stroke: colors.ink,
                    strokeWidth: 1.8,
                  }),
                ]
              : []),
            Plot.text(named, {
              x: (label: (typeof named)[number]) => label.at.x,
              y: (label: (typeof named)[number]) => label.at.y,
              text: 'text',
              dx: 7,
              dy: -7,
              textAnchor: 'start',
            }),
          ],
        }),
      },
    ],
    legend: legend([
      ...marks,
      ...(chosen ? [{ label: 'recommended (ringed)', color: colors.ink, mark: 'dot' as const }] : []),
    ]),
    caption: html`Each point is a batch size on a number of devices; numbers are batch sizes${devices.length === 1 ? '' : ' on the front'}, where there is room. Filled: measured (${formatCount(measuredWays)}); hollow: modelled (${formatCount(dots.length - measuredWays)}).
Nothing is both faster and cheaper than what lies on the front${devices.length === 1 ? '; on one device time and cost are the same, so that it is one point' : ''}.`,
  });
}

/** The noise scale in the parts of a run, with their intervals, and what is used. */
export function noiseScaleFigure(estimate: CriticalBatchEstimate, batchSize: number): Html {
  const known = estimate.windows.flatMap(({ fromStep, toStep, scale }) =>
    scale ? [{ fromStep, toStep, ...scale }] : [],
  );
  const ends = [estimate.low, estimate.high ?? estimate.value, estimate.value, batchSize];
  const values = [...known.flatMap((w) => [w.value, w.low, w.high ?? w.value]), ...ends].filter((v) => v > 0);
  const axis = logAxisOf(values, formatExact);
  const floor = axis.domain[0];
  const last = largestOf(estimate.windows.map((w) => w.toStep));
  const lost = estimate.windows.filter((w: NoiseWindow) => w.scale === null).length;
  return figure({
    title: 'Noise scale along the run',
    panelWidth: 640,
    panels: [
      {
        title: 'tr Σ / |G|² in examples',
        body: draw({
          ariaLabel: 'Noise scale against the step of the short run',
          ...size,
          width: 760,
          x: { domain: [0, last], label: 'step', labelAnchor: 'center', labelArrow: 'none' },
          y: logScale(axis),
          marks: [
            ...logAxisMarks(axis, null),
            Plot.rect([estimate], {
              x1: 0,
              x2: last,
              y1: (e: CriticalBatchEstimate) => Math.max(floor, e.low),
              y2: (e: CriticalBatchEstimate) => e.high ?? axis.domain[1],
              fill: colors.above,
              fillOpacity: 0.12,
            }),
            Plot.ruleY([estimate.value], { stroke: colors.above, strokeWidth: 1.6 }),
            Plot.ruleY([batchSize], { stroke: colors.soft, strokeDasharray: '4,3' }),
            Plot.ruleX(known, {
              x: (w) => (w.fromStep + w.toStep) / 2,
              y1: (w) => Math.max(floor, w.low),
              y2: (w) => w.high ?? axis.domain[1],
              stroke: colors.below,
            }),
            Plot.ruleY(known, {
              x1: (w) => w.fromStep - 1,
              x2: 'toStep',
              y: 'value',
              stroke: colors.below,
              strokeWidth: 2,
            }),
          ],
        }),
      },
    ],
    legend: legend([
      { label: 'part of the run, 95 % interval', color: colors.below, mark: 'line' },
      { label: 'used: mean over progress, 95 % interval', color: colors.above, mark: 'line' },
      { label: 'batch size of the run', color: colors.soft, mark: 'dashed' },
    ]),
    caption: html`Measured from the gradients of micro-batches and batches (arXiv 1812.06162). ${lost > 0 ? html`In ${lost} part${lost === 1 ? '' : 's'} the signal is lost in the noise, and nothing is drawn. ` : null}Intervals that are open above go to the upper edge.
What is used weights every step with the progress it makes, |G|²/E|G_B|²: ${formatNumber(estimate.value)}.`,
  });
}
