import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/base/errors.ts';
import { Grammar, type GrammarKnobs, grammarDataset } from '../../../src/data/sets/grammar.ts';

const mean = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** The sentences of a text, each with its <eos>; the last, cut one left out. */
function sentencesOf(tokens: Int32Array): number[][] {
  const all: number[][] = [[]];
  for (const token of tokens) {
    all.at(-1)!.push(token);
    if (token === 0) all.push([]);
  }
  return all.slice(0, -1);
}

const settings: readonly GrammarKnobs[] = [
  {},
  { vocabularySize: 60, branching: 2, features: 3, modifiers: 0.5, nesting: 0.6 },
  { vocabularySize: 5000, branching: 30, features: 1, modifiers: 8, nesting: 0 },
  { vocabularySize: 50, branching: 1, features: 8, modifiers: 0, nesting: 0 },
];

describe('a grammar', () => {
  it('has the entropy that its own texts cost the true model, within the error of the estimate', () => {
    for (const knobs of settings) {
      const grammar = new Grammar({ ...knobs, seed: 11 });
      const tokens = grammar.text('train', 200_000);
      const surprisal = grammar.surprisal(tokens);
      // Sentences are independent: the error of the ratio (cost / length) from their residuals.
      const residuals: number[] = [];
      let at = 0;
      for (const { length } of sentencesOf(tokens)) {
        const cost = surprisal.subarray(at, at + length).reduce((sum, v) => sum + v, 0);
        residuals.push(cost - grammar.entropy * length);
        at += length;
      }
      const error = Math.sqrt(residuals.reduce((sum, v) => sum + v * v, 0)) / at;
      expect(Math.abs(mean(surprisal) - grammar.entropy)).toBeLessThan(4 * error + 1e-4 * grammar.entropy);
      expect(error).toBeLessThan(0.01 * grammar.entropy);
      expect(at / residuals.length / grammar.sentenceLength - 1).toBeCloseTo(0, 1);
    }
  });

  it('has the entropy that summing over all its short sentences gives', () => {
    // Five words, one feature, one word a slot: a sentence is its choices. All sentences more likely than 1e-7, by the parser alone.
    const grammar = new Grammar({
      vocabularySize: 5,
      branching: 1,
      features: 1,
      modifiers: 0.1,
      nesting: 0.05,
      seed: 2,
    });
    let [mass, bits, length] = [0, 0, 0];
    const grow = (prefix: number[], p: number): void => {
      for (let word = 0; word < 5; word++) {
        const sentence = [...prefix, word];
        const cost = grammar.surprisal(Int32Array.from(sentence)).at(-1)!;
        const q = p * Math.exp(-cost);
        if (q < 1e-7) continue;
        if (word === 0) {
          mass += q;
          bits -= q * Math.log(q);
          length += q * sentence.length;
        } else grow(sentence, q);
      }
    };
    grow([], 1);
    expect(mass).toBeGreaterThan(0.9999);
    expect(mass).toBeLessThanOrEqual(1 + 1e-12);
    expect(length).toBeCloseTo(grammar.sentenceLength, 2);
    expect(bits / length).toBeCloseTo(grammar.entropy, 2);
  });

  it('has probabilities that sum to one after every past', () => {
    const grammar = new Grammar({ vocabularySize: 40, branching: 3, features: 2, nesting: 0.5, seed: 5 });
    const tokens = grammar.text('train', 60);
    for (let t = 0; t < tokens.length; t++) {
      let sum = 0;
      for (let word = 0; word < 40; word++) {
        const past = Int32Array.from([...tokens.subarray(0, t), word]);
        sum += Math.exp(-grammar.surprisal(past)[t]!);
      }
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  it('draws words as often as it says: no bigram that it allows is rarer or more frequent than its probability', () => {
    const grammar = new Grammar({ vocabularySize: 20, branching: 2, features: 1, modifiers: 2, nesting: 0, seed: 3 });
    const tokens = grammar.text('train', 100_000);
    const expected = grammar.surprisal(tokens);
    const counts = new Map<string, { n: number; p: number; of: number }>();
    const totals = new Map<number, number>();
    // Without nesting and with one feature the last word but a verb's says everything.
    for (let t = 1; t < tokens.length; t++) {
      const [previous, word] = [tokens[t - 1]!, tokens[t]!];
      totals.set(previous, (totals.get(previous) ?? 0) + 1);
      const key = `${previous} ${word}`;
      const entry = counts.get(key) ?? { n: 0, p: Math.exp(-expected[t]!), of: previous };
      entry.n++;
      expect(entry.p).toBeCloseTo(Math.exp(-expected[t]!), 12);
      counts.set(key, entry);
    }
    for (const { n, p, of } of counts.values()) {
      const total = totals.get(of)!;
      expect(Math.abs(n - p * total)).toBeLessThanOrEqual(5 * Math.sqrt(p * (1 - p) * total) + 1);
    }
  });

  it('makes verbs agree with their nouns across everything between them', () => {
    const grammar = new Grammar({ vocabularySize: 200, features: 5, modifiers: 4, nesting: 0.5, seed: 8 });
    let farthest = 0;
    for (const sentence of sentencesOf(grammar.text('valid', 20_000))) {
      const open: { feature: string; at: number }[] = [];
      sentence.forEach((token, t) => {
        const [, kind, feature] = /^(noun|verb)(\d)/.exec(grammar.vocabulary[token]!) ?? [];
        if (kind === 'noun') open.push({ feature: feature!, at: t });
        if (kind !== 'verb') return;
        const noun = open.pop()!;
        expect(feature).toBe(noun.feature);
        farthest = Math.max(farthest, t - noun.at);
      });
      expect(open).toEqual([]);
    }
    expect(farthest).toBeGreaterThan(40);
  });

  it('is the same again, a longer text begins with the shorter, and splits, seeds and words differ', () => {
    const draw = (seed: number, split: 'train' | 'test', count: number) => grammarDataset({ seed, split, count });
    const text = draw(1, 'train', 5000);
    expect(draw(1, 'train', 5000)).toEqual(text);
    expect(draw(1, 'train', 777).tokens).toEqual(text.tokens.subarray(0, 777));
    expect(draw(1, 'test', 5000).tokens).not.toEqual(text.tokens);
    expect(draw(2, 'train', 5000).tokens).not.toEqual(text.tokens);
    expect([text.vocabulary.length, new Set(text.vocabulary).size]).toEqual([1000, 1000]);
    expect(Math.max(...text.tokens)).toBeLessThan(1000);
    // Other splits come from the same grammar.
    expect(mean(new Grammar({ seed: 1 }).surprisal(draw(1, 'test', 5000).tokens))).toBeLessThan(3);
    expect(mean(new Grammar({ seed: 2 }).surprisal(text.tokens))).toBe(Number.POSITIVE_INFINITY);
  });

  it('refuses knobs out of range, saying the range', () => {
    const wrong: GrammarKnobs[] = [
      { vocabularySize: 4 },
      { vocabularySize: 30, features: 10 },
      { branching: 0 },
      { branching: 84 },
      { features: 1.5 },
      { modifiers: -1 },
      { nesting: 0.95 },
      { nesting: Number.NaN },
    ];
    for (const knobs of wrong)
      expect(() => new Grammar({ ...knobs, seed: 0 }), JSON.stringify(knobs)).toThrow(UsageError);
    expect(() => new Grammar({ branching: 84, seed: 0 })).toThrow(
      'branching must be a whole number from 1 to 83, got 84',
    );
    expect(() => grammarDataset({ seed: 0, split: 'train', count: 0 })).toThrow(UsageError);
  });
});
