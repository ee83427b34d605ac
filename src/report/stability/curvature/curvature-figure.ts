import * as Plot from '@observablehq/plot';
import type { CurvatureDensity, CurvatureResult } from '../../../stability/index.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend, type Panel } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { logTicks } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { colors } from '../../kit/palette.ts';
import { formatCount, formatPercent, typesetNumber } from '../../numbers.ts';
import { bulkWidth, densityCurve, fineWidth, nodeRange } from './curvature-curve.ts';

const size = { width: 536, height: 300, marginLeft: 58, marginRight: 14, marginTop: 14, marginBottom: 40 };

/** The smallest range around 0 that holds all but this share of the eigenvalues. */
const outside = 1e-4;

/** The density of eigenvalues, as a whole and around zero, with the eigenvalues that Lanczos found. */
export function densityFigure(result: CurvatureResult, density: CurvatureDensity): Html {
  const range = nodeRange(density);
  const bulk = bulkRange(density, range);
  const whole = { title: 'whole spectrum', range, width: fineWidth(range) };
  const around = {
    title: `the bulk: all but ${formatPercent(outside)} of the eigenvalues`,
    range: bulk,
    width: bulkWidth(density, bulk),
  };
  const zoomed = bulk[1] - bulk[0] < 0.5 * (range[1] - range[0]);
  const views = zoomed ? [whole, around] : [whole];
  const widths = views.map((v) => typesetNumber(v.width, 2)).join(' and ');
  return figure({
    title: 'Density of the eigenvalues of the Hessian',
    panelWidth: 440,
    panels: views.map((view) => panel(view, result, density)),
    legend: legend([
      { label: 'density, smoothed', color: colors.below, mark: 'line' },
      { label: 'eigenvalues found by Lanczos', color: colors.above, mark: 'dot' },
    ]),
    caption: html`Share of the ${formatCount(result.parameters)} eigenvalues per unit of the axis (vertical, log scale; the curve integrates to 1) against the eigenvalue.
Stochastic Lanczos quadrature with ${density.probes} probe${density.probes === 1 ? '' : 's'} of ${density.steps} steps, smoothed with Gaussians of standard deviation ${widths}
(a hundredth of the range; in the bulk at least half the distance of the nodes; our choice). The axis begins at a fifth of the peak of one eigenvalue alone. Dots: converged eigenvalues, at the height of that peak.
The presentation follows PyHessian (paper: arXiv 1912.07145).`,
  });
}

/** A little room at both ends; never empty. */
function widened([low, high]: readonly [number, number]): readonly [number, number] {
  const room = 0.04 * (high - low || 1);
  return [low - room, high + room];
}

function bulkRange({ rules }: CurvatureDensity, [low, high]: readonly [number, number]): readonly [number, number] {
  const points = rules
    .flatMap(({ nodes, weights }) => nodes.map((x, i) => ({ x, weight: weights[i]! / rules.length })))
    .sort((a, b) => Math.abs(b.x) - Math.abs(a.x));
  let left = outside;
  const edge = points.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  const reach = Math.abs(edge?.x ?? high);
  return [Math.max(low, -reach), Math.min(high, reach)];
}

interface View {
  readonly title: string;
  readonly range: readonly [number, number];
  /** Of the smoothing. */
  readonly width: number;
}

function panel(
  { title, range: tight, width }: View,
  { parameters, eigenvalues, smallest }: CurvatureResult,
  density: CurvatureDensity,
): Panel {
  const range = widened(tight);
  const { points, floor } = densityCurve(density, parameters, range, { width });
  const top = 1.5 * Math.max(5 * floor, ...points.map((p) => p.y));
  const axis = {
    domain: [floor, top] as const,
    ticks: logTicks(floor, top),
    format: (y: number) => typesetNumber(y, 1),
  };
  const found = [...eigenvalues, ...smallest].filter(({ value }) => value >= range[0] && value <= range[1]);
  return {
    title,
    body: draw({
      ariaLabel: `Density of eigenvalues, ${title}`,
      ...size,
      x: { domain: [...range], label: 'eigenvalue', labelAnchor: 'center', labelArrow: 'none', ticks: 7 },
      y: logScale(axis),
      marks: [
        ...logAxisMarks(axis, null),
        Plot.ruleX([0], { stroke: colors.ink, strokeDasharray: '2,4', strokeOpacity: 0.6 }),
        Plot.areaY(points, { x: 'x', y1: floor, y2: 'y', fill: colors.below, fillOpacity: 0.15 }),
        Plot.line(points, { x: 'x', y: 'y', stroke: colors.below, strokeWidth: 1.4 }),
        Plot.dot(found, { x: 'value', y: 5 * floor, fill: colors.above, r: 3 }),
      ],
    }),
  };
}
