import * as Plot from '@observablehq/plot';
import { meanOf } from '../../base/statistics.ts';
import { depthAxis } from '../kit/depth-axis.ts';
import { draw } from '../kit/draw.ts';
import { figure, legend } from '../kit/figure.ts';
import type { Html } from '../kit/html.ts';
import { colors } from '../kit/palette.ts';
import { groupNames } from './spectrum/spectrum-rows.ts';

/** A value of one kind at one block; `depth` is its place among the names. */
export interface DepthPoint {
  readonly label: string;
  readonly color: string;
  readonly depth: number;
  readonly value: number;
}

/** Values of some kinds against the blocks in order, a line through the means. */
export function againstDepth(
  names: readonly string[],
  points: readonly DepthPoint[],
  { title, ariaLabel, caption }: { readonly title: string; readonly ariaLabel: string; readonly caption: string },
): Html {
  const depth = depthAxis(groupNames(names));
  const labels = [...new Map(points.map((p) => [p.label, p.color]))];
  const means = labels.flatMap(([label, color]) =>
    names.flatMap((_, d) => {
      const own = points.filter((p) => p.label === label && p.depth === d).map((p) => p.value);
      return own.length ? [{ label, color, depth: d, value: meanOf(own) }] : [];
    }),
  );
  return figure({
    title,
    panelWidth: 640,
    legend: legend(labels.map(([label, color]) => ({ label, color, mark: 'line' as const }))),
    panels: [
      {
        body: draw({
          ariaLabel,
          width: 1096,
          height: 280,
          marginLeft: 46,
          marginRight: 10,
          marginTop: 18,
          marginBottom: depth.marginBottom,
          x: depth.x,
          y: { domain: [0, 1.08 * Math.max(1, ...points.map((p) => p.value))], grid: true, label: null },
          color: { type: 'identity' },
          marks: [
            ...depth.marks,
            Plot.ruleY([1], { stroke: colors.ink, strokeDasharray: '2,4' }),
            Plot.line(means, { x: 'depth', y: 'value', z: 'label', stroke: 'color', strokeWidth: 1.6 }),
            Plot.dot(points, { x: 'depth', y: 'value', fill: 'color', r: 2.6 }),
          ],
        }),
      },
    ],
    caption,
  });
}
