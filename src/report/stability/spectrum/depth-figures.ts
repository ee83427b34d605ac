import * as Plot from '@observablehq/plot';
import { groupBy } from '../../../base/group-by.ts';
import { meanOf } from '../../../base/statistics.ts';
import type { SpectrumResult } from '../../../stability/index.ts';
import { barFigureWidth, depthAxis, runsOf } from '../../kit/depth-axis.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { logAxis } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { colors } from '../../kit/palette.ts';
import { formatExact } from '../../numbers.ts';
import { disjointCounts, groupUnits, imageName, referenceValue, type SpectrumRow } from './spectrum-rows.ts';

const width = 536;
const height = 290;

interface DepthPoint {
  readonly depth: number;
  readonly value: number;
}

function pointsOf(rows: readonly SpectrumRow[], of: (row: SpectrumRow) => number | null): DepthPoint[] {
  return rows.flatMap((r) => {
    const value = of(r);
    return value === null ? [] : [{ depth: r.depth, value }];
  });
}

/** One point a depth: the mean over images. */
function means(points: readonly DepthPoint[]): DepthPoint[] {
  return [...groupBy(points, (p) => p.depth)]
    .sort((a, b) => a[0] - b[0])
    .map(([depth, group]) => ({ depth, value: meanOf(group.map((p) => p.value)) }));
}

/** A line through the means over images, and a dot for every image. */
function series(points: readonly DepthPoint[], color: string): Plot.Markish[] {
  return [
    ...runsOf(means(points)).map((run) => Plot.line(run, { x: 'depth', y: 'value', stroke: color, strokeWidth: 1.8 })),
    Plot.dot(points, { x: 'depth', y: 'value', r: 2.4, fill: color }),
  ];
}

/** A bound of each unit that has one, across the room of that unit alone: others have none, and nothing is drawn through them. */
function stepsAcross(points: readonly DepthPoint[]): Plot.Markish[] {
  const across = {
    x1: (p: DepthPoint) => p.depth - 0.5,
    x2: (p: DepthPoint) => p.depth + 0.5,
  };
  return [
    Plot.rect(points, { ...across, y1: 0, y2: 'value', fill: colors.ink, fillOpacity: 0.09 }),
    Plot.ruleY(points, { ...across, y: 'value', stroke: colors.ink, strokeWidth: 1.8, strokeDasharray: '4,3' }),
  ];
}

/** Plateau share, active fraction and bound, and the extreme singular values, against depth; null where nothing was measured. */
export function depthFigure(result: SpectrumResult, rows: readonly SpectrumRow[]): Html | null {
  const share = pointsOf(rows, (r) => r.plateauShare);
  const active = pointsOf(rows, (r) => r.activeFraction);
  const bound = pointsOf(rows, (r) => r.boundShare);
  const largest = pointsOf(rows, (r) => r.largest);
  const smallest = pointsOf(rows, (r) => r.smallestNonzero);
  if (largest.length === 0) return null;
  const groups = groupUnits(result);
  const { marks, x, marginBottom } = depthAxis(groups);
  const frame = { width, height, marginLeft: 42, marginRight: 8, marginTop: 20, marginBottom };
  const reference = referenceValue(rows.map((r) => r.block));
  const axis = logAxis(
    [{ values: [...largest, ...smallest].map((p) => p.value).sort((a, b) => b - a), zeros: 0 }],
    reference,
  );
  const shares = draw({
    ariaLabel: 'Plateau share, active fraction and bound against depth',
    ...frame,
    x,
    y: {
      domain: [0, 100],
      percent: true,
      ticks: 5,
      label: '% of singular values or of inner units',
      labelArrow: 'none',
    },
    marks: [
      ...marks,
      Plot.gridY({ ticks: 5, stroke: 'currentColor', strokeOpacity: 0.09 }),
      ...stepsAcross(means(bound)),
      ...series(active, colors.active),
      ...series(share, colors.ink),
      Plot.ruleY([0]),
    ],
  });
  const extremes = draw({
    ariaLabel: 'Largest and smallest nonzero singular value against depth',
    ...frame,
    x,
    y: logScale(axis),
    marks: [
      ...marks,
      ...logAxisMarks(axis, 'singular value σ'),
      Plot.ruleY([reference], { stroke: colors.ink, strokeDasharray: '2,4' }),
      ...series(
        largest.map((p) => ({ depth: p.depth, value: axis.place(p.value, false) })),
        colors.above,
      ),
      ...series(
        smallest.map((p) => ({ depth: p.depth, value: axis.place(p.value, false) })),
        colors.below,
      ),
    ],
  });
  const many = result.images.length > 1;
  return figure({
    title: 'The plateau and the extremes against depth',
    panelWidth: 440,
    panels: [
      ...(share.length + active.length + bound.length > 0
        ? [
            {
              title: 'Shares',
              body: shares,
              legend: legend([
                ...(share.length ? [{ label: 'values at the plateau', color: colors.ink, mark: 'line' as const }] : []),
                ...(bound.length
                  ? [
                      {
                        label: 'at least there by the rank argument, (n − 2k)/n',
                        color: colors.ink,
                        mark: 'dashed' as const,
                      },
                    ]
                  : []),
                ...(active.length
                  ? [{ label: 'inner units active', color: colors.active, mark: 'line' as const }]
                  : []),
              ]),
            },
          ]
        : []),
      {
        title: 'Extremes',
        body: extremes,
        legend: legend([
          { label: 'largest', color: colors.above, mark: 'line' },
          ...(smallest.length ? [{ label: 'smallest nonzero', color: colors.below, mark: 'line' as const }] : []),
          { label: `plateau at ${formatExact(reference)}`, color: colors.ink, mark: 'dotted' },
        ]),
      },
    ],
    caption: html`One point a unit${many ? ` and image, lines through the means of ${result.images.length} images` : ''}, in the network’s order.
${bound.length ? 'Shaded: the part of the spectrum that must lie at the plateau because only k inner units are active; in exact arithmetic no unit lies below it. The bound is 0 where 2k ≥ n.' : ''}${axis.clipped ? ' Values below the axis are drawn at its lower end.' : ''}`,
  });
}

