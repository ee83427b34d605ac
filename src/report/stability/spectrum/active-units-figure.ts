import * as Plot from '@observablehq/plot';
import type { ActiveUnits } from '../../../stability/index.ts';
import { depthAxis, runsOf } from '../../kit/depth-axis.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { colors } from '../../kit/palette.ts';
import { groupNames } from './spectrum-rows.ts';

/** Active inner units and the share of singular values that the rank puts on the plateau, unit by unit, over images; null without units. */
export function activeUnitsFigure(active: readonly ActiveUnits[]): Html | null {
  const [first] = active;
  if (!first) return null;
  const { marks, x, marginBottom } = depthAxis(groupNames(active.map((a) => a.name)));
  const points = (of: (a: ActiveUnits) => { low: number; value: number; high: number } | null) =>
    active.flatMap((a, depth) => {
      const own = of(a);
      return own ? [{ depth, ...own }] : [];
    });
  const shares = points((a) => ({
    low: a.active.quantiles.q05 / a.hiddenSize,
    value: a.active.median / a.hiddenSize,
    high: a.active.quantiles.q95 / a.hiddenSize,
  }));
  const bounds = points((a) =>
    a.bound
      ? {
          low: a.bound.quantiles.q05 / a.size,
          value: a.bound.median / a.size,
          high: a.bound.quantiles.q95 / a.size,
        }
      : null,
  );
  const series = [
    { points: bounds, color: colors.plateau },
    { points: shares, color: colors.active },
  ];
  return figure({
    title: 'How many singular values the rank of the branch puts on the plateau',
    panelWidth: 800,
    legend: legend([
      { label: '(n − 2k) / n, the least share of values on the plateau', color: colors.plateau, mark: 'line' },
      { label: 'k / hidden size, active inner units', color: colors.active, mark: 'line' },
    ]),
    panels: [
      {
        body: draw({
          ariaLabel: 'Active inner units and least plateau share against depth',
          width: 1096,
          height: 290,
          marginLeft: 46,
          marginRight: 8,
          marginTop: 16,
          marginBottom,
          x,
          y: { domain: [0, 1], tickFormat: (v: number) => `${Math.round(100 * v)} %`, label: null, grid: true },
          marks: [
            ...marks,
            Plot.ruleY([0.5], { stroke: colors.soft, strokeDasharray: '2,4' }),
            ...series.flatMap(({ points: own, color }) => [
              Plot.ruleX(own, {
                x: 'depth',
                y1: 'low',
                y2: 'high',
                stroke: color,
                strokeWidth: 1.2,
              }),
              ...runsOf(own).map((run) => Plot.line(run, { x: 'depth', y: 'value', stroke: color, strokeWidth: 1.8 })),
              Plot.dot(own, { x: 'depth', y: 'value', r: 2.6, fill: color }),
            ]),
          ],
        }),
      },
    ],
    caption: html`Medians over ${first.active.count} images, bars from 5 to 95 % of them. No spectrum is computed for this: k is counted, the bound is linear algebra
(see terms). First units of later stages have no identity shortcut and no such bound.`,
  });
}
