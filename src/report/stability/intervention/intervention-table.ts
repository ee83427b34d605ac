import type { InterventionResult, ScaledNetwork, ScaledSpectrum } from '../../../stability/index.ts';
import { formatExact, formatNumber } from '../../numbers.ts';
import { painter, truncate } from '../../terminal/terminal-color.ts';
import { fitted, opening, type TerminalOptions, terminalWidth } from '../../terminal/terminal-width.ts';
import { alignColumns } from '../../terminal/text-table.ts';
import { interventionAnswer } from '../stability-answers.ts';

/** The networks of a result without repetition: the unchanged one first, then every other pair of scales. */
export function distinctNetworks({ unchanged, scales }: InterventionResult): ScaledNetwork[] {
  return [unchanged, ...scales.filter((s) => s.skipScale !== 1 || s.weightScale !== 1)];
}

const nameWidth = 14;
const short = (x: number | null): string => (x === null ? '-' : formatNumber(x, Math.abs(x) < 0.1 ? 2 : 3));
const count = (n: number | null): string => (n === null ? '-' : String(n));

function spectrumCells(u: ScaledSpectrum, severalImages: boolean): string[] {
  return [
    truncate(u.name, nameWidth) + (u.complete ? '' : '*'),
    ...(severalImages ? [String(u.image)] : []),
    count(u.activeHidden),
    count(u.bound),
    count(u.plateau?.count ?? null),
    count(u.above),
    count(u.below),
    count(u.zero),
    short(u.max),
    short(u.min),
    short(u.change),
  ];
}

/** Which units have the scales: on one page may be figures of several choices. */
export const changedText = ({ changed }: InterventionResult): string =>
  changed.length === 1 ? `${changed[0]} changed` : `${changed.length} units changed`;

/** Names as they are in a sentence: all of a few, else the first and the last. */
export function listed(names: readonly string[], most = 4): string {
  return names.length > most ? `${names[0]}, …, ${names.at(-1)} (${names.length} units)` : names.join(', ');
}

/**
 * One line a pair of scales, unit and image, at most 100 columns unless there are many images. Counts are relative to the
 * plateau |a|; values at zero are among those below, or at the plateau where a = 0.
 */
export function interventionTable(
  result: InterventionResult,
  { color, width = terminalWidth() }: TerminalOptions,
): string {
  const paint = painter(color);
  const severalImages = result.images.length > 1;
  const heads = ['skip', 'weights', 'accuracy', 'loss'];
  const measured = result.measured.length > 0;
  const spectrumHeads = ['k', 'bound', 'at |a|', 'above', 'below', 'zero', 'max', 'min', 'change'];
  if (measured) heads.push('unit', ...(severalImages ? ['image'] : []), ...spectrumHeads);
  const rows = distinctNetworks(result).flatMap((network) => {
    const judged = [
      formatExact(network.skipScale),
      formatExact(network.weightScale),
      `${(100 * network.accuracy).toFixed(2)} %`,
      short(network.loss),
    ];
    if (!measured) return [judged];
    return network.units.map((u, i) => [...(i === 0 ? judged : ['', '', '', '']), ...spectrumCells(u, severalImages)]);
  });
  const [head, ...lines] = alignColumns([heads, ...rows], {
    gap: 1,
    left: measured ? [4] : [],
    width,
    drop: severalImages ? [11, 7, 6, 3, 10, 9] : [10, 6, 5, 3, 9, 8],
  });
  const incomplete = result.scales.some((s) => s.units.some((u) => !u.complete));
  const { evaluated } = result.unchanged;
  return fitted(
    [
      ...opening(interventionAnswer(result), width),
      '',
      `${truncate(result.model, 40)}, final ReLU ${result.finalRelu ? 'in' : 'out'} (our choice); changed: ${listed(result.changed)}`,
      `y = a S x + c F(x), a the skip scale and c that of the weights; linearized at ${
        result.operatingPoint === 'frozen'
          ? 'the activations of the unchanged network'
          : 'the changed network’s own activations'
      }`,
      `accuracy and loss on ${evaluated} test images; first the unchanged network`,
      '',
      paint(head!, 'dim'),
      ...lines,
      ...(incomplete
        ? [paint('* leading values only: nothing is counted, and the smallest is not known', 'yellow')]
        : []),
      '',
    ].join('\n'),
    width,
  );
}