/** Values above, at and below the plateau and at zero as shares of each unit's spectrum, at the first image. */
export function countsFigure(result: SpectrumResult, rows: readonly SpectrumRow[]): Html | null {
  const kinds = [
    { kind: 'above the plateau', color: colors.above },
    { kind: 'at the plateau', color: colors.plateau },
    { kind: 'below, not zero', color: colors.below },
    { kind: 'zero', color: colors.zero },
  ] as const;
  const first = rows.filter((r) => r.image === result.images[0]);
  const bars = first.flatMap((row) => {
    const counts = disjointCounts(row.block);
    if (!counts) return [];
    const parts = [counts.above, counts.at, counts.below, counts.zero];
    const total = parts.reduce((s, c) => s + c, 0) || 1;
    let top = 1;
    return parts.map((count, i) => {
      const bar = { depth: row.depth, i, count, y2: top, y1: top - count / total };
      top = bar.y1;
      return bar;
    });
  });
  if (bars.length === 0) return null;
  const { marks, x, marginBottom } = depthAxis(groupUnits(result));
  const counted = new Set(bars.map((b) => b.depth)).size;
  const body = draw({
    ariaLabel: 'Singular values above, at, below the plateau and at zero, per unit',
    width: barFigureWidth(first.length),
    height: 300,
    marginLeft: 42,
    marginRight: 8,
    marginTop: 20,
    marginBottom,
    x,
    y: { domain: [0, 100], percent: true, ticks: 5, label: '% of the unit’s singular values', labelArrow: 'none' },
    marks: [
      ...marks,
      ...kinds.map(({ color }, i) =>
        Plot.rect(
          bars.filter((b) => b.i === i && b.count > 0),
          {
            x1: (b: { depth: number }) => b.depth - 0.4,
            x2: (b: { depth: number }) => b.depth + 0.4,
            y1: 'y1',
            y2: 'y2',
            fill: color,
          },
        ),
      ),
      Plot.ruleY([0]),
    ],
  });
  return figure({
    title: 'Above, at and below the plateau',
    panelWidth: 640,
    legend: legend(
      kinds
        .filter((_, i) => bars.some((b) => b.i === i && b.count > 0))
        .map((k) => ({ label: k.kind, color: k.color })),
    ),
    panels: [{ body }],
    caption: html`Share of each unit’s singular values at ${imageName(result, result.images[0]!)}, counted within the tolerance given in the table.
${counted < first.length ? `${first.length - counted} of ${first.length} units are not shown: their spectra are not complete or have no plateau.` : `${counted} unit${counted === 1 ? '' : 's'}.`}`,
  });
}
