import { meanOf } from '../base/statistics.ts';
import { type Effect, type Scale, studentEffect } from './effect.ts';

/**
 * The mean over all rows (the units of a network), which are fixed, of what each has on average over columns (images), which are drawn at random. A column may raise or lower all rows
 * together: y = row + b(column) + noise, with the two variances of a two-way analysis of variance and Satterthwaite's (1946) degrees of freedom. With every row at every
 * column this is Student's interval of the columns' means.
 * @param rows A value a column; null where a row was not measured at a column. Such rows are taken to vary as much between columns as those measured at all of them do.
 * @param scale 'ratio' where values are logarithms of ratios.
 * @returns Null where no row was measured at all of at least two columns, or a row at none.
 */
export function meanOverRows(
  rows: readonly (readonly (number | null)[])[],
  scale: Scale = 'difference',
): Effect | null {
  const columns = rows[0]?.length ?? 0;
  const known = rows.map((row) => row.filter((v) => v !== null));
  const complete = known.filter((row) => row.length === columns);
  if (columns < 2 || complete.length === 0 || known.some((row) => row.length === 0)) return null;
  const ofRows = complete.map(meanOf);
  const ofColumns = Array.from({ length: columns }, (_, j) => meanOf(complete.map((row) => row[j]!)));
  const mean = meanOf(ofRows);
  const between = (complete.length * ofColumns.reduce((s, m) => s + (m - mean) ** 2, 0)) / (columns - 1);
  const residualDegrees = (columns - 1) * (complete.length - 1);
  const squares = complete.flatMap((row, i) => row.map((v, j) => (v - ofRows[i]! - ofColumns[j]! + mean) ** 2));
  const residual = residualDegrees > 0 ? squares.reduce((s, v) => s + v, 0) / residualDegrees : between;
  // What a column adds to the mean over rows of their own means, and what the noise does.
  const shares = Array.from({ length: columns }, (_, j) =>
    rows.reduce((s, row, i) => s + (row[j] === null ? 0 : 1 / known[i]!.length), 0),
  ).map((s) => s / rows.length);
  const column = shares.reduce((s, share) => s + share ** 2, 0) / complete.length;
  const noise = Math.max(0, known.reduce((s, row) => s + 1 / row.length, 0) / rows.length ** 2 - column);
  const [first, second] = [column * between, noise * residual];
  const sum = first + second;
  const lost = first ** 2 / (columns - 1) + (residualDegrees > 0 ? second ** 2 / residualDegrees : 0);
  return studentEffect({
    estimate: meanOf(known.map(meanOf)),
    standardError: Math.sqrt(sum),
    degrees: lost > 0 ? sum ** 2 / lost : columns - 1,
    scale,
    count: known.reduce((s, row) => s + row.length, 0),
  });
}
