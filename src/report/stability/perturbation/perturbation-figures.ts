import * as Plot from '@observablehq/plot';
import type { PerturbationKind, PerturbationResult, PerturbedLayer } from '../../../stability/index.ts';
import { barFigureWidth, depthAxis, runsOf } from '../../kit/depth-axis.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { positiveAxis } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { colors } from '../../kit/palette.ts';
import { perturbationColors } from '../perturbation-colors.ts';
import { groupNames } from '../spectrum/spectrum-rows.ts';
import { imageCount, kindsIn } from './perturbation-text.ts';

type Quantity = 'relativeNorm' | 'gain' | 'linearizationError' | 'linearRelativeNorm';

interface Point {
  readonly depth: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

function pointsOf(layers: readonly PerturbedLayer[], kind: PerturbationKind, quantity: Quantity): Point[] {
  return layers.flatMap((layer, depth) => {
    const found = layer[kind]?.distributions[quantity];
    if (!found || !(found.median > 0)) return [];
    return [{ depth, value: found.median, low: Math.max(found.quantiles.q25, 1e-12), high: found.quantiles.q75 }];
  });
}

function curves(
  layers: readonly PerturbedLayer[],
  quantity: Quantity,
  {
    kinds,
    label,
    linear = false,
  }: { readonly kinds: readonly PerturbationKind[]; readonly label: string; readonly linear?: boolean },
): Html {
  const { marks, x, marginBottom } = depthAxis(groupNames(layers.map((l) => l.name)));
  const series = kinds.map((kind) => ({ kind, points: pointsOf(layers, kind, quantity) }));
  const predicted = linear ? pointsOf(layers, 'adversarial', 'linearRelativeNorm') : [];
  const all = [...series.flatMap((s) => s.points.flatMap((p) => [p.low, p.high])), ...predicted.map((p) => p.value)];
  const axis = positiveAxis(all, 1.2);
  return draw({
    ariaLabel: `${label} against depth`,
    width: 1096,
    height: 330,
    marginLeft: 52,
    marginRight: 8,
    marginTop: 20,
    marginBottom,
    x,
    y: logScale(axis),
    marks: [
      ...marks,
      ...logAxisMarks(axis, label),
      ...series.flatMap(({ kind, points }) => [
        Plot.areaY(points, { x: 'depth', y1: 'low', y2: 'high', fill: perturbationColors[kind], fillOpacity: 0.14 }),
        ...runsOf(points).map((run) =>
          Plot.line(run, { x: 'depth', y: 'value', stroke: perturbationColors[kind], strokeWidth: 1.9 }),
        ),
        Plot.dot(points, { x: 'depth', y: 'value', r: 2.2, fill: perturbationColors[kind] }),
      ]),
      Plot.line(predicted, { x: 'depth', y: 'value', stroke: colors.soft, strokeWidth: 1.5, strokeDasharray: '4,3' }),
    ],
  });
}

/** ‖d‖ / ‖x‖ against depth on a log axis, trained and untrained. */
export function growthFigure({ layers, untrained, followed }: PerturbationResult): Html {
  const kinds = kindsIn({ layers });
  const drawn = { kinds, label: '‖d‖ / ‖x‖', linear: true };
  return figure({
    title: 'How perturbations grow on their way through the network',
    panelWidth: 800,
    legend: legend([
      ...kinds.map((kind) => ({ label: kind, color: perturbationColors[kind], mark: 'line' as const })),
      { label: 'linear prediction from the entry', color: colors.soft, mark: 'dashed' },
    ]),
    panels: [
      { title: 'the network', body: curves(layers, 'relativeNorm', drawn) },
      ...(untrained?.layers.some((l) => l.adversarial)
        ? [
            {
              title: 'control: the same architecture, untrained, attacked on its own answers',
              body: curves(untrained.layers, 'relativeNorm', drawn),
            },
          ]
        : []),
    ],
    caption: html`Norm of the perturbation relative to the unperturbed state, from where it enters to the logits, on a log axis: medians over ${imageCount(followed)},
      shaded from the lower to the upper quartile. All kinds have the same Euclidean norm at the entry, image by image${
        kinds.includes('directed')
          ? '; directed noise has the component of the adversarial perturbation along the gradient of the margin, too'
          : ''
      }. Dashed: what the adversarial curve were if the network was linear
      around the image. That perturbations are followed through the network is the paper’s; the controls and norms are our choice.`,
  });
}

/** Gain of each step, and how far the linearization of a step is off. */
export function gainFigure({ layers, followed }: PerturbationResult): Html {
  const kinds = kindsIn({ layers });
  const inner = layers.slice(1);
  // What is linear, such as the pooling and the last layer, has nothing but rounding as an error, which would stretch the axis.
  const bent = inner.filter((layer) => kinds.some((kind) => (layer[kind]?.linearizationError ?? 0) > 1e-4));
  return figure({
    title: 'Gain of each step and error of its linearization',
    panelWidth: 800,
    legend: legend(kinds.map((kind) => ({ label: kind, color: perturbationColors[kind], mark: 'line' as const }))),
    panels: [
      { title: 'gain, state to state', body: curves(inner, 'gain', { kinds, label: '‖d‖ / ‖d before‖' }) },
      ...(bent.length
        ? [
            {
              title: 'error of the linearization',
              body: curves(bent, 'linearizationError', { kinds, label: '‖d − J d before‖ / ‖d‖' }),
            },
          ]
        : []),
    ],
    caption: html`Medians over ${imageCount(followed)}, shaded between the quartiles, log axes. States include the final ReLU where the network has one. An error near 0: the Jacobian says all; near 1:
      the perturbation has left the region where it holds. Steps with errors below 10⁻⁴, which are linear but for rounding, are left out.`,
  });
}

/** Bars of energies on the singular vectors of each unit, for each kind: incoming perturbations on right ones, outgoing on left ones. */
export function projectionFigure(
  { projections, projected, layers }: PerturbationResult,
  side: 'incoming' | 'outgoing',
): Html | null {
  const kinds = kindsIn({ layers });
  const units = projections.filter((p) => p.kind === 'unit');
  if (units.length === 0) return null;
  const { marks, x, marginBottom } = depthAxis(groupNames(units.map((u) => u.name)));
  const parts = [
    ['energyAbove', 'above the plateau', colors.above],
    ['energyPlateau', 'on the plateau', colors.plateau],
    ['energyBelow', 'below it', colors.below],
  ] as const;
  const panel = (kind: PerturbationKind) => {
    const bars = units.flatMap((unit, depth) => {
      const both = unit[kind];
      if (!both) return [];
      const own = side === 'incoming' ? both : both.outgoing;
      let from = 0;
      return parts.map(([key, , fill]) => {
        const bar = { x1: depth - 0.42, x2: depth + 0.42, y1: 100 * from, y2: 100 * (from + own[key]), fill };
        from += own[key];
        return bar;
      });
    });
    return {
      title: kind,
      body: draw({
        ariaLabel: `Energy of ${kind} perturbations on singular vectors against depth`,
        width: barFigureWidth(units.length),
        height: 204,
        marginLeft: 42,
        marginRight: 8,
        marginTop: 24,
        marginBottom,
        x,
        y: { domain: [0, 100], ticks: 5, label: '% of ‖d‖²', labelArrow: 'none' },
        marks: [
          ...marks,
          Plot.rect(bars, { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'fill', inset: 0.5 }),
          Plot.ruleY([0]),
        ],
      }),
    };
  };
  const worst = Math.max(
    ...units.flatMap((u) =>
      kinds.map((kind) => (side === 'incoming' ? u[kind]?.uncertainty : u[kind]?.outgoing.uncertainty) ?? 0),
    ),
  );
  return figure({
    title:
      side === 'incoming'
        ? 'Where incoming perturbations lie among the right singular vectors of each unit'
        : 'Where outgoing perturbations lie among the left singular vectors of each unit',
    panelWidth: 800,
    legend: legend(parts.map(([, label, color]) => ({ label, color }))),
    panels: kinds.map(panel),
    caption: html`Squared length of the perturbation at the ${side === 'incoming' ? 'unit’s input' : 'end of the unit’s map'}, split by the singular value: above, at and below the plateau of 1; means over ${imageCount(projected)}.
      Units with an identity shortcut: the plateau by projection onto it; others (first units of a stage): the most that the moments allow. The three sum to 100 %; by the Gauss-Radau
      rule’s bounds each may be off by at most ${(100 * worst).toFixed(1)} %. Projections are the paper’s (finding F5); this way of computing them is ours.`,
  });
}

/** Predicted, measured and isotropic gain of each unit. */
export function predictedGainFigure({ projections, layers }: PerturbationResult): Html | null {
  const kinds = kindsIn({ layers });
  const units = projections.filter((p) => p.kind === 'unit');
  if (units.length === 0) return null;
  const { marks, x, marginBottom } = depthAxis(groupNames(units.map((u) => u.name)));
  const points = (of: (u: (typeof units)[number]) => number | undefined) =>
    units.flatMap((u, depth) => {
      const value = of(u);
      return value !== undefined && value > 0 ? [{ depth, value }] : [];
    });
  const measured = kinds.map((kind) => ({ kind, own: points((u) => u[kind]?.measuredGain) }));
  const predicted = kinds.map((kind) => ({ kind, own: points((u) => u[kind]?.predictedGain) }));
  const isotropic = points((u) => u.isotropicGain);
  const all = [...measured, ...predicted]
    .flatMap((s) => s.own.map((p) => p.value))
    .concat(isotropic.map((p) => p.value));
  const axis = positiveAxis(all, 1.1);
  return figure({
    title: 'Gain that the singular values predict, and the true one',
    panelWidth: 800,
    legend: legend([
      ...kinds.map((kind) => ({ label: `${kind}, measured`, color: perturbationColors[kind], mark: 'line' as const })),
      { label: 'predicted (dots)', color: colors.soft, mark: 'dot' },
      { label: 'isotropic', color: colors.soft, mark: 'dashed' },
    ]),
    panels: [
      {
        body: draw({
          ariaLabel: 'Predicted and measured gain against depth',
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
            ...logAxisMarks(axis, 'gain'),
            ...measured.map(({ kind, own }) =>
              Plot.line(own, { x: 'depth', y: 'value', stroke: perturbationColors[kind], strokeWidth: 1.7 }),
            ),
            ...predicted.map(({ kind, own }) =>
              Plot.dot(own, { x: 'depth', y: 'value', r: 3, fill: perturbationColors[kind] }),
            ),
            ...runsOf(isotropic).map((run) =>
              Plot.line(run, { x: 'depth', y: 'value', stroke: colors.soft, strokeDasharray: '4,3' }),
            ),
          ],
        }),
      },
    ],
    caption: html`Lines: ‖d out‖ / ‖d in‖ of each unit to the end of the map; dots: sqrt(Σσ²c²) = ‖J d‖ / ‖d‖; dashed: sqrt(mean σ²), the gain of a perturbation without any direction. Medians over images.`,
  });
}

