import * as Plot from '@observablehq/plot';
import type { SpectrumResult } from '../../../stability/index.ts';
import { simplifyLine } from '../../kit/decimate.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { type LogAxis, logAxis } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { colors, depthColor } from '../../kit/palette.ts';
import { formatCount, formatExact } from '../../numbers.ts';
import { groupUnits, imageName, referenceValue, type SpectrumRow } from './spectrum-rows.ts';

const width = 352;
const height = 264;
const margins = { marginLeft: 42, marginRight: 10, marginTop: 12, marginBottom: 38 };

export interface Point {
  /** Position i + 1/2 of n, as 0 .. 1. */
  readonly x: number;
  readonly y: number;
}

/** The axis of a spectrum's normalized index. */
export const indexScale = {
  domain: [0, 1],
  ticks: [0, 0.25, 0.5, 0.75, 1],
  tickFormat: formatExact,
  label: 'index / n',
  labelArrow: 'none',
  labelAnchor: 'center',
} as const;

/**
 * Descending values against normalized index, as the few points that a drawing of `pixelWidth` x `pixelHeight` needs:
 * no value lies further than a third of a pixel from the line.
 */
export function spectrumLine(
  row: { readonly block: { readonly singularValues: readonly number[] }; readonly zeros: number },
  axis: LogAxis,
  pixelWidth: number,
  pixelHeight: number,
): Point[] {
  const values = row.block.singularValues;
  const n = values.length;
  const scale = pixelHeight / Math.log(axis.domain[1] / axis.domain[0]);
  const placed = values.map((v, i) => axis.place(v, i >= n - row.zeros));
  const kept = simplifyLine(
    placed.map((_, i) => ((i + 0.5) / n) * pixelWidth),
    placed.map((y) => Math.log(y) * scale),
    1 / 3,
  );
  return kept.map((i) => ({ x: (i + 0.5) / n, y: placed[i]! }));
}

/** What a caption must say about zeros and small values on a log axis. */
export function axisNote(axis: Pick<LogAxis, 'clipped' | 'hasZeroLane'>): string {
  const zero = axis.hasZeroLane ? ' Zeros have a lane of their own at the foot of the log axis (tick “0”).' : '';
  const clipped = axis.clipped
    ? ` ${formatCount(axis.clipped)} smaller value${axis.clipped === 1 ? ' is' : 's are'} drawn at the lower end of the axis.`
    : '';
  return zero + clipped;
}

/** Sorted singular values of every unit at the first image, one panel a stage; null without a complete spectrum. */
export function spectraFigure(result: SpectrumResult, rows: readonly SpectrumRow[]): Html | null {
  const shown = rows.filter(
    (r) => r.image === result.images[0] && r.block.complete && r.block.singularValues.length > 0,
  );
  if (shown.length === 0) return null;
  const reference = referenceValue(shown.map((r) => r.block));
  const axis = logAxis(
    shown.map((r) => ({ values: r.block.singularValues, zeros: r.zeros })),
    reference,
  );
  const plateaus = [...new Set(shown.map((r) => r.block.plateau?.value ?? reference))].filter((v) => v > 0);
  let points = 0;
  const panels = groupUnits(result).flatMap((group) => {
    const members = group.units.flatMap((unit) => {
      const row = shown.find((r) => r.depth === unit.depth);
      return row ? [{ unit, row }] : [];
    });
    if (members.length === 0) return [];
    const color = (i: number) => depthColor(members.length === 1 ? 0 : i / (members.length - 1));
    const lines = members.map(({ row }) => spectrumLine(row, axis, width - 52, height - 50));
    points += lines.reduce((n, l) => n + l.length, 0);
    const sizes = [...new Set(members.map(({ row }) => formatCount(row.size)))];
    const body = draw({
      ariaLabel: `Sorted singular values of ${group.name || 'the units'}`,
      width,
      height,
      ...margins,
      x: indexScale,
      y: logScale(axis),
      marks: [
        ...logAxisMarks(axis, 'singular value σ'),
        ...lines.map((line, i) =>
          line.length > 1
            ? Plot.line(line, { x: 'x', y: 'y', stroke: color(i), strokeWidth: 1.4 })
            : Plot.dot(line, { x: 'x', y: 'y', fill: color(i), r: 3 }),
        ),
        Plot.ruleY(plateaus, { stroke: colors.ink, strokeDasharray: '2,4', strokeWidth: 1 }),
      ],
    });
    return [
      {
        title: `${group.name ? `${group.name}, ` : ''}n = ${sizes.join(' and ')}`,
        body,
        legend: legend(members.map(({ unit }, i) => ({ label: unit.short, color: color(i), mark: 'line' as const }))),
      },
    ];
  });
  const count = shown.reduce((n, r) => n + r.block.singularValues.length, 0);
  return figure({
    title: 'Singular values of the units',
    panelWidth: 320,
    panels,
    caption: html`All singular values of ${shown.length} unit${shown.length === 1 ? '' : 's'} at ${imageName(result, result.images[0]!)}, sorted,
against their index divided by n; one line a unit, one panel a stage, log scale.
${plateaus.length ? `Dotted: the plateau at ${plateaus.map(formatExact).join(', ')}.` : ''}${axisNote(axis)}
${formatCount(count)} values, drawn through ${formatCount(points)} of them so that none lies further than a third of a pixel from its line.`,
  });
}
