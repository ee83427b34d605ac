import * as Plot from '@observablehq/plot';
import type { SpectrumResult } from '../../../stability/index.ts';
import { simplifyLine } from '../../kit/decimate.ts';
import { barFigureWidth, depthAxis } from '../../kit/depth-axis.ts';
import { draw } from '../../kit/draw.ts';
import { figure } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { logAxis, logTicks } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { colors, depthColor } from '../../kit/palette.ts';
import { formatExact } from '../../numbers.ts';
import { axisNote } from './spectra-figure.ts';
import { groupUnits, referenceValue, type SpectrumRow } from './spectrum-rows.ts';

const width = 136;
const height = 140;

/** How much the spectra differ between images: null with one image or without complete spectra. */
export function spreadFigures(result: SpectrumResult, rows: readonly SpectrumRow[]): Html[] {
  if (result.images.length < 2 || result.spread.length === 0) return [];
  const zerosOf = (name: string) => Math.min(...rows.filter((r) => r.block.name === name).map((r) => r.zeros));
  const reference = referenceValue(rows.map((r) => r.block));
  const spectra = result.spread.map((s) => ({ spread: s, values: s.mean, zeros: zerosOf(s.name) }));
  const axis = logAxis(spectra, reference);
  const ticks =
    axis.ticks.length > 5
      ? [...axis.ticks.slice(0, axis.hasZeroLane ? 1 : 0), ...logTicks(axis.domain[0], axis.domain[1], 4)]
      : axis.ticks;
  const groups = groupUnits(result);
  const scale = (height - 28) / Math.log(axis.domain[1] / axis.domain[0]);
  let relative = 0;
  const panels = groups.flatMap((group) =>
    group.units.flatMap((unit, i) => {
      const found = spectra.find((s) => s.spread.name === unit.name);
      if (!found) return [];
      const { mean, std } = found.spread;
      const n = mean.length;
      const isZero = (j: number) => j >= n - found.zeros;
      const edge = (sign: number) =>
        mean.map((m, j) => axis.place(Math.min(axis.domain[1], m + sign * std[j]!), isZero(j)));
      const [low, middle, high] = [edge(-1), edge(0), edge(1)];
      mean.forEach((m, j) => {
        if (!isZero(j) && m > 0) relative = Math.max(relative, std[j]! / m);
      });
      const px = mean.map((_, j) => ((j + 0.5) / n) * (width - 48));
      const kept = [
        ...new Set(
          [low, middle, high].flatMap((y) =>
            simplifyLine(
              px,
              y.map((v) => Math.log(v) * scale),
              0.4,
            ),
          ),
        ),
      ].sort((a, b) => a - b);
      const data = kept.map((j) => ({ x: (j + 0.5) / n, low: low[j]!, mean: middle[j]!, high: high[j]! }));
      const color = depthColor(group.units.length === 1 ? 0 : i / (group.units.length - 1));
      return [
        {
          title: unit.name,
          body: draw({
            ariaLabel: `Mean and standard deviation of the sorted singular values of ${unit.name}`,
            width,
            height,
            marginLeft: 40,
            marginRight: 8,
            marginTop: 6,
            marginBottom: 22,
            x: { domain: [0, 1], ticks: [0, 1], tickFormat: formatExact, tickSize: 3, label: null },
            y: logScale(axis),
            marks: [
              ...logAxisMarks({ ...axis, ticks }, null),
              Plot.ruleY([reference], { stroke: colors.ink, strokeDasharray: '2,4', strokeOpacity: 0.6 }),
              Plot.areaY(data, { x: 'x', y1: 'low', y2: 'high', fill: color, fillOpacity: 0.35 }),
              Plot.line(data, { x: 'x', y: 'mean', stroke: color, strokeWidth: 1.2 }),
            ],
          }),
        },
      ];
    }),
  );
  const { marks, x, marginBottom } = depthAxis(groups);
  const depthOf = new Map(groups.flatMap((g) => g.units).map((u) => [u.name, u.depth]));
  const differences = result.spread.flatMap((s) => {
    const depth = depthOf.get(s.name);
    return depth === undefined ? [] : [{ depth, value: s.relativeDifference }];
  });
  const bars = draw({
    ariaLabel: 'Mean pairwise relative difference between images, per unit',
    width: barFigureWidth(groups.reduce((n, g) => n + g.units.length, 0)),
    height: 230,
    marginLeft: 42,
    marginRight: 8,
    marginTop: 20,
    marginBottom,
    x,
    y: {
      domain: [0, Math.max(1e-12, ...differences.map((d) => d.value)) * 110],
      percent: true,
      ticks: 5,
      label: 'relative difference, %',
      labelArrow: 'none',
    },
    marks: [
      ...marks,
      Plot.gridY({ ticks: 5, stroke: 'currentColor', strokeOpacity: 0.09 }),
      Plot.rect(differences, {
        x1: (d: { depth: number }) => d.depth - 0.32,
        x2: (d: { depth: number }) => d.depth + 0.32,
        y1: 0,
        y2: 'value',
        fill: colors.below,
      }),
      Plot.ruleY([0]),
    ],
  });
  const images = `${result.images.length} images`;
  return [
    figure({
      title: 'Spread of the sorted singular values across images',
      panelWidth: 108,
      compact: true,
      panels,
      caption: html`Line: mean over ${images} of the i-th largest singular value (vertical, log scale) against i / n (horizontal);
band: plus and minus one standard deviation. ${result.spread.length} unit${result.spread.length === 1 ? '' : 's'} with complete spectra at every image.
The largest standard deviation anywhere is ${formatExact(Number((100 * relative).toPrecision(2)))} % of its mean.${axisNote(axis)}`,
    }),
    figure({
      title: 'Relative difference between images',
      panelWidth: 640,
      panels: [{ body: bars }],
      caption: html`Mean over the ${(result.images.length * (result.images.length - 1)) / 2} pair${result.images.length === 2 ? '' : 's'} of images of ‖s − s′‖ / ‖(s + s′)/2‖, s the sorted singular values of a unit.`,
    }),
  ];
}
