import type { EigenvaluesResult } from '../../../stability/index.ts';
import { formatDuration, formatNumber, formatPercent } from '../../numbers.ts';
import { painter } from '../../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { eigenvaluesAnswer } from '../stability-answers.ts';

const orDash = (x: number | null, format: (x: number) => string = formatNumber) => (x === null ? '-' : format(x));

/** The result as lines of at most 100 columns, one a unit and image. */
export function eigenvaluesTable(
  result: EigenvaluesResult,
  { color, width = terminalWidth() }: TerminalOptions,
): string {
  const paint = painter(color);
  const [head, ...rows] = alignColumns(
    [
      [
        'unit',
        'image',
        'n',
        'k',
        'found',
        '|μ| max',
        'Re μ min',
        'Re μ max',
        'norm',
        '|a+μ| max',
        'outside',
        'residual',
      ],
      ...result.branches.map((b) => [
        b.name,
        String(b.image),
        String(b.size),
        orDash(b.activeHidden, String),
        `${b.eigenvalues.length}${b.complete ? '' : ' *'}`,
        orDash(b.radius),
        orDash(b.minReal),
        orDash(b.maxReal),
        orDash(b.norm),
        orDash(b.unitRadius),
        b.circle ? formatPercent(b.circle.outside / b.size) : '-',
        formatNumber(b.maxResidual, 2),
      ]),
    ],
    { width, drop: [11, 3, 6, 4, 2, 7] },
  );
  return fitted(
    [
      ...opening(eigenvaluesAnswer(result), width),
      '',
      `Eigenvalues μ of the branches of ${result.model} at ${result.images.length} image${result.images.length === 1 ? '' : 's'} of ${result.dataset}`,
      'those of the units, without their last ReLU, are a + μ with a the skip scale',
      '',
      paint(head!, 'dim'),
      ...rows,
      '',
      ...(result.branches.some((b) => !b.complete)
        ? ['* leading ones that converged, by Arnoldi; the others were not computed']
        : []),
      'k: active inner units; norm: largest singular value of the branch',
      'outside: eigenvalues a + μ outside of the unit circle',
      ...(result.skipped.length
        ? [paint(`left out, no identity shortcut: ${result.skipped.join(', ')}`, 'yellow')]
        : []),
      paint(formatDuration(result.seconds), 'dim'),
    ].join('\n'),
    width,
  );
}
