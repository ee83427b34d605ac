import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../statistics.ts';
import { draw } from './draw.ts';
import type { LegendEntry, Panel } from './figure.ts';
import { legend } from './figure.ts';
import type { Html } from './html.ts';
import { logTicks } from './log-axis.ts';
import { logAxisMarks, logScale } from './log-axis-marks.ts';
import { formatCount, formatExact } from './numbers.ts';
import { colors } from './palette.ts';

/** Hues of strategies in the order of a study; those of Okabe and Ito first. */
const hues = [
  colors.below,
  colors.above,
  colors.active,
  '#cc79a7',
  '#c99700',
  '#56a5d8',
  '#8c6bb1',
  '#8a6d3b',
  '#6b7785',
] as const;

/** How a strategy is drawn, the same in all figures of a report. */
export interface StrategyStyle {
  readonly color: string;
  readonly dash: string | undefined;
}

/** By the name of the strategy. */
export type StrategyStyles = ReadonlyMap<string, StrategyStyle>;

/** A strategy with its rate kept is the dashed line in the colour of the tuned one. */
export function strategyStyles(
  strategies: readonly { readonly name: string; readonly rates: 'tuned' | 'kept' }[],
): StrategyStyles {
  const styles = new Map<string, StrategyStyle>();
  let at = -1; // of the hues
  for (const { name, rates } of strategies) {
    if (styles.has(name)) continue;
    if (rates === 'tuned' || at < 0) at++;
    styles.set(name, { color: hues[at % hues.length]!, dash: rates === 'kept' ? '5,3' : undefined });
  }
  return styles;
}

/** Of the strategies that a figure shows, in the order of the study. */
export function strategyLegend(
  styles: StrategyStyles,
  shown: readonly string[],
  more: readonly LegendEntry[] = [],
): Html {
  return legend([
    ...[...styles]
      .filter(([name]) => shown.includes(name))
      .map(([label, { color, dash }]) => ({
        label,
        color,
        mark: dash ? ('dashed' as const) : ('line' as const),
      })),
    ...more,
  ]);
}

export interface PanelPoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number | null;
  readonly high?: number | null;
}

export interface PanelSeries {
  readonly style: StrategyStyle;
  readonly points: readonly PanelPoint[];
  /** Bounds from below: drawn as open triangles, joined to nothing. */
  readonly bounds?: readonly PanelPoint[];
  /** Dots only. */
  readonly scattered?: boolean;
}

export interface BatchPanel {
  readonly title?: string;
  readonly ariaLabel: string;
  readonly xLabel?: string;
  readonly yLabel: string;
  readonly series: readonly PanelSeries[];
  /** Drawn below the series, such as the ideal. */
  readonly under?: readonly Plot.Markish[];
  /** Further numbers that must be inside the axes. */
  readonly xs?: readonly number[];
  readonly ys?: readonly number[];
  /** Linear unless told otherwise is false: a logarithmic vertical axis. */
  readonly linear?: boolean;
  readonly width?: number;
  readonly height?: number;
  /** Ticks at these, the batch sizes of a study; 1, 2, 5 times powers of ten without. */
  readonly sizes?: readonly number[];
  readonly tick?: (y: number) => string;
}

/** Every size, or every second, fourth, ... one so that at most `most` labels stand side by side. */
function thinned(sizes: readonly number[], most: number): number[] {
  const every = 2 ** Math.max(0, Math.ceil(Math.log2(sizes.length / most)));
  return sizes.filter((_, i) => (sizes.length - 1 - i) % every === 0);
}

/** Large numbers short: 50,000 as 50k, 2,000,000 as 2M. */
export function formatTick(x: number): string {
  if (x >= 1e6) return `${formatExact(x / 1e6)}M`;
  if (x >= 1e4) return `${formatExact(x / 1e3)}k`;
  return x >= 1000 ? formatCount(x) : formatExact(x);
}

/** Curves over a logarithmic horizontal axis; null without a point. */
export function batchPanel(panel: BatchPanel): Panel | null {
  const { series, under = [], linear = false, width = 536, height = 330, tick = formatTick } = panel;
  const all = series.flatMap((s) => [...s.points, ...(s.bounds ?? [])]);
  if (all.length === 0) return null;
  const xs = [...all.map((p) => p.x), ...(panel.xs ?? [])];
  const ys = [...all.flatMap((p) => [p.y, p.low ?? p.y, p.high ?? p.y]), ...(panel.ys ?? [])];
  const [left, right] = [leastOf(xs), largestOf(xs)];
  const room = (right / left) ** 0.04 * 1.04;
  const [bottom, top] = [leastOf(ys), largestOf(ys)];
  const lift = (top / bottom) ** 0.05 * 1.04;
  const ticks = panel.sizes
    ? thinned(panel.sizes, Math.floor(width / 52))
    : logTicks(left / room, right * room, Math.floor(width / 60));
  const axis = {
    domain: [bottom / lift, top * lift] as const,
    ticks: logTicks(bottom / lift, top * lift, 8),
    format: tick,
  };
  const reach = top - bottom || Math.abs(top) || 1;
  const body = draw({
    ariaLabel: panel.ariaLabel,
    width,
    height,
    marginLeft: 52,
    marginRight: 16,
    marginTop: 24,
    marginBottom: 40,
    x: { type: 'log', domain: [left / room, right * room] },
    y: linear
      ? {
          domain: [bottom - 0.06 * reach, top + 0.06 * reach],
          grid: true,
          tickFormat: tick,
          label: panel.yLabel,
          labelArrow: 'none',
          ticks: 6,
        }
      : logScale(axis),
    marks: [
      ...(linear ? [] : logAxisMarks(axis, panel.yLabel)),
      Plot.gridX(ticks, { stroke: 'currentColor', strokeOpacity: 0.06 }),
      Plot.axisX(ticks, {
        text: formatTick,
        label: panel.xLabel ?? 'batch size',
        labelAnchor: 'center',
        labelArrow: 'none',
        tickSize: 4,
      }),
      ...under,
      ...series.flatMap(seriesMarks),
    ],
  });
  return { ...(panel.title === undefined ? {} : { title: panel.title }), body };
}

function seriesMarks({ style: { color, dash }, points, bounds = [], scattered = false }: PanelSeries): Plot.Markish[] {
  const spread = points.filter((p) => p.low != null && p.high != null && p.high > p.low);
  return [
    Plot.ruleX(spread, { x: 'x', y1: 'low', y2: 'high', stroke: color, strokeWidth: 1.2, strokeOpacity: 0.7 }),
    ...(scattered
      ? []
      : [
          Plot.line(points, {
            x: 'x',
            y: 'y',
            stroke: color,
            strokeWidth: 1.7,
            ...(dash === undefined ? {} : { strokeDasharray: dash }),
          }),
        ]),
    Plot.dot(points, { x: 'x', y: 'y', fill: color, r: 2.8 }),
    Plot.dot(bounds, {
      x: 'x',
      y: 'y',
      symbol: 'triangle',
      fill: 'var(--paper, #fff)',
      stroke: color,
      strokeWidth: 1.5,
      r: 4,
    }),
  ];
}
