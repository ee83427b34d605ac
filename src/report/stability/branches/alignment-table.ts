import type { AlignmentResult } from '../../../stability/index.ts';
import { formatDuration, formatNumber } from '../../numbers.ts';
import { painter } from '../../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { alignmentAnswer } from '../stability-answers.ts';

/** The result as lines of at most 100 columns, one a stage. */
export function alignmentTable(result: AlignmentResult, { color, width = terminalWidth() }: TerminalOptions): string {
  const paint = painter(color);
  const [head, ...rows] = alignColumns(
    [
      ['stage', 'units', 'n', 'U with V', 'U with U', 'V with V', 'random', 'paired', 'straight', 'control', 'spacing'],
      ...result.stages.map((s) => [
        s.name,
        String(s.units.length),
        String(s.size),
        ...(['leftRight', 'leftLeft', 'rightRight'] as const).map((m) => formatNumber(s.offDiagonal[m].mean)),
        formatNumber(s.expected),
        formatNumber(s.offDiagonal.paired.mean),
        formatNumber(s.straightness.mean),
        formatNumber(s.orthogonalStraightness.mean),
        formatNumber(s.spacingVariation.mean),
      ]),
    ],
    { width, drop: [2, 9, 10, 1, 8, 7] },
  );
  const loose = result.stages.filter((s) => !s.converged);
  return fitted(
    [
      ...opening(alignmentAnswer(result), width),
      '',
      `Alignment of the top ${result.top} singular vectors of the branches of ${result.model} at ${result.images.length} image${result.images.length === 1 ? '' : 's'} of ${result.dataset}`,
      '',
      paint(head!, 'dim'),
      ...rows,
      '',
      'rms cosine between the subspaces of two different units of a stage (means over pairs and images);',
      'random: the same for random subspaces; straight: ||h_L - h_0|| / sum of the steps, control: at right angles',
      ...(loose.length
        ? [
            paint(
              `not all singular vectors converged in ${loose.map((s) => s.name).join(', ')}: see the residuals`,
              'yellow',
            ),
          ]
        : []),
      ...(result.skipped.length
        ? [paint(`left out, no other unit of the shape: ${result.skipped.join(', ')}`, 'dim')]
        : []),
      paint(formatDuration(result.seconds), 'dim'),
    ].join('\n'),
    width,
  );
}
