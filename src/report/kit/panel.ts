import * as Plot from '@observablehq/plot';
import { largestOf, leastOf } from '../../base/statistics.ts';
import { formatCount, formatExact } from '../numbers.ts';
import { beyondNote, clipLine, type Frame, robustLimits } from './axis-limits.ts';
import { draw } from './draw.ts';
import type { LegendEntry, Panel } from './figure.ts';
import { legend } from './figure.ts';
import type { Html } from './html.ts';
import { logTicks } from './log-axis.ts';
import { logAxisMarks, logScale } from './log-axis-marks.ts';
import { colors, seriesHues } from './palette.ts';

/** How a strategy is drawn, the same in all figures of a report. */
export interface StrategyStyle {
  readonly color: string;
  readonly dash: string | undefined;
}

/** By the name of the strategy. */
export type StrategyStyles = ReadonlyMap<string, StrategyStyle>;

/** Dashes of tuned strategies and of those with a rate kept, by how often the hues were used up before. */
const dashes = {
  tuned: [undefined, '9,3', '9,3,2,3', '2,3'],
  kept: ['5,3', '1,3', '5,2,1,2,1,2', '12,4,2,4'],
} as const;

/**
 * A hue for each strategy; with its rate kept it is the dashed line in the colour of the tuned one, by its name. Where there are more strategies
 * than hues, further ones differ in their dashes: no two are alike.
 */
