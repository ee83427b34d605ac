import { largestOf, leastOf } from '../../base/statistics.ts';
import { formatNumber } from '../numbers.ts';
import { brailleLine } from '../terminal/terminal-plot.ts';
import { terminalWidth } from '../terminal/terminal-width.ts';

export interface CurvePoint {
  /** Epochs. */
  readonly x: number;
  readonly y: number;
}

/** A curve on a logarithmic axis for the terminal, with its ends named; empty for fewer than two points. */
export function lossCurve(
  points: readonly CurvePoint[],
  { columns = Math.min(60, (terminalWidth() ?? 100) - 12), rows = 8 } = {},
): string {
  const known = points.filter((p) => p.y > 0 && Number.isFinite(p.y));
  if (known.length < 2) return '';
  const [first, last] = [known[0]!, known.at(-1)!];
  const logs = known.map((p) => Math.log(p.y));
  const [low, high] = [leastOf(logs), largestOf(logs)];
  const ys = Array.from({ length: 2 * columns }, (_, i) => {
    const x = first.x + ((last.x - first.x) * i) / (2 * columns - 1);
    const after = known.findIndex((p) => p.x >= x);
    const at = after < 0 ? known.length - 1 : after;
    return high === low ? 0.5 : (logs[at]! - low) / (high - low);
  });
  const labels = [formatNumber(Math.exp(high)), formatNumber(Math.exp(low))];
  const margin = largestOf(labels.map((l) => l.length));
  const lines = brailleLine(ys, columns, rows).map((line, i) => {
    const label = i === 0 ? labels[0]! : i === rows - 1 ? labels[1]! : '';
    return `${label.padStart(margin)} ${label ? '┤' : '│'}${line}`.trimEnd();
  });
  const end = `${formatNumber(last.x)} epochs`;
  const start = formatNumber(first.x);
  lines.push(`${' '.repeat(margin + 2)}${start}${end.padStart(columns - start.length)}`);
  return lines.map((l) => `${l}\n`).join('');
}
