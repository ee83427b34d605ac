import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../../base/statistics.ts';
import type {
  LinearErrorRow,
  NoiseScaleRow,
  ProfileComparison,
  Spread,
  StudyReport,
  WorkloadReport,
} from '../../study/analysis/index.ts';
import { draw } from '../kit/draw.ts';
import { figure, legend } from '../kit/figure.ts';
import { type Html, html } from '../kit/html.ts';
import { logTicks } from '../kit/log-axis.ts';
import { colors, depthColor } from '../kit/palette.ts';
import {
  batchPanel,
  formatTick,
  type PanelPoint,
  type StrategyStyle,
  type StrategyStyles,
  strategyLegend,
} from '../kit/panel.ts';
import { formatExact, formatPercent } from '../numbers.ts';

const spreadPoint = (x: number, { median, low, high }: Spread): PanelPoint[] =>
  median === null ? [] : [{ x, y: median, low, high }];

/** Held-out quality and the generalization gap against batch size; null where nothing was evaluated on held-out data. */
export function generalizationFigure(workload: WorkloadReport, styles: StrategyStyles): Html | null {
  const tuned = workload.strategies.filter((s) => s.rates === 'tuned');
  const sizes = [...new Set(workload.generalization.map((r) => r.batchSize))].sort((a, b) => a - b);
  const panel = (key: 'bestValMetric' | 'bestValLoss' | 'gapAtEnd' | 'gapAtTarget', title: string, yLabel: string) =>
    batchPanel({
      title,
      ariaLabel: `${title} against batch size`,
      yLabel,
      linear: true,
      sizes,
      height: 290,
      tick: formatTick,
      series: tuned.map(({ name }) => ({
        style: styles.get(name)!,
        points: workload.generalization
          .filter((r) => r.strategy === name)
          .flatMap((r) => spreadPoint(r.batchSize, r[key])),
      })),
    });
  const metric = workload.metric?.name ?? 'metric';
  const panels = [
    panel('bestValMetric', `best held-out ${metric}`, metric),
    panel('bestValLoss', 'lowest held-out loss', 'loss'),
    panel('gapAtEnd', 'gap at the end: held-out less training loss', 'loss'),
    panel('gapAtTarget', 'gap at the training-loss target', 'loss'),
  ].filter((p) => p !== null);
  if (panels.length === 0) return null;
  return figure({
    title: `Generalization against batch size, ${workload.name}`,
    panelWidth: 440,
    panels,
    legend: strategyLegend(
      styles,
      tuned.map((s) => s.name),
    ),
    caption: html`Of the trials at the rate that is best for the training-loss target; medians over seeds, bars from the least to the largest. “Best” is over all evaluations of a trial, so it is chosen on the held-out data themselves.`,
  });
}

/** The gradient noise scale against the fitted critical batch, and its way through training; null where none was recorded. */
export function noiseFigure(workload: WorkloadReport, styles: StrategyStyles): Html | null {
  const rows = workload.noiseScale.filter((r) => r.target === workload.primaryTarget);
  if (rows.length === 0) return null;
  const tuned = workload.strategies.filter((s) => s.rates === 'tuned' && rows.some((r) => r.strategy === s.name));
  const sizes = [...new Set(rows.map((r) => r.batchSize))].sort((a, b) => a - b);
  const fits = tuned.flatMap((s) =>
    s.criticalBatch.value === null ? [] : [{ y: s.criticalBatch.value, color: styles.get(s.name)!.color }],
  );
  const near = batchPanel({
    title: 'near the target, against batch size',
    ariaLabel: 'Noise scale near the target against batch size',
    yLabel: 'noise scale, examples',
    sizes,
    ys: fits.map((f) => f.y),
    under: [Plot.ruleY(fits, { y: 'y', stroke: 'color', strokeDasharray: '5,3' })],
    series: tuned.map(({ name }) => ({
      style: styles.get(name)!,
      points: rows.filter((r) => r.strategy === name).flatMap((r) => spreadPoint(r.batchSize, r.nearTarget)),
    })),
  });
  const longest = [...rows].sort((a, b) => b.curve.length - a.curve.length)[0]!;
  const through = rows.filter((r) => r.strategy === longest.strategy && r.curve.length > 1);
  const hue = (r: NoiseScaleRow): StrategyStyle => ({
    color: depthColor(sizes.length < 2 ? 0 : sizes.indexOf(r.batchSize) / (sizes.length - 1)),
    dash: undefined,
  });
  const along = batchPanel({
    title: `through training, ${longest.strategy}`,
    ariaLabel: 'Noise scale against epochs',
    xLabel: 'epochs',
    yLabel: 'noise scale, examples',
    series: through.map((r) => ({
      style: hue(r),
      points: r.curve.filter((p) => p.epoch > 0).map((p) => ({ x: p.epoch, y: p.value })),
    })),
  });
  const panels = [
    near,
    along && {
      ...along,
      legend: legend(
        through.map((r) => ({ label: `batch ${r.batchSize}`, color: hue(r).color, mark: 'line' as const })),
      ),
    },
  ].filter((p) => p !== null);
  if (panels.length === 0) return null;
  return figure({
    title: `Gradient noise scale and the fitted critical batch, ${workload.name}`,
    panelWidth: 440,
    panels,
    legend: strategyLegend(
      styles,
      tuned.map((s) => s.name),
      [{ label: 'B_crit of the fit', color: colors.soft, mark: 'dashed' }],
    ),
    caption: html`tr Σ / |G|² from the micro-batches of the trials themselves (arXiv 1812.06162, appendix A.1). Near the target: median of what was recorded from 0.8 to 1.25 of its steps. McCandlish et al. expect the two to agree within small factors; nothing in the fit uses the noise scale.`,
  });
}

