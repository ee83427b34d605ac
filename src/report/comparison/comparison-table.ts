import type { ComparisonResult } from '../../schema/index.ts';
import { formatDuration, formatNumber, formatPercent } from '../numbers.ts';
import { painter } from '../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../terminal/terminal-width.ts';
import { alignColumns } from '../terminal/text-table.ts';
import { comparisonAnswers, radiusText } from './comparison-sentences.ts';

/** The result for a terminal: what was found, then a row a network. */
export function comparisonTable(result: ComparisonResult, { color, width = terminalWidth() }: TerminalOptions): string {
  const paint = painter(color);
  const { networks, settings, images, dataset } = result;
  const heads = [
    'network',
    'clean',
    ...settings.eps.map((eps) => radiusText(eps, settings.norm)),
    ...networks[0]!.growth.excess.slice(-1).map((e) => `excess ${e.stage}`),
    ...networks[0]!.spectra.flatMap((s) => [`σ₁ ${s.name}`, 'at plateau']),
  ];
  const rows = networks.map((n) => [
    n.name,
    ...n.curve.map((point) => formatPercent(point.accuracy)),
    ...networks[0]!.growth.excess.slice(-1).map(() => {
      const own = n.growth.excess.at(-1)?.toRandom;
      return own ? formatNumber(own.ratio) : '-';
    }),
    ...networks[0]!.spectra.flatMap((_, i) => {
      const own = n.spectra[i];
      return [own ? formatNumber(own.values[0]!) : '-', own?.atPlateau == null ? '-' : formatPercent(own.atPlateau)];
    }),
  ]);
  // Where there is no room, shares at plateaus go first, then norms from the last unit on.
  const plateaus = heads.flatMap((head, i) => (head === 'at plateau' ? [i] : []));
  const [head, ...lines] = alignColumns([heads, ...rows], { width, drop: plateaus.reverse() });
  return fitted(
    [
      ...opening(comparisonAnswers(result), width),
      '',
      `accuracy under ${settings.attack} (${settings.norm}) at ${images.length} images of ${dataset}`,
      paint(head!, 'dim'),
      ...lines,
      '',
      ...(heads.some((head) => head.startsWith('excess'))
        ? [
            paint(
              'excess: growth of the attack over that of random noise, over the final stage, at the first radius',
              'dim',
            ),
          ]
        : []),
      paint(formatDuration(result.seconds), 'dim'),
    ].join('\n'),
    width,
  );
}
