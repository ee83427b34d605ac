import * as Plot from '@observablehq/plot';
import { largestOf, leastOf, meanOf } from '../../../base/statistics.ts';
import type { InterventionResult, ScaledNetwork, ScaledSpectrum } from '../../../stability/index.ts';
import { draw } from '../../kit/draw.ts';
import { figure, legend, type Panel } from '../../kit/figure.ts';
import { type Html, html } from '../../kit/html.ts';
import { logAxis, logTicks } from '../../kit/log-axis.ts';
import { logAxisMarks, logScale } from '../../kit/log-axis-marks.ts';
import { colors, depthColor } from '../../kit/palette.ts';
import { formatCount, formatExact } from '../../numbers.ts';
import { axisNote, indexScale, spectrumLine } from '../spectrum/spectra-figure.ts';
import { changedText, distinctNetworks } from './intervention-table.ts';

/** The grid as a sweep over one scale, once for each value of the other one. */
interface Sweep {
  readonly name: string;
  readonly of: (network: ScaledNetwork) => number;
  readonly rows: readonly { readonly title: string; readonly networks: readonly ScaledNetwork[] }[];
}

const symbol = { skipScale: 'a', weightScale: 'c' } as const;
const what = { skipScale: 'skip scale a', weightScale: 'weight scale c' } as const;

function sweepOf({ scales }: InterventionResult): Sweep {
  const values = (key: keyof typeof what) => [...new Set(scales.map((s) => s[key]))].sort((x, y) => x - y);
  const along = values('skipScale').length > 1 ? 'skipScale' : 'weightScale';
  const across = along === 'skipScale' ? 'weightScale' : 'skipScale';
  const rows = values(across).map((fixed) => ({
    title: `${symbol[across]} = ${formatExact(fixed)}`,
    networks: scales.filter((s) => s[across] === fixed).sort((s, t) => s[along] - t[along]),
  }));
  return { name: what[along], of: (network) => network[along], rows };
}

const colorOf = (i: number, count: number) => depthColor(count === 1 ? 0 : i / (count - 1));

/** At most so many panels of spectra, or a figure is no figure any more. */
const mostPanels = 12;

function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / Math.max(1, most - 1))]!);
}

const size = { width: 352, height: 264 };
const margins = { marginLeft: 42, marginRight: 10, marginTop: 12, marginBottom: 38 };

/** Sorted singular values by scale at the first image, one panel a unit and value of the other scale; null without a complete one. */
export function sweepFigure(result: InterventionResult): Html | null {
  const image = result.images[0]!.index;
  const find = (network: ScaledNetwork, name: string) =>
    network.units.find((u) => u.name === name && u.image === image && u.complete && u.singularValues.length > 0);
  const sweep = sweepOf(result);
  const units = spread(
    result.measured.filter((name) => find(result.unchanged, name)),
    Math.max(1, Math.floor(mostPanels / sweep.rows.length)),
  );
  if (units.length === 0) return null;
  const shown = distinctNetworks(result).flatMap((n) => units.flatMap((name) => find(n, name) ?? []));
  const axis = logAxis(
    shown.map((u) => ({ values: u.singularValues, zeros: u.zero ?? 0 })),
    1,
  );
  const line = (u: ScaledSpectrum) => {
    const [width, height] = [size.width - 52, size.height - 50];
    return spectrumLine({ block: u, zeros: u.zero ?? 0 }, axis, width, height);
  };
  const panels = units.flatMap((name) =>
    sweep.rows.map(({ title, networks }): Panel => {
      const unchanged = find(result.unchanged, name)!;
      const changed = networks.flatMap((network, i) => {
        const u = find(network, name);
        return u && !isUnchanged(network) ? [{ u, color: colorOf(i, networks.length), scale: sweep.of(network) }] : [];
      });
      const plateaus = new Set(changed.flatMap(({ u }) => (u.plateau && u.plateau.value > 0 ? [u.plateau.value] : [])));
      const body = draw({
        ariaLabel: `Sorted singular values of ${name} by ${sweep.name}, ${title}`,
        ...size,
        ...margins,
        x: indexScale,
        y: logScale(axis),
        marks: [
          ...logAxisMarks(axis, 'singular value σ'),
          Plot.ruleY(plateaus, { stroke: colors.soft, strokeDasharray: '1,4', strokeWidth: 1 }),
          ...changed.map(({ u, color }) => Plot.line(line(u), { x: 'x', y: 'y', stroke: color, strokeWidth: 1.4 })),
          Plot.line(line(unchanged), { x: 'x', y: 'y', stroke: colors.ink, strokeWidth: 1.6, strokeDasharray: '5,3' }),
        ],
      });
      const entries = changed.map(({ color, scale }) => ({ label: formatExact(scale), color, mark: 'line' as const }));
      return {
        title: `${name}, n = ${formatCount(unchanged.singularValues.length)}${sweep.rows.length > 1 || title !== `${title[0]} = 1` ? `, ${title}` : ''}`,
        body,
        legend: legend([...entries, { label: 'unchanged', color: colors.ink, mark: 'dashed' }]),
      };
    }),
  );
  const left = result.measured.length - units.length;
  return figure({
    title: `Singular values by ${sweep.name}, ${changedText(result)}`,
    panelWidth: 320,
    panels,
    caption: html`All singular values at image ${image}, sorted, against their index divided by n; one line a ${sweep.name}, log scale; dashed
the unchanged unit (a = c = 1). Dotted: the plateaus at |a| of the changed ones.${axisNote(axis)} The scales are our choice (those that the paper tried are not known).${
      left > 0 ? ` ${units.length} of ${result.measured.length} units, evenly spread; all are in the table.` : ''
    }`,
  });
}

