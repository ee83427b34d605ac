/** Curves as files: what is drawn, as SVG, and what it is drawn from, as CSV. */
import { logTicks } from '../../report/kit/log-axis.ts';
import { formatNumber } from '../../report/numbers.ts';
import { type Axes, type PlottedCurve, shownPoints } from './curve-plot.tsx';
import { curveStyle } from './curve-style.ts';

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A row for each point: the curve, x and y. */
export function curvesCsv(curves: readonly PlottedCurve[], { xLabel, yLabel }: Axes): string {
  const rows = curves.flatMap(({ name, x, y }) => x.map((at, i) => `${quoted(name)},${at},${y[i]}`));
  return `${['curve', xLabel, yLabel].map(quoted).join(',')}\n${rows.join('\n')}\n`;
}

const [width, height, left, right, top, bottom] = [880, 460, 72, 16, 16, 48];
const lineHeight = 16;
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Places of an axis between two ends in pixels, with its ticks. */
function scaleOf(values: readonly number[], log: boolean, from: number, to: number): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (!(low < high)) [low, high] = [low - 1, low + 1];
  const [a, b] = log ? [Math.log10(Math.max(low, 1e-300)), Math.log10(high)] : [low, high];
  const at = (value: number) => from + (((log ? Math.log10(value) : value) - a) / (b - a || 1)) * (to - from);
  if (log) return { at, ticks: logTicks(low, high) };
  const rough = (b - a) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let t = Math.ceil(a / step) * step; t <= b + 1e-9 * step; t += step) ticks.push(t);
  return { at, ticks };
}

/** The curves as a drawing that stands alone, with a legend. */
export function curvesSvg(curves: readonly PlottedCurve[], axes: Axes): string {
  const shown = curves.map((curve) => shownPoints(curve, axes));
  const x = scaleOf(
    shown.flatMap(([xs]) => xs),
    axes.xLog,
    left,
    width - right,
  );
  const y = scaleOf(
    shown.flatMap(([, ys]) => ys),
    axes.yLog,
    height - bottom,
    top,
  );
  const grid = [
    ...x.ticks.map(
      (t) =>
        `<line x1="${x.at(t)}" x2="${x.at(t)}" y1="${top}" y2="${height - bottom}" stroke="#dfe3e8"/><text x="${x.at(t)}" y="${height - bottom + 16}" text-anchor="middle">${formatNumber(t)}</text>`,
    ),
    ...y.ticks.map(
      (t) =>
        `<line x1="${left}" x2="${width - right}" y1="${y.at(t)}" y2="${y.at(t)}" stroke="#dfe3e8"/><text x="${left - 6}" y="${y.at(t) + 4}" text-anchor="end">${formatNumber(t)}</text>`,
    ),
  ];
  const lines = shown.map(([xs, ys], i) => {
    const { color, dash } = curveStyle(i);
    const path = xs.map((at, j) => `${j === 0 ? 'M' : 'L'}${x.at(at).toFixed(1)} ${y.at(ys[j]!).toFixed(1)}`).join('');
    const legend = height + lineHeight * i;
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.6" stroke-dasharray="${dash.join(' ')}"/>
<line x1="${left}" x2="${left + 26}" y1="${legend}" y2="${legend}" stroke="${color}" stroke-width="2" stroke-dasharray="${dash.join(' ')}"/><text x="${left + 34}" y="${legend + 4}">${escaped(curves[i]!.name)}</text>`;
  });
  const whole = height + lineHeight * curves.length + 8;
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" font-family="system-ui, sans-serif" font-size="11" fill="#1b1f24">
<rect width="100%" height="100%" fill="#fff"/>
${grid.join('\n')}
${lines.join('\n')}
<text x="${(left + width - right) / 2}" y="${height - 10}" text-anchor="middle">${escaped(axes.xLabel)}</text>
<text x="14" y="${height / 2}" text-anchor="middle" transform="rotate(-90 14 ${height / 2})">${escaped(axes.yLabel)}</text>
</svg>
`;
}
