import { largestOf } from '../../base/statistics.ts';
import { truncate } from './terminal-color.ts';

/** How columns are aligned. */
export interface ColumnOptions {
  /** Columns that are flush left; the first unless told. The others are flush right. */
  readonly left?: readonly number[];
  /** Blanks between columns; 2 unless told. */
  readonly gap?: number;
  /** Columns of the terminal; without it rows are as wide as they are. */
  readonly width?: number | undefined;
  /** Which columns are left out where the terminal is too narrow, the first one first; then the last ones, from the right. The first column stays. */
  readonly drop?: readonly number[];
}

/** What the head says where columns are left out. */
const hiddenText = (n: number) => `+${n} hidden`;

/** Positions of the columns that fit, in order; the first always does. */
function fitting(
  widths: readonly number[],
  { gap, width, drop }: Required<Pick<ColumnOptions, 'gap' | 'drop'>> & { width: number },
) {
  const rest = widths.map((_, i) => i).filter((i) => i > 0 && !drop.includes(i));
  const order = [...drop.filter((i) => i > 0 && i < widths.length), ...rest.reverse()];
  const kept = new Set(widths.keys());
  const room = () => [...kept].reduce((sum, i) => sum + widths[i]! + gap, 0) - gap;
  const mark = () => (kept.size < widths.length ? gap + hiddenText(widths.length - kept.size).length : 0);
  for (const i of order) {
    if (room() + mark() <= width) break;
    kept.delete(i);
  }
  return [...kept];
}

/**
 * Rows of as many cells each as lines of aligned columns, for the terminal. Where it is too narrow for all columns, some are left out, and the
 * head, which is the first row, says how many.
 */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { left = [0], gap = 2, width, drop = [] }: ColumnOptions = {},
): string[] {
  const widths = (rows[0] ?? []).map((_, i) => largestOf(rows.map((row) => row[i]!.length)));
  const kept = width === undefined ? [...widths.keys()] : fitting(widths, { gap, width, drop });
  if (width !== undefined && kept.length === 1) widths[0] = Math.min(widths[0]!, width);
  const cell = (text: string, i: number) =>
    left.includes(i) ? truncate(text, widths[i]!).padEnd(widths[i]!) : text.padStart(widths[i]!);
  const hidden = widths.length - kept.length;
  return rows.map((row, r) => {
    const line = kept.map((i) => cell(row[i]!, i)).join(' '.repeat(gap));
    return (r === 0 && hidden > 0 ? `${line}${' '.repeat(gap)}${hiddenText(hidden)}` : line).trimEnd();
  });
}