const isUnchanged = ({ skipScale, weightScale }: ScaledNetwork) => skipScale === 1 && weightScale === 1;

interface Series {
  readonly label: string;
  readonly color: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

const curveSize = { width: 536, height: 270, marginLeft: 54, marginRight: 14, marginTop: 22, marginBottom: 40 };

/** Curves against the scale, on a logarithmic axis where they are positive and go over a factor of four; null without a value. */
function curvePanel(title: string, sweep: Sweep, series: readonly Series[], percent = false): Panel | null {
  const values = series.flatMap((s) => s.points.map((p) => p.y));
  if (values.length === 0) return null;
  const [low, high] = [leastOf(values), largestOf(values)];
  const wide = !percent && low > 0 && high / low > 4;
  const axis = {
    domain: [low * 0.9, high * 1.1] as const,
    ticks: logTicks(low * 0.9, high * 1.1),
    format: formatExact,
  };
  const linear = percent
    ? { domain: [0, 1], tickFormat: (v: number) => `${Math.round(100 * v)} %`, label: null, grid: true }
    : { label: null, grid: true, zero: true };
  const scales = [...new Set(series.flatMap((s) => s.points.map((p) => p.x)))];
  return {
    title,
    body: draw({
      ariaLabel: `${title} against ${sweep.name}`,
      ...curveSize,
      x: { label: sweep.name, labelAnchor: 'center', labelArrow: 'none', ticks: scales, tickFormat: formatExact },
      y: wide ? logScale(axis) : linear,
      marks: [
        ...(wide ? logAxisMarks(axis, null) : []),
        ...series.flatMap(({ points, color }) => [
          Plot.line(points, { x: 'x', y: 'y', stroke: color, strokeWidth: 1.5 }),
          Plot.dot(points, { x: 'x', y: 'y', fill: color, r: 2.6 }),
        ]),
      ],
    }),
    ...(series.length > 1
      ? { legend: legend(series.map(({ label, color }) => ({ label, color, mark: 'line' as const }))) }
      : {}),
  };
}

/** Accuracy, loss, largest singular value and change of the spectra against the scale; null for a single pair of scales. */
export function curvesFigure(result: InterventionResult): Html | null {
  const sweep = sweepOf(result);
  if (sweep.rows.every((row) => row.networks.length < 2)) return null;
  const ofNetworks = (y: (n: ScaledNetwork) => number | null): Series[] =>
    sweep.rows.map(({ title, networks }, i) => ({
      label: title,
      color: sweep.rows.length === 1 ? colors.below : colorOf(i, sweep.rows.length),
      points: pointsOf(networks, sweep, y),
    }));
  const units = spread(result.measured, mostPanels);
  const ofUnits = (y: (u: ScaledSpectrum) => number | null): Series[] => {
    const lines = sweep.rows.flatMap((row) => units.map((name) => ({ row, name })));
    return lines.map(({ row, name }, i) => ({
      label: [...(units.length > 1 ? [name] : []), ...(sweep.rows.length > 1 ? [row.title] : [])].join(', '),
      color: lines.length === 1 ? colors.above : colorOf(i, lines.length),
      points: pointsOf(row.networks, sweep, (n) => {
        const values = n.units.filter((u) => u.name === name).map(y);
        return values.length === 0 || values.includes(null) ? null : meanOf(values as number[]);
      }),
    }));
  };
  const { evaluated } = result.unchanged;
  const panels = [
    curvePanel(
      'accuracy of the changed network',
      sweep,
      ofNetworks((n) => n.accuracy),
      true,
    ),
    curvePanel(
      'its cross-entropy in nats',
      sweep,
      ofNetworks((n) => n.loss),
    ),
    curvePanel(
      'largest singular value',
      sweep,
      ofUnits((u) => u.max),
    ),
    curvePanel(
      'change of the spectrum',
      sweep,
      ofUnits((u) => u.change),
    ),
  ];
  const images = result.images.length;
  return figure({
    title: `Accuracy and spectra against the ${sweep.name}, ${changedText(result)}`,
    panelWidth: 440,
    panels: panels.filter((p) => p !== null),
    caption: html`Accuracy and loss of the changed network on ${formatCount(evaluated)} test images, the same share of every class (standard error of the
accuracy at most ${(50 / Math.sqrt(evaluated)).toFixed(1)} percentage points); they are always those of the network as it is after the change.
Change: ‖s − s′‖ / ‖(s + s′) / 2‖ of the sorted singular values before and after.${
      images > 1 ? ` Spectra are means over ${images} images.` : ''
    }${units.length < result.measured.length ? ` ${units.length} of ${result.measured.length} units, evenly spread.` : ''}`,
  });
}

function pointsOf(networks: readonly ScaledNetwork[], sweep: Sweep, y: (n: ScaledNetwork) => number | null) {
  return networks.flatMap((network) => {
    const value = y(network);
    return value === null ? [] : [{ x: sweep.of(network), y: value }];
  });
}
