import type { BranchesResult } from '../../schema/index.ts';
import { formatCount, formatDuration, formatNumber } from '../numbers.ts';
import { painter } from '../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../terminal/terminal-width.ts';
import { alignColumns } from '../terminal/text-table.ts';
import { branchesSentences, criticalText } from './branches-sentences.ts';

const signed = (x: number) => `${x >= 0 ? '+' : ''}${formatNumber(x)}`;

/** The difference of losses with its interval, where there are orders enough for one. */
export function differenceText(d: BranchesResult['moments'][number]['batches'][number]['difference']): string {
  if (d === null) return 'diverged';
  const interval = d.low === null || d.high === null ? 'no interval' : `${signed(d.low)} to ${signed(d.high)}`;
  return `${signed(d.estimate)} (${interval})`;
}

/** B* at each moment beside the noise scale and the rule of Merrill et al., then every batch size that was tried. */
export function branchesTable(result: BranchesResult, { color, width = terminalWidth() }: TerminalOptions): string {
  const paint = painter(color);
  const { moments, protocol } = result;
  const [head, ...rows] = alignColumns(
    [
      ['step', 'examples', 'batch', 'rate', 'B*', 'Merrill', 'noise scale', 'branches'],
      ...moments.map((m) => [
        formatCount(m.step),
        formatCount(m.examples),
        formatCount(m.batchSize),
        formatNumber(m.learningRate),
        criticalText(m.critical),
        m.merrill === null ? 'none' : formatCount(m.merrill),
        m.noiseScale === null ? '-' : formatCount(Math.round(m.noiseScale)),
        formatCount(m.cost.branches),
      ]),
    ],
    { width, left: [0, 4], drop: [3, 1, 7, 2] },
  );
  const [below, ...tried] = alignColumns(
    [
      ['step', 'batch', 'outcome', 'loss less own', 'orders', 'steps'],
      ...moments.flatMap((m) =>
        m.batches.map((b) => [
          formatCount(m.step),
          formatCount(b.batchSize),
          b.outcome,
          differenceText(b.difference),
          formatCount(b.orders),
          formatCount(b.steps),
        ]),
      ),
    ],
    { width, left: [0, 2], drop: [5, 4] },
  );
  const [answer, ...reasons] = branchesSentences(result);
  return fitted(
    [
      ...opening([answer!], width),
      '',
      paint(head!, 'dim'),
      ...rows,
      '',
      paint(below!, 'dim'),
      ...tried,
      paint(
        `safe: below ${formatNumber(protocol.margin)}; unsafe: above; Merrill: their rule, one order, training loss`,
        'dim',
      ),
      '',
      ...reasons,
      paint(formatDuration(result.seconds), 'dim'),
    ].join('\n'),
    width,
  );
}
