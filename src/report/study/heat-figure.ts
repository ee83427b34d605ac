import * as Plot from '@observablehq/plot';
import type { Contour, WorkloadReport } from '../../study/analysis/index.ts';
import { draw } from '../kit/draw.ts';
import { figure, type Panel } from '../kit/figure.ts';
import { type Html, html } from '../kit/html.ts';
import { logTicks } from '../kit/log-axis.ts';
import { colors, depthColor } from '../kit/palette.ts';
import { formatTick } from '../kit/panel.ts';
import { formatExact, typesetNumber } from '../numbers.ts';

const shades = 40;
const most = 9;

interface Range {
  readonly low: number;
  readonly high: number;
}

const shareOf = (value: number, { low, high }: Range) =>
  high > low ? Math.min(1, Math.max(0, Math.log(value / low) / Math.log(high / low))) : 0;
const shadeOf = (value: number, range: Range) => depthColor(1 - Math.round(shades * shareOf(value, range)) / shades);

function scaleBar(range: Range): Html {
  const ratio = (range.high / range.low) ** (1 / shades);
  const steps = Array.from({ length: shades }, (_, i) => range.low * ratio ** i);
  return draw({
    ariaLabel: 'Colour scale of the loss',
    width: 340,
    height: 44,
    marginLeft: 20,
    marginRight: 24,
    marginTop: 4,
    marginBottom: 24,
    x: { type: 'log', domain: [range.low, range.high], label: null },
    y: { axis: null, domain: [0, 1] },
    color: { type: 'identity' },
    marks: [
      Plot.rect(steps, {
        x1: (v: number) => v,
        x2: (v: number) => v * ratio,
        y1: 0,
        y2: 1,
        fill: (v: number) => shadeOf(v, range),
        shapeRendering: 'crispEdges',
      }),
      Plot.axisX(logTicks(range.low, range.high, 7), { text: formatExact, tickSize: 3, label: null }),
    ],
  });
}

function panelOf({ strategy, batchSizes, steps, values }: Contour, range: Range, reached: readonly Reached[]): Panel {
  const half = Math.sqrt(steps[1]! / steps[0]!);
  const cells = values.flatMap((row, b) =>
    row.flatMap((value, s) =>
      value === null ? [] : [{ x1: steps[s]! / half, x2: steps[s]! * half, b, fill: shadeOf(value, range) }],
    ),
  );
  const line = reached.flatMap(({ batchSize, steps: at }) => {
    const b = batchSizes.indexOf(batchSize);
    return b < 0 ? [] : [{ x: at, y: b }];
  });
  const [first, last] = [steps[0]! / half, steps.at(-1)! * half];
  return {
    title: strategy,
    body: draw({
      ariaLabel: `Loss over batch size and iterations, ${strategy}`,
      width: 352,
      height: 64 + 24 * batchSizes.length,
      marginLeft: 48,
      marginRight: 12,
      marginTop: 20,
      marginBottom: 40,
      color: { type: 'identity' },
      x: { type: 'log', domain: [first, last] },
      y: { domain: [-0.5, batchSizes.length - 0.5] },
      marks: [
        Plot.axisX(logTicks(first, last, 6), {
          text: formatTick,
          label: 'iterations',
          labelAnchor: 'center',
          labelArrow: 'none',
          tickSize: 4,
        }),
        Plot.axisY(
          batchSizes.map((_, b) => b),
          { text: (b: number) => formatTick(batchSizes[b]!), label: 'batch size', labelArrow: 'none', tickSize: 0 },
        ),
        Plot.rect(cells, {
          x1: 'x1',
          x2: 'x2',
          y1: (c: { b: number }) => c.b - 0.5,
          y2: (c: { b: number }) => c.b + 0.5,
          fill: 'fill',
          shapeRendering: 'crispEdges',
        }),
        Plot.line(line, { x: 'x', y: 'y', stroke: 'var(--paper, #fff)', strokeWidth: 3.5 }),
        Plot.line(line, { x: 'x', y: 'y', stroke: colors.ink, strokeWidth: 1.5 }),
        Plot.dot(line, { x: 'x', y: 'y', fill: colors.ink, stroke: 'var(--paper, #fff)', r: 3 }),
      ],
    }),
  };
}

interface Reached {
  readonly batchSize: number;
  readonly steps: number;
}

/** Loss over batch size x iterations, one panel a strategy, with the line where the target is met; null without a positive loss. */
export function contourFigure(workload: WorkloadReport): Html | null {
  const shown = workload.contours.slice(0, most);
  const known = shown.flatMap((c) => c.values.flatMap((row) => row.filter((v) => v !== null && v > 0))) as number[];
  const target = workload.targets.find((t) => t.quantity === 'trainLoss' && t.value !== null) ?? workload.targets[0];
  if (known.length === 0 || !target) return null;
  const sorted = Float64Array.from(known).sort();
  // The few highest values, at the very start, would leave no colours for the rest.
  const range = { low: sorted[0]!, high: sorted[Math.floor(0.98 * (sorted.length - 1))]! };
  const panels = shown.map((contour) => {
    const strategy = workload.strategies.find((s) => s.name === contour.strategy)!;
    const analysis = strategy.byTarget.find((t) => t.target === target.name) ?? strategy;
    return panelOf(
      contour,
      range,
      analysis.points.flatMap(({ batchSize, stepsToTarget: { median } }) =>
        median === null ? [] : [{ batchSize, steps: median }],
      ),
    );
  });
  const left = workload.contours.length - shown.length;
  return figure({
    title: `Loss over batch size and iterations, ${workload.name}`,
    panelWidth: 320,
    legend: html`<div class="scale">${scaleBar(range)}</div>`,
    panels,
    caption: html`Medians over seeds at the best rate of each batch size, linear between evaluations; iterations and colour logarithmic. Line: where “${target.name}” (${typesetNumber(target.value ?? Number.NaN, 3)}) is first met.
Were more of the batch as good as more iterations, it would be a straight diagonal; where it turns upright, a larger batch saves none. White: not evaluated.${left > 0 ? ` ${left} more strategies are in the JSON.` : ''}`,
  });
}
