import type { ComparisonResult, PairedPoint } from '../../schema/index.ts';
import { formatExact, formatPercent, typesetNumber } from '../numbers.ts';

/** `2/255` where that is exact, else the number. */
export function radiusText(eps: number, norm: 'linf' | 'l2'): string {
  if (eps === 0) return 'none';
  return norm === 'linf' ? `${formatExact(Number((255 * eps).toPrecision(3)))}/255` : formatExact(eps);
}

/** `+12 % (3 % to 21 %)`, of a difference of shares. */
export function differenceText({ difference, low, high }: PairedPoint): string {
  const signed = (x: number) => `${x > 0 ? '+' : ''}${formatPercent(x)}`;
  return `${signed(difference)} (${signed(low)} to ${signed(high)})`;
}

/** A p value; one that no double can hold is below all of them. */
export const pText = (p: number): string => (p === 0 ? '< 10⁻³⁰⁰' : typesetNumber(p, 2));

/** Level below which a corrected p says that two networks differ. */
const level = 0.05;

/** Names that a sentence has room for. */
const mostNames = 3;

/** What was found against the baseline: a sentence for each network that differs, one for all that do not; the answer of the page and of the terminal. */
export function comparisonAnswers({ networks, differences, settings, images }: ComparisonResult): string[] {
  const baseline = networks[0]!.name;
  const clearOf = (points: readonly PairedPoint[]) => points.filter((point) => point.p < level);
  const alike = differences.filter(({ points }) => clearOf(points).length === 0);
  const clear = differences.filter((d) => !alike.includes(d));
  const sentences = clear.map(({ name, points }) => {
    const clear = clearOf(points);
    const at = (point: PairedPoint) => (point.eps === 0 ? 'unperturbed' : `at ${radiusText(point.eps, settings.norm)}`);
    const of = (sign: 1 | -1) => clear.filter((point) => Math.sign(point.difference) === sign);
    const part = (points: readonly PairedPoint[], word: string) => {
      if (points.length === 0) return [];
      const most = largest(points);
      return [
        `${word} right than ${baseline} ${points.map(at).join(', ')} (most ${at(most)}: ${differenceText(most)}, p ${pText(most.p)})`,
      ];
    };
    return `${name} is ${[...part(of(1), 'more often'), ...part(of(-1), 'less often')].join(', and ')}.`;
  });
  if (alike.length === 0) return sentences;
  const names = alike.map((d) => d.name);
  const listed =
    names.length > mostNames
      ? `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`
      : names.join(', ');
  const most = largest(alike.flatMap((d) => d.points));
  const whose = alike.length > 1 ? `that of ${alike.find((d) => d.points.includes(most))!.name}, ` : '';
  return [
    ...sentences,
    `${listed}: no difference from ${baseline} is shown at any radius over ${images.length} images; the largest is ${whose}${differenceText(most)}.`,
  ];
}

const largest = (points: readonly PairedPoint[]) =>
  points.reduce((most, point) => (Math.abs(point.difference) > Math.abs(most.difference) ? point : most));