/** The linear-approximation error of the strategies' steps, a panel a workload and state; null where none was measured. */
export function linearErrorFigure(
  { linearErrors, workloads }: StudyReport<unknown>,
  styles: StrategyStyles,
): Html | null {
  const states = [...new Set(linearErrors.map((r) => `${r.workload}\n${r.at}`))];
  const panels = states.flatMap((state) => {
    const own = linearErrors.filter((r) => `${r.workload}\n${r.at}` === state);
    const strategies = [...new Set(own.map((r) => r.strategy))];
    const title = `${workloads.length > 1 ? `${own[0]!.workload}, ` : ''}${own[0]!.at}`;
    const panel = (kind: string, of: (row: LinearErrorRow) => number | null) =>
      batchPanel({
        title: `${kind}, ${title}`,
        ariaLabel: `Linear-approximation error against batch size, ${kind}, ${title}`,
        yLabel: 'error',
        sizes: [...new Set(own.map((r) => r.batchSize))].sort((a, b) => a - b),
        ys: [1],
        height: 290,
        under: [Plot.ruleY([1], { stroke: colors.soft, strokeDasharray: '2,4' })],
        series: strategies.map((name) => ({
          style: styles.get(name) ?? { color: colors.soft, dash: undefined },
          points: own
            .filter((r) => r.strategy === name && (of(r) ?? 0) > 0)
            .sort((a, b) => a.batchSize - b.batchSize)
            .map((r) => ({ x: r.batchSize, y: of(r)! })),
        })),
      });
    return [panel('absolute', (r) => r.absolute), panel('relative', (r) => r.error)].flatMap((p) => p ?? []);
  });
  if (panels.length === 0) return null;
  return figure({
    title: 'Linear-approximation error of the step',
    panelWidth: 440,
    panels,
    legend: strategyLegend(
      styles,
      linearErrors.map((r) => r.strategy),
    ),
    caption: html`|L(w) − L(w − ηg) − η‖g‖²| on one training batch: how far the loss departs from what the gradient promises, in units of the loss as in the paper (absolute), and over η‖g‖² (relative, ours). Dotted: 1, where the paper sees the scaling rule break.`,
  });
}

