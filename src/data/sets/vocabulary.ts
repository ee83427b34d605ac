import { UsageError } from '../../base/errors.ts';

export const endOfSentence = '<eos>';
export const unknownWord = '<unk>';

/** The words of a text, with `<eos>` after each line; the last line may lack its line feed. Words are separated by ASCII white space. */
export function* words(text: string): Generator<string> {
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 32 && (code < 9 || code > 13)) {
      if (start < 0) start = i;
      continue;
    }
    if (start >= 0) yield text.slice(start, i);
    start = -1;
    if (code === 10) yield endOfSentence;
  }
  if (start >= 0) yield text.slice(start);
  if (text.length > 0 && !text.endsWith('\n')) yield endOfSentence;
}

export interface VocabularyOptions {
  /** Add `<unk>` where the text has none. */
  readonly withUnknown: boolean;
  /** Keep so many words, the most frequent ones, with `<eos>` and `<unk>`; all unless told. */
  readonly size?: number | undefined;
}

/** The different words of a text in the order in which they first come, with `<eos>` (which every line has). */
export function buildVocabulary(text: string, { withUnknown, size }: VocabularyOptions): string[] {
  if (size !== undefined && !(Number.isInteger(size) && size >= 3)) {
    throw new UsageError(`vocabulary size must be a whole number from 3, got ${size}`);
  }
  const counts = new Map<string, number>();
  for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const cut = size !== undefined && counts.size > size;
  if ((withUnknown || cut) && !counts.has(unknownWord)) counts.set(unknownWord, 0);
  if (size === undefined || counts.size <= size) return [...counts.keys()];
  const special = (word: string) => word === endOfSentence || word === unknownWord;
  const byFrequency = [...counts].filter(([word]) => !special(word)).sort(([, a], [, b]) => b - a);
  const kept = new Set(byFrequency.slice(0, size - 2).map(([word]) => word));
  return [...counts.keys()].filter((word) => special(word) || kept.has(word));
}
