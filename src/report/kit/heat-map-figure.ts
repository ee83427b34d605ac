import * as Plot from '@observablehq/plot';
import { largestOf } from '../../base/statistics.ts';
import type { SpectrumResult } from '../../stability/index.ts';
import { formatCount, formatExact, typesetNumber } from '../numbers.ts';
import { groupUnits, imageName, referenceValue, type SpectrumRow } from '../stability/spectrum/spectrum-rows.ts';
import { binMedians } from './decimate.ts';
import { draw } from './draw.ts';
import { figure, legend } from './figure.ts';
import { type Html, html } from './html.ts';
import { logTicks } from './log-axis.ts';
import { colors } from './palette.ts';

const width = 1096;
const bins = 320;
/** Shades on either side of the plateau. Neighbouring bins of one shade become one rectangle. */
const shades = 100;

/** Opacity of a shade over the neutral ground: rises faster near the plateau, where most values are. */
const strength = (shade: number) => (Math.abs(shade) / shades) ** 0.75;

interface Run {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly name: string;
  /** -shades .. shades; null: zero. */
  readonly shade: number | null;
}

/** Shade of a value on a log scale around `reference` that saturates at `limit` times or one `limit`th of it. */
function shadeOf(value: number, reference: number, limit: number): number {
  const t = Math.log(value / reference) / Math.log(limit);
  return Math.round(shades * Math.max(-1, Math.min(1, t)));
}

function runsOf(row: SpectrumRow, reference: number, limit: number): Run[] {
  const values = row.block.singularValues;
  const marked = values.map((v, i) => (i >= values.length - row.zeros ? 0 : v));
  const runs: { from: number; to: number; depth: number; name: string; shade: number | null }[] = [];
  binMedians(marked, bins).forEach((v, b) => {
    const shade = v === 0 ? null : shadeOf(v, reference, limit);
    const last = runs.at(-1);
    if (last && last.shade === shade) last.to = (b + 1) / bins;
    else runs.push({ from: b / bins, to: (b + 1) / bins, depth: row.depth, name: row.block.name, shade });
  });
  return runs;
}

/** The colour scale as a picture: singular value against shade. */
function scaleBar(reference: number, limit: number): Html {
  const steps = Array.from({ length: 2 * shades + 1 }, (_, i) => i - shades);
  const at = (s: number) => reference * limit ** (s / shades);
  const [low, high] = [at(-shades - 0.5), at(shades + 0.5)];
  const inner = logTicks(low, high, 7).filter((t) => t > low * limit ** 0.25 && t < high / limit ** 0.25);
  const ticks = [at(-shades), ...inner, at(shades)];
  const label = (t: number) =>
    t === ticks[0] ? `≤ ${typesetNumber(t, 2)}` : t === ticks.at(-1) ? `${typesetNumber(t, 2)}` : formatExact(t);
  return draw({
    ariaLabel: 'Colour scale',
    width: 380,
    height: 46,
    marginLeft: 24,
    marginRight: 24,
    marginTop: 4,
    marginBottom: 26,
    x: { type: 'log', domain: [low, high], label: null },
    opacity: { type: 'identity' },
    marks: [
      Plot.rect(steps, {
        x1: (s: number) => at(s - 0.5),
        x2: (s: number) => at(s + 0.5),
        y1: 0,
        y2: 1,
        fill: (s: number) => (s > 0 ? colors.aboveDeep : s < 0 ? colors.belowDeep : colors.neutral),
        fillOpacity: (s: number) => (s === 0 ? 1 : strength(s)),
        shapeRendering: 'crispEdges',
      }),
      Plot.axisX(ticks, { text: label, tickSize: 3, label: null }),
    ],
    color: { type: 'identity' },
    y: { axis: null, domain: [0, 1] },
  });
}

/** Depth against sorted index, coloured by log σ around the plateau, at the first image; null without a complete spectrum. */
export function heatMapFigure(result: SpectrumResult, rows: readonly SpectrumRow[]): Html | null {
  const shown = rows.filter(
    (r) => r.image === result.images[0] && r.block.complete && r.block.singularValues.length > 0,
  );
  if (shown.length === 0) return null;
  const reference = referenceValue(shown.map((r) => r.block));
  const limit = Math.max(1.5, ...shown.map((r) => (r.largest ?? 0) / reference));
  const runs = shown.flatMap((r) => runsOf(r, reference, limit));
  const names = shown.map((r) => r.block.name);
  const marginLeft = 14 + 6.4 * Math.min(24, largestOf(names.map((n) => n.length)));
  const rowHeight = names.length > 40 ? 12 : 17;
  const breaks = groupUnits(result)
    .slice(1)
    .map((g) => shown.findIndex((r) => r.depth >= g.units[0]!.depth))
    .filter((i) => i > 0);
  const cell = {
    x1: 'from',
    x2: 'to',
    y1: (r: Run) => position.get(r.depth)!,
    y2: (r: Run) => position.get(r.depth)! + 1,
    shapeRendering: 'crispEdges',
  };
  const position = new Map(shown.map((r, i) => [r.depth, i]));
  const body = draw({
    ariaLabel: 'Heat map of singular values: unit against sorted index',
    width,
    height: 46 + rowHeight * names.length,
    marginLeft,
    marginRight: 10,
    marginTop: 4,
    marginBottom: 42,
    x: {
      domain: [0, 1],
      ticks: 10,
      tickFormat: formatExact,
      label: 'index / n, largest value first',
      labelAnchor: 'center',
      labelArrow: 'none',
    },
    y: { domain: [names.length, 0], axis: null },
    opacity: { type: 'identity' },
    marks: [
      Plot.rect([0], { x1: 0, x2: 1, y1: 0, y2: names.length, fill: colors.neutral, shapeRendering: 'crispEdges' }),
      Plot.rect(
        runs.filter((r) => r.shade !== null && r.shade > 0),
        { ...cell, fill: colors.aboveDeep, fillOpacity: (r: Run) => strength(r.shade!) },
      ),
      Plot.rect(
        runs.filter((r) => r.shade !== null && r.shade < 0),
        { ...cell, fill: colors.belowDeep, fillOpacity: (r: Run) => strength(r.shade!) },
      ),
      Plot.rect(
        runs.filter((r) => r.shade === null),
        { ...cell, fill: colors.zero },
      ),
      Plot.ruleY(breaks, { stroke: 'var(--paper, #fff)', strokeWidth: 2.5 }),
      Plot.axisY(
        names.map((_, i) => i + 0.5),
        {
          tickFormat: (y: number) => {
            const name = names[Math.floor(y)]!;
            return name.length > 24 ? `${name.slice(0, 23)}…` : name;
          },
          tickSize: 0,
          label: null,
        },
      ),
    ],
  });
  const zeros = runs.some((r) => r.shade === null);
  return figure({
    title: 'Depth against sorted index',
    panelWidth: 640,
    legend: html`<div class="scale">${scaleBar(reference, limit)}${
      zeros ? legend([{ label: 'zero within tolerance', color: colors.zero }]) : null
    }</div>`,
    panels: [{ body }],
    caption: html`Each row is one unit at ${imageName(result, result.images[0]!)}, input side of the network at the top; each row is cut into
${bins} parts of equal width and shows the middle value of each part (${formatCount(shown.reduce((n, r) => n + r.block.singularValues.length, 0))} values in
${formatCount(bins * shown.length)} cells). Colour is log σ around ${formatExact(reference)}: neutral at the plateau, orange above, blue below;
it saturates at ${typesetNumber(limit * reference)} and, by symmetry, at ${typesetNumber(reference / limit)}.`,
  });
}
