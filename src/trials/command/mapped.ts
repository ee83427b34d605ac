import { UsageError } from '../../base/errors.ts';
import { quote } from '../../formats/index.ts';

/** Quantities of a curve that a mapping may name. */
export const knownMapQuantities = [
  'step',
  'epoch',
  'examples',
  'seconds',
  'trainLoss',
  'valLoss',
  'valMetric',
  'noiseScale',
  'gradNorm',
] as const;
export type MapQuantity = (typeof knownMapQuantities)[number];

type Term = {
  readonly sign: 1 | -1;
  readonly factors: readonly { readonly inverse: boolean; readonly of: string | number }[];
};

/** How a quantity follows from what is logged: a name, or sums and products of names and numbers, with a space on each side of every sign: `step * batch`, `epoch + 1`. */
export interface Mapped {
  readonly text: string;
  /** Names and numbers that stand in it. */
  readonly names: readonly string[];
  /** Its value; undefined where a name has none. A name that is the whole text counts as a name, whatever stands in it. */
  valueOf(number: (name: string) => number | undefined): number | undefined;
}

/** Throws UsageError for what is neither a name nor a sum of products. */
export function mappedBy(text: string): Mapped {
  const words = text.trim().split(/\s+/);
  const signs = words.filter((_, i) => i % 2 === 1);
  const isSum = words.length > 1 && signs.every((w) => ['*', '/', '+', '-'].includes(w)) && words.length % 2 === 1;
  if (!isSum) {
    const name = text.trim();
    if (words.length > 1 && words.some((w) => w === '*' || w === '/'))
      throw new UsageError(`map: ${quote(text)}: expected a name or a number between signs`);
    if (name === '') throw new UsageError('map: expected a name, or a sum such as "step * batch", got nothing');
    return { text, names: [name], valueOf: (number) => number(name) };
  }
  const terms: Term[] = [];
  let factors: { inverse: boolean; of: string | number }[] = [];
  let sign: 1 | -1 = 1;
  const factor = (word: string, inverse: boolean) => {
    if (['*', '/', '+', '-'].includes(word))
      throw new UsageError(`map: ${quote(text)}: expected a name or a number between signs`);
    const number = Number(word);
    factors.push({ inverse, of: Number.isFinite(number) ? number : word });
  };
  factor(words[0]!, false);
  for (let i = 1; i < words.length; i += 2) {
    const mark = words[i]!;
    if (mark === '+' || mark === '-') {
      terms.push({ sign, factors });
      [factors, sign] = [[], mark === '+' ? 1 : -1];
    }
    factor(words[i + 1]!, mark === '/');
  }
  terms.push({ sign, factors });
  const names = [...new Set(terms.flatMap((t) => t.factors.flatMap((f) => (typeof f.of === 'string' ? [f.of] : []))))];
  return {
    text,
    names,
    valueOf: (number) => {
      const whole = number(text.trim());
      if (whole !== undefined) return whole;
      let sum = 0;
      for (const term of terms) {
        let product: number = term.sign;
        for (const { inverse, of } of term.factors) {
          const value = typeof of === 'number' ? of : number(of);
          if (value === undefined) return undefined;
          product = inverse ? product / value : product * value;
        }
        sum += product;
      }
      return sum;
    },
  };
}
