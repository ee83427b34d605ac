import * as Plot from '@observablehq/plot';
import type { InterventionResult, ScaledNetwork } from '../../../stability/index.ts';
import { depthAxis } from '../../kit/depth-axis.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { positiveAxis } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { colors, depthColor } from '../../kit/palette.ts';
import { formatExact } from '../../numbers.ts';
import { groupNames } from '../spectrum/spectrum-rows.ts';
import { changedText, distinctNetworks } from './intervention-table.ts';

const kinds = ['adversarial', 'random'] as const;

/** How PGD and random perturbations grow through each changed network, one line a pair of scales; null where none was followed. */
export function interventionGrowthFigure(result: InterventionResult): Html | null {
  const networks = distinctNetworks(result).filter((n) => n.growth && n.growth.layers.length > 0);
  const [first] = networks;
  if (!first) return null;
  const { marks, x, marginBottom } = depthAxis(groupNames(first.growth!.layers.map((l) => l.name)));
  const points = (network: ScaledNetwork, kind: (typeof kinds)[number]) =>
    network.growth!.layers.flatMap((layer, depth) => {
      const value = layer[kind];
      return value !== null && value > 0 ? [{ depth, value }] : [];
    });
  const all = networks.flatMap((n) => kinds.flatMap((kind) => points(n, kind).map((p) => p.value)));
  const axis = positiveAxis(all, 1.2);
  const isUnchanged = (n: ScaledNetwork) => n.skipScale === 1 && n.weightScale === 1;
  const changed = networks.filter((n) => !isUnchanged(n));
  const strokeOf = (n: ScaledNetwork) =>
    isUnchanged(n) ? colors.ink : depthColor(changed.length < 2 ? 0 : changed.indexOf(n) / (changed.length - 1));
  return figure({
    title: `How perturbations grow with ${changedText(result)}`,
    panelWidth: 800,
    legend: legend(
      networks.map((n) => ({
        label: isUnchanged(n)
          ? 'unchanged'
          : `a = ${formatExact(n.skipScale)}, c = ${formatExact(n.weightScale)}: ${n.growth!.followed} of ${n.growth!.images} images`,
        color: strokeOf(n),
        mark: isUnchanged(n) ? ('dashed' as const) : ('line' as const),
      })),
    ),
    panels: kinds.map((kind) => ({
      title: kind,
      body: draw({
        ariaLabel: `Growth of ${kind} perturbations against depth, by scales`,
        width: 1096,
        height: 300,
        marginLeft: 52,
        marginRight: 8,
        marginTop: 20,
        marginBottom,
        x,
        y: logScale(axis),
        marks: [
          ...marks,
          ...logAxisMarks(axis, '‖d‖ / ‖x‖'),
          ...networks.map((n) =>
            Plot.line(points(n, kind), {
              x: 'depth',
              y: 'value',
              stroke: strokeOf(n),
              strokeWidth: 1.6,
              ...(isUnchanged(n) ? { strokeDasharray: '5,3' } : {}),
            }),
          ),
        ],
      }),
    })),
    caption: html`Medians over the images that each network answers correctly, log axis; PGD (linf ${formatExact(Number((first.growth!.eps * 255).toPrecision(3)))}/255, ${first.growth!.steps} steps)
against each changed network itself, and Gaussian noise of the same Euclidean norm. Attack, radius and scales are our choice.`,
  });
}