/** Performance profiles of the strategies over all workloads, targets and batch sizes. */
export function profileFigure({ problems, profiles, leftOut }: ProfileComparison, styles: StrategyStyles): Html {
  const widest = Math.max(2, ...profiles.flatMap((p) => p.steps.map((s) => s.ratio)));
  const top = widest * 1.08;
  const lines = profiles.flatMap(({ strategy, steps }) => {
    const start = steps[0]?.ratio === 1 ? [] : [{ ratio: 1, share: 0 }];
    const points = [...start, ...steps, { ratio: top, share: steps.at(-1)?.share ?? 0 }];
    return points.map((p) => ({ ...p, strategy }));
  });
  const ticks = logTicks(1, top, 9);
  return figure({
    title: 'Performance profiles of the strategies',
    panelWidth: 640,
    legend: strategyLegend(
      styles,
      profiles.map((p) => p.strategy),
    ),
    panels: [
      {
        body: draw({
          ariaLabel: 'Share of problems solved within a factor of the fewest steps',
          width: 1000,
          height: 330,
          marginLeft: 48,
          marginRight: 16,
          marginTop: 22,
          marginBottom: 40,
          x: { type: 'log', domain: [1, top] },
          y: { domain: [0, 1], tickFormat: formatPercent, grid: true, label: 'share of problems', labelArrow: 'none' },
          marks: [
            Plot.gridX(ticks, { stroke: 'currentColor', strokeOpacity: 0.06 }),
            Plot.axisX(ticks, {
              text: formatExact,
              label: 'τ: steps relative to the best strategy of each problem',
              labelAnchor: 'center',
              labelArrow: 'none',
            }),
            ...profiles.map(({ strategy }) => {
              const { color, dash } = styles.get(strategy)!;
              return Plot.line(
                lines.filter((l) => l.strategy === strategy),
                {
                  x: 'ratio',
                  y: 'share',
                  curve: 'step-after',
                  stroke: color,
                  strokeWidth: 2,
                  ...(dash === undefined ? {} : { strokeDasharray: dash }),
                },
              );
            }),
          ],
        }),
      },
    ],
    caption: html`${problems.length} problems (workload, target, batch size) that all of these strategies were run on and at least one solves. At the left: how often a strategy needs the fewest steps; at the right: how often it reaches the target at all (Dolan and Moré).${
      leftOut.length > 0 ? ` Left out, run on fewer than half of the problems: ${leftOut.join(', ')}.` : ''
    }`,
  });
}

/** Ends that are farther off than a factor of 50 run to the edge, so that one open interval does not flatten the others. */
const drawable = (value: number, low: number, high: number | null) => ({
  low: Math.max(low, value / 50, 1e-3),
  high: high === null || high > 50 * value ? null : high,
});

/** Fitted critical batches with their intervals side by side; null with fewer than two. */
export function criticalFigure({ comparison, workloads }: StudyReport<unknown>, styles: StrategyStyles): Html | null {
  const primary = new Map(workloads.map((w) => [w.name, w.primaryTarget]));
  const rows = comparison.rows
    .filter((r) => r.target === primary.get(r.workload) && r.criticalBatch.value !== null)
    .map((r) => ({
      name: workloads.length > 1 ? `${r.workload} · ${r.strategy}` : r.strategy,
      color: styles.get(r.strategy)!.color,
      value: r.criticalBatch.value!,
      ...drawable(r.criticalBatch.value!, r.criticalBatch.low!, r.criticalBatch.high),
    }));
  if (rows.length < 2) return null;
  const ends = rows.flatMap((r) => [r.value, r.low, r.high ?? r.value]);
  const [low, high] = [leastOf(ends) / 1.3, largestOf(ends) * 1.6];
  const ticks = logTicks(low, high, 10);
  const names = rows.map((r) => r.name);
  return figure({
    title: 'Critical batch sizes with their intervals',
    panelWidth: 640,
    panels: [
      {
        body: draw({
          ariaLabel: 'Critical batch sizes with 95 % intervals',
          width: 1000,
          height: 70 + 22 * rows.length,
          marginLeft: 24 + 6.3 * Math.min(48, largestOf(names.map((n) => n.length))),
          marginRight: 20,
          marginTop: 10,
          marginBottom: 40,
          x: { type: 'log', domain: [low, high] },
          y: { domain: [rows.length - 0.5, -0.5] },
          marks: [
            Plot.gridX(ticks, { stroke: 'currentColor', strokeOpacity: 0.08 }),
            Plot.axisX(ticks, {
              text: formatTick,
              label: 'B_crit = E_min / S_min',
              labelAnchor: 'center',
              labelArrow: 'none',
            }),
            Plot.axisY(
              rows.map((_, i) => i),
              {
                text: (i: number) => (names[i]!.length > 48 ? `${names[i]!.slice(0, 47)}…` : names[i]!),
                tickSize: 0,
                label: null,
              },
            ),
            Plot.ruleY(rows, {
              x1: 'low',
              x2: (r: (typeof rows)[number]) => r.high ?? high,
              y: (_: unknown, i: number) => i,
              stroke: 'color',
              strokeWidth: 1.6,
            }),
            Plot.dot(rows, { x: 'value', y: (_: unknown, i: number) => i, fill: 'color', r: 4 }),
          ],
        }),
      },
    ],
    caption: html`For the primary target of each workload; 95 % intervals as said under the trade-off figures. A line that runs to the right edge is not bounded from above.`,
  });
}