/** Accuracy against the radius of the attack; null for a single radius. */
export function accuracyFigure({ byRadius, clean, attack }: PerturbationResult): Html | null {
  const points = byRadius
    .flatMap((a) => (a.eps === null ? [] : [{ eps: a.eps * 255, accuracy: 100 * a.accuracy }]))
    .sort((a, b) => a.eps - b.eps);
  if (points.length < 2) return null;
  return figure({
    title: 'Accuracy under attack',
    panelWidth: 440,
    panels: [
      {
        body: draw({
          ariaLabel: 'Accuracy against radius',
          width: 536,
          height: 270,
          marginLeft: 46,
          marginTop: 24,
          marginBottom: 44,
          x: { label: attack.norm === 'linf' ? 'radius in grey levels of 255' : 'radius × 255', labelArrow: 'none' },
          y: { domain: [0, 100], label: '% right', labelArrow: 'none', grid: true },
          marks: [
            Plot.line([{ eps: 0, accuracy: 100 * clean.accuracy }, ...points], {
              x: 'eps',
              y: 'accuracy',
              stroke: colors.above,
              strokeWidth: 2,
            }),
            Plot.dot([{ eps: 0, accuracy: 100 * clean.accuracy }, ...points], {
              x: 'eps',
              y: 'accuracy',
              fill: colors.above,
              r: 3,
            }),
          ],
        }),
      },
    ],
    caption: html`Share of all images that are answered rightly, by ${attack.name} in ${attack.norm}; at radius 0 without a perturbation.`,
  });
}
