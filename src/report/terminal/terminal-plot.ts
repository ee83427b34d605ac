import { largestOf, leastOf } from '../../base/statistics.ts';
import type { SpectrumResult } from '../../stability/index.ts';
import { type LogAxis, logAxis } from '../kit/log-axis.ts';
import { formatNumber, formatPercent } from '../numbers.ts';
import { referenceValue, type SpectrumRow, unitRows } from '../stability/spectrum/spectrum-rows.ts';
import { painter, type TerminalColor, truncate } from './terminal-color.ts';
import { terminalWidth } from './terminal-width.ts';

/** Dots of a braille character, by column (2) and row (4) inside it. */
const dots = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/**
 * A polyline in braille characters, `columns` x `rows` of them (each 2 x 4 dots). `ys[i]` is the height of the line at dot
 * column i, 0 (bottom) .. 1 (top), or null for none; neighbours are joined by vertical strokes. Returns `rows` lines.
 */
export function brailleLine(ys: readonly (number | null)[], columns: number, rows: number): string[] {
  const cells = Array.from({ length: rows }, () => new Uint8Array(columns));
  const last = 4 * rows - 1;
  let previous: number | null = null;
  for (let x = 0; x < 2 * columns; x++) {
    const y = ys[x] ?? null;
    const at: number | null = y === null ? null : Math.round((1 - Math.min(1, Math.max(0, y))) * last);
    if (at !== null) {
      const from: number = previous === null || previous === at ? at : previous + Math.sign(at - previous);
      for (let r = Math.min(from, at); r <= Math.max(from, at); r++) cells[r >> 2]![x >> 1]! |= dots[x & 1]![r & 3]!;
    }
    previous = at;
  }
  return cells.map((row) => String.fromCodePoint(...[...row].map((bits) => 0x2800 + bits)));
}

const blocks = '▁▂▃▄▅▆▇█';

/** One block character a value, from the smallest to the largest; all alike are drawn half high, null is a space. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((v) => v !== null);
  const [low, high] = [leastOf(known), largestOf(known)];
  return values
    .map((v) =>
      v === null ? ' ' : blocks[high === low ? 3 : Math.round(((v - low) / (high - low)) * (blocks.length - 1))]!,
    )
    .join('');
}

/** How a plot for the terminal is drawn. */
export interface TerminalPlotOptions {
  readonly color: boolean;
  /** Names of up to three units to draw; by default the first, the middle and the last one with a complete spectrum. */
  readonly units?: readonly string[];
  /** Columns of the terminal; those of standard output unless told, 100 where it is none. */
  readonly width?: number | undefined;
  /** Lines of each chart, 10 by default. */
  readonly height?: number;
}

function chosen(rows: readonly SpectrumRow[], names: readonly string[] | undefined): SpectrumRow[] {
  if (names) return names.flatMap((name) => rows.find((r) => r.block.name === name) ?? []).slice(0, 3);
  const picks = [0, Math.floor((rows.length - 1) / 2), rows.length - 1];
  return [...new Set(picks)].flatMap((i) => rows[i] ?? []);
}

function chart(row: SpectrumRow, axis: LogAxis, columns: number, lines: number): string[] {
  const values = row.block.singularValues;
  const [low, high] = axis.domain.map(Math.log) as [number, number];
  const ys = Array.from({ length: 2 * columns }, (_, x) => {
    const i = Math.round((x / (2 * columns - 1)) * (values.length - 1));
    return (Math.log(axis.place(values[i]!, i >= values.length - row.zeros)) - low) / (high - low);
  });
  return brailleLine(ys, columns, lines);
}

/** Label of each line of a chart: ticks of the axis at the lines nearest to them. */
function tickLabels(axis: LogAxis, lines: number): string[] {
  const labels = new Array<string>(lines).fill('');
  const [low, high] = axis.domain.map(Math.log) as [number, number];
  const major = axis.ticks.filter(
    (t) => axis.ticks.length <= lines / 2 || axis.format(t) === '0' || Number.isInteger(Math.log10(t)),
  );
  for (const tick of major) {
    const line = Math.round((1 - (Math.log(tick) - low) / (high - low)) * (lines - 1));
    labels[line] = axis.format(tick);
  }
  return labels;
}

const hues: readonly TerminalColor[] = ['cyan', 'magenta', 'yellow'];

/**
 * Sorted singular values of selected units side by side on one log axis (first image, largest on the left, index / n from 0
 * to 1), and under them the largest singular value and the plateau share against depth. Empty when no unit was measured.
 */
export function terminalPlot(result: SpectrumResult, options: TerminalPlotOptions): string {
  const paint = painter(options.color);
  const height = options.height ?? 10;
  const width = options.width ?? terminalWidth() ?? 100;
  const rows = unitRows(result).filter((r) => r.image === result.images[0]);
  const complete = rows.filter((r) => r.block.complete && r.block.singularValues.length > 0);
  // A chart narrower than its foot is none: fewer units where there is no room for three.
  const picked = chosen(complete, options.units).slice(0, Math.max(1, Math.floor((width - 10) / 20)));
  const lines: string[] = [];
  if (picked.length > 0) {
    const axis = logAxis(
      picked.map((r) => ({ values: r.block.singularValues, zeros: r.zeros })),
      referenceValue(picked.map((r) => r.block)),
    );
    const labels = tickLabels(axis, height);
    const margin = Math.max(4, ...labels.map((l) => l.length));
    const columns = Math.min(40, Math.floor((width - margin - 2) / picked.length) - 2);
    const charts = picked.map((r) => chart(r, axis, columns, height));
    const join = (parts: readonly string[]) => parts.join('  ');
    const title = join(
      picked.map((r, i) => paint(truncate(`${r.block.name} (${r.size} values)`, columns).padEnd(columns), hues[i]!)),
    );
    lines.push(`${' '.repeat(margin)}  ${title}`);
    for (let l = 0; l < height; l++) {
      const label = labels[l]!;
      lines.push(`${label.padStart(margin)} ${label ? '┤' : '│'}${join(charts.map((c, i) => paint(c[l]!, hues[i]!)))}`);
    }
    const foot = '0'
      .padEnd(Math.floor((columns - 9) / 2))
      .concat('index / n')
      .padEnd(columns - 1)
      .concat('1');
    lines.push(`${' '.repeat(margin)}  ${join(picked.map(() => foot))}`, '');
  }
  const trend = (name: string, of: (r: SpectrumRow) => number | null, format: (x: number) => string) => {
    const values = rows.map(of);
    const known = values.flatMap((v, i) => (v === null ? [] : [{ v, name: rows[i]!.block.name }]));
    if (known.length === 0) return;
    const [low, high] = [known.reduce((a, b) => (b.v < a.v ? b : a)), known.reduce((a, b) => (b.v > a.v ? b : a))];
    const range = `${format(low.v)} (${truncate(low.name, 14)}) to ${format(high.v)} (${truncate(high.name, 14)})`;
    const room = width - 17 - range.length;
    const line = (most: number) => `${name.padEnd(14)} ${truncate(sparkline(values), most)}`;
    if (room >= Math.min(20, values.length)) lines.push(`${line(room)}  ${range}`);
    else lines.push(line(width - 15), `  ${range}`);
  };
  trend(
    'largest',
    (r) => r.largest,
    (x) => formatNumber(x),
  );
  trend('plateau share', (r) => r.plateauShare, formatPercent);
  return lines.map((l) => `${l.trimEnd()}\n`).join('');
}
