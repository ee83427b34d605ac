import { largestOf } from '../statistics.ts';
/** How columns are aligned. */
export interface ColumnOptions {
  /** Columns that are flush left; the first unless told. The others are flush right. */
  readonly left?: readonly number[];
  /** Blanks between columns; 2 unless told. */
  readonly gap?: number;
}

/** Rows of as many cells each as lines of aligned columns, for the terminal. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { left = [0], gap = 2 }: ColumnOptions = {},
): string[] {
  const widths = (rows[0] ?? []).map((_, i) => largestOf(rows.map((row) => row[i]!.length)));
  const cell = (text: string, i: number) => (left.includes(i) ? text.padEnd(widths[i]!) : text.padStart(widths[i]!));
  return rows.map((row) => row.map(cell).join(' '.repeat(gap)).trimEnd());
}