export function strategyStyles(
  strategies: readonly { readonly name: string; readonly rates: 'tuned' | 'kept' }[],
): StrategyStyles {
  const hueOf = new Map<string, number>();
  const rule = (name: string) => name.replace(/, rate kept$/, '');
  for (const { name, rates } of [...strategies].sort(
    (a, b) => Number(a.rates === 'kept') - Number(b.rates === 'kept'),
  )) {
    const own = rates === 'kept' ? rule(name) : name;
    if (!hueOf.has(own)) hueOf.set(own, hueOf.size);
  }
  return new Map(
    strategies.map(({ name, rates }) => {
      const at = hueOf.get(rates === 'kept' ? rule(name) : name)!;
      const round = Math.floor(at / seriesHues.length);
      return [name, { color: seriesHues[at % seriesHues.length]!, dash: dashes[rates][round % dashes.tuned.length] }];
    }),
  );
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
        mark: 'line' as const,
        dash,
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
  /** Drawn below the series, such as references. */
  readonly under?: readonly Plot.Markish[];
  /** Lines below the series that need not be inside, such as ideals: they end at the frame. */
  readonly guides?: readonly {
    readonly points: readonly { readonly x: number; readonly y: number }[];
    readonly dash?: string;
  }[];
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

/** Curves over a logarithmic horizontal axis, with limits that a few far values do not set; null without a point. */
export function batchPanel(panel: BatchPanel): Panel | null {
  const { series, under = [], guides = [], linear = false, width = 536, height = 330, tick = formatTick } = panel;
  const all = series.flatMap((s) => [...s.points, ...(s.bounds ?? [])]);
  if (all.length === 0) return null;
  const xs = [...all.map((p) => p.x), ...(panel.xs ?? []), ...(panel.sizes ?? [])];
  const limits = robustLimits(
    all.flatMap((p) => [...new Set([p.y, p.low ?? p.y, p.high ?? p.y])]),
    { log: !linear, always: panel.ys ?? [] },
  );
  const [left, right] = [leastOf(xs), largestOf(xs)];
  const room = (right / left) ** 0.04 * 1.04;
  const { low: bottom, high: top } = limits;
  const lift = (top / bottom) ** 0.05 * 1.04;
  const reach = top - bottom || Math.abs(top) || 1;
  const frame: Frame = {
    x: [left / room, right * room],
    y: linear ? [bottom - 0.06 * reach, top + 0.06 * reach] : [bottom / lift, top * lift],
    log: { x: true, y: !linear },
  };
  const ticks = panel.sizes
    ? thinned(panel.sizes, Math.floor(width / 52))
    : logTicks(...frame.x, Math.floor(width / 60));
  const axis = { domain: frame.y, ticks: logTicks(...frame.y, 8), format: tick };
  const note = beyondNote(limits, (y) => tick(Number(y.toPrecision(3))));
  const spacing = (width - 68) / Math.max(1, (panel.sizes ?? [...new Set(xs)]).length);
  const body = draw({
    ariaLabel: panel.ariaLabel,
    width,
    height,
    marginLeft: 52,
    marginRight: 16,
    marginTop: 24,
    marginBottom: 40,
    x: { type: 'log', domain: [...frame.x] },
    y: linear
      ? {
          domain: [...frame.y],
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
      ...guides.flatMap(({ points, dash = '2,4' }) =>
        clipLine(points, frame).map((piece) =>
          Plot.line(piece, { x: 'x', y: 'y', stroke: colors.soft, strokeDasharray: dash, strokeWidth: 1.4 }),
        ),
      ),
      ...series.flatMap((s) => seriesMarks(s, frame)),
      ...boundMarks(series, frame, spacing),
    ],
  });
  return { ...(panel.title === undefined ? {} : { title: panel.title }), body, ...(note ? { note } : {}) };
}

const isInside = (y: number, [low, high]: Frame['y']) => y >= low && y <= high;

/** Arrows at the edge for what lies beyond it. */
function beyondMarks(points: readonly PanelPoint[], color: string, { y: [low, high] }: Frame): Plot.Markish[] {
  const arrow = (rotate: number, edge: number, own: readonly PanelPoint[], dy: number) =>
    own.length > 0 ? [Plot.dot(own, { x: 'x', y: edge, symbol: 'triangle', rotate, fill: color, r: 4, dy })] : [];
  return [
    ...arrow(
      0,
      high,
      points.filter((p) => p.y > high),
      5,
    ),
    ...arrow(
      180,
      low,
      points.filter((p) => p.y < low),
      -5,
    ),
  ];
}

/** Points that may be joined: no batch size between two of them was run in vain. */
function joined(points: readonly PanelPoint[], bounds: readonly PanelPoint[]): PanelPoint[][] {
  const runs: PanelPoint[][] = [];
  for (const point of points) {
    const before = runs.at(-1)?.at(-1);
    if (before && !bounds.some((b) => b.x > before.x && b.x < point.x)) runs.at(-1)!.push(point);
    else runs.push([point]);
  }
  return runs;
}

function seriesMarks(
  { style: { color, dash }, points, bounds = [], scattered = false }: PanelSeries,
  frame: Frame,
): Plot.Markish[] {
  const [floor, ceiling] = frame.y;
  const spread = points
    .filter((p) => p.low != null && p.high != null && p.high > p.low && p.high > floor && p.low < ceiling)
    .map((p) => ({ ...p, low: Math.max(floor, p.low!), high: Math.min(ceiling, p.high!) }));
  const inside = points.filter((p) => isInside(p.y, frame.y));
  return [
    Plot.ruleX(spread, { x: 'x', y1: 'low', y2: 'high', stroke: color, strokeWidth: 1.2 }),
    ...(scattered ? [] : joined(points, bounds).flatMap((run) => clipLine(run, frame))).map((piece) =>
      Plot.line(piece, {
        x: 'x',
        y: 'y',
        stroke: color,
        strokeWidth: 1.7,
        ...(dash === undefined ? {} : { strokeDasharray: dash }),
      }),
    ),
    Plot.dot(inside, { x: 'x', y: 'y', fill: color, r: 2.8 }),
    ...beyondMarks(points, color, frame),
  ];
}

/** Triangles of bounds: those of several series at one batch size stand side by side. */
function boundMarks(series: readonly PanelSeries[], frame: Frame, spacing: number): Plot.Markish[] {
  const bounded = series.filter((s) => (s.bounds ?? []).length > 0);
  return bounded.flatMap(({ style: { color, dash }, bounds = [] }) =>
    bounds.flatMap((bound) => {
      if (!isInside(bound.y, frame.y)) return beyondMarks([bound], color, frame);
      const beside = bounded.filter((s) => s.bounds!.some((b) => b.x === bound.x));
      const step = Math.min(8, spacing / beside.length);
      const at = beside.findIndex((s) => s.style.color === color && s.bounds === bounds);
      return [
        Plot.dot([bound], {
          x: 'x',
          y: 'y',
          dx: step * (at - (beside.length - 1) / 2),
          symbol: 'triangle',
          fill: 'var(--paper, #fff)',
          stroke: color,
          strokeWidth: 1.5,
          ...(dash === undefined ? {} : { strokeDasharray: '2.5,1.5' }),
          r: Math.min(4, 0.6 * step),
        }),
      ];
    }),
  );
}
