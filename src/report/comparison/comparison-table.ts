import type { ComparisonResult } from '../../schema/index.ts';
import { formatDuration, formatNumber, formatPercent } from '../numbers.ts';
import { painter } from '../terminal/terminal-color.ts';
import { alignColumns } from '../terminal/text-table.ts';
import { comparisonAnswers, radiusText } from './comparison-sentences.ts';

/** The result for a terminal: what was found, then a row a network. */
export function comparisonTable(result: ComparisonResult, { color }: { readonly color: boolean }): string {
  const paint = painter(color);
  const { networks, settings, images, dataset } = result;
  const [head, ...rows] = alignColumns([
    [
      'network',
      'clean',
      ...settings.eps.map((eps) => radiusText(eps, settings.norm)),
      ...networks[0]!.growth.excess.slice(-1).map((e) => `excess ${e.stage}`),
      ...networks[0]!.spectra.flatMap((s) => [`σ₁ ${s.name}`, 'at plateau']),
    ],
    ...networks.map((n) => [
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
    ]),
  ]);
  return [
    ...comparisonAnswers(result),
    '',
    `accuracy under ${settings.attack} (${settings.norm}) at ${images.length} images of ${dataset}`,
    paint(head!, 'dim'),
    ...rows,
    '',
    paint('excess: growth of the attack over that of random noise, over the final stage, at the first radius', 'dim'),
    paint(formatDuration(result.seconds), 'dim'),
  ].join('\n');
}
