import { largestOf } from '../../../base/statistics.ts';
import type { CurvatureDensity, CurvatureResult } from '../../../stability/index.ts';
import { formatCount, formatDuration, formatNumber, formatPercent } from '../../numbers.ts';
import { painter } from '../../terminal/terminal-color.ts';
import { brailleLine } from '../../terminal/terminal-plot.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { withError } from '../probed-value.ts';
import { curvatureAnswer } from '../stability-answers.ts';
import { densityCurve, nodeRange } from './curvature-curve.ts';

/** A share with its 95 % interval; with its standard error where a result of an older version has no interval. */
export function withInterval({ value, standardError, interval }: CurvatureDensity['negativeMass']): string {
  if (!interval) return withError({ value, standardError }, formatPercent);
  return `${formatPercent(value)} (${formatPercent(interval.low)} to ${formatPercent(interval.high)})`;
}

/** What an incomplete list of eigenvalues says of itself; null when it is complete. */
export function shortfall({ eigenvalues, smallest, wanted }: CurvatureResult): string | null {
  const missing = [
    ...(eigenvalues.length < wanted.largest ? [`${wanted.largest - eigenvalues.length} of the largest`] : []),
    ...(smallest.length < wanted.smallest ? [`${wanted.smallest - smallest.length} of the smallest`] : []),
  ];
  return missing.length === 0 ? null : `${missing.join(' and ')} did not converge and are not listed`;
}

/** The result as lines of at most 100 columns. */
export function curvatureTable(result: CurvatureResult, { color, width = terminalWidth() }: TerminalOptions): string {
  const paint = painter(color);
  const { eigenvalues, smallest, trace, meanEigenvalue, density } = result;
  const values = [
    ...eigenvalues.map((e, i) => [i === 0 ? 'largest' : '', e] as const),
    ...smallest.map((e, i) => [i === 0 ? 'smallest' : '', e] as const),
  ];
  const [head, ...rows] = alignColumns([
    ['eigenvalues', 'value', 'residual'],
    ...values.map(([label, { value, residual }]) => [label, formatNumber(value, 5), formatNumber(residual, 2)]),
  ]);
  const missing = shortfall(result);
  const facts = alignColumns(
    [
      [
        'trace',
        `${withError(trace, (x, digits = 4) => formatNumber(x, digits))} over ${trace.probes} probe${trace.probes === 1 ? '' : 's'}`,
      ],
      ['mean eigenvalue', withError(meanEigenvalue)],
      ...(density
        ? [
            [
              `below -${formatNumber(density.tolerance, 2)}`,
              `${withError(density.below, formatPercent)} of the eigenvalues`,
            ],
            ['between', `${withError(density.zero, formatPercent)}`],
            [`above ${formatNumber(density.tolerance, 2)}`, `${withError(density.above, formatPercent)}`],
            ['negative mass', `${withInterval(density.negativeMass)} of the sum of |eigenvalue|`],
          ]
        : []),
    ],
    { left: [0, 1] },
  );
  const lines = [
    ...opening(curvatureAnswer(result), width),
    '',
    `Hessian of the mean cross-entropy of ${result.model} on ${formatCount(result.examples)} example${result.examples === 1 ? '' : 's'} of ${result.dataset} (${result.split})`,
    `${formatCount(result.parameters)} parameters; evaluation mode (our choice); loss ${formatNumber(result.loss)}, gradient norm ${formatNumber(result.gradientNorm)}`,
    '',
    paint(head!, 'dim'),
    ...rows,
    ...(missing ? [paint(missing, 'yellow')] : []),
    '',
    ...facts,
    ...(density ? ['', ...densityPlot(result, Math.min(72, (width ?? 100) - 14))] : []),
    '',
    paint(`${formatCount(result.products)} products in ${formatDuration(result.seconds)}`, 'dim'),
  ];
  return fitted(lines.join('\n'), width);
}

/** Density of the eigenvalues on a logarithmic axis. */
function densityPlot({ density, parameters }: CurvatureResult, columns: number, rows = 8): string[] {
  const range = nodeRange(density!);
  const { points, floor } = densityCurve(density!, parameters, range, { count: 2 * columns });
  const top = largestOf(points.map((p) => p.y));
  const span = Math.log(top / floor) || 1;
  const labels = [formatNumber(top, 2), formatNumber(floor, 2)];
  const margin = largestOf(labels.map((l) => l.length));
  const drawn = brailleLine(
    points.map((p) => (p.y > floor ? Math.log(p.y / floor) / span : null)),
    columns,
    rows,
  ).map((line, i) => {
    const label = i === 0 ? labels[0]! : i === rows - 1 ? labels[1]! : '';
    return `${label.padStart(margin)} ${label ? '┤' : '│'}${line}`.replace(/[⠀ ]+$/, '');
  });
  const [left, right] = range.map((x) => formatNumber(x)) as [string, string];
  return [
    'density of eigenvalues (log)',
    ...drawn,
    `${' '.repeat(margin + 2)}${left}${right.padStart(columns - left.length)}`,
  ];
}
