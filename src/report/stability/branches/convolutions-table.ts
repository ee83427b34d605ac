import type { ConvolutionSpectrum, ConvolutionsResult } from '../../../stability/index.ts';
import { formatDuration, formatNumber, formatPercent } from '../../numbers.ts';
import { painter } from '../../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { convolutionsAnswer } from '../stability-answers.ts';

/** `3x3 /2, 16 to 32`, with groups where there are some. */
export function convolutionGeometry({ kernel, strides, channels, filters, groups }: ConvolutionSpectrum): string {
  const stride = strides.every((s) => s === 1) ? '' : ` /${[...new Set(strides)].join('x')}`;
  return `${kernel.join('x')}${stride}, ${channels} to ${filters}${groups > 1 ? ` in ${groups} groups` : ''}`;
}

const signed = (x: number) => `${x > 0 ? '+' : ''}${formatPercent(x)}`;

/** The result as lines of at most 100 columns, one a convolution. */
export function convolutionsTable(
  result: ConvolutionsResult,
  { color, width = terminalWidth() }: TerminalOptions,
): string {
  const paint = painter(color);
  const [head, ...rows] = alignColumns(
    [
      ['convolution', 'geometry', 'values', 'largest', 'smallest', 'residual', 'circular', 'difference'],
      ...result.layers.map((l) => [
        l.name,
        convolutionGeometry(l),
        `${l.singularValues.length}${l.complete ? '' : ' *'}`,
        l.singularValues.length ? formatNumber(l.singularValues[0]!, 4) : '-',
        l.complete ? formatNumber(l.singularValues.at(-1)!) : '-',
        formatNumber(l.maxResidual, 2),
        l.circular?.normError == null ? '-' : signed(l.circular.normError),
        l.circular?.relativeDifference == null ? '-' : formatPercent(l.circular.relativeDifference),
      ]),
    ],
    { left: [0, 1], width, drop: [5, 1, 2, 7] },
  );
  return fitted(
    [
      ...opening(convolutionsAnswer(result), width),
      '',
      `Singular values of ${result.layers.length === 1 ? 'a convolution' : `${result.layers.length} convolutions`} of ${result.model}`,
      `with padding and stride as they are${result.foldNorm ? ', the scale of the batch norm behind each folded in' : ''}`,
      '',
      paint(head!, 'dim'),
      ...rows,
      '',
      ...(result.layers.some((l) => !l.complete)
        ? ['* leading values that converged; the others were not computed']
        : []),
      'circular: the largest value by the circular formula (arXiv 1805.10408, an approximation) against the true one;',
      "difference: of all values, ||s - s'|| / ||(s + s') / 2||",
      paint(formatDuration(result.seconds), 'dim'),
    ].join('\n'),
    width,
  );
}
