import { UsageError } from '../../base/errors.ts';
import { RandomStream } from '../../base/random.ts';
import type { ThreeSplit } from '../dataset.ts';
import type { TextDataset } from './text.ts';
import { endOfSentence } from './vocabulary.ts';

/**
 * `grammar`: sentences of the probabilistic context-free grammar
 *
 *     S   -> C <eos>
 *     C   -> noun_f T_f                         f = 1 .. features, each with probability 1 / features
 *     T_f -> modifier T_f                       probability m
 *          | that C T_f                         probability r
 *          | verb_f                             probability q = 1 - m - r
 *
 * where a verb agrees in its feature with its noun across all modifiers and nested clauses between them. A slot (noun_f, verb_f or
 * modifier) is filled by one of `branching` words, equally likely, that may follow the word just before; which ones is drawn once by seed.
 *
 * The first word of each right-hand side tells the rules apart, so the past fixes the state (a stack of features and the last word), and the
 * entropy rate is exact: with d = m / q modifiers and n = r / q nested clauses expected in a clause, and H(m, r, q) the entropy of a choice,
 *
 *     h_C = log features + (2 + d) log branching + H(m, r, q) / q + n h_C,    l_C = 2 + d + n + n l_C,    entropy = h_C / (l_C + 1)
 *
 * nats per token, by renewal, as sentences are independent and `<eos>` is certain where it comes.
 */
export interface GrammarKnobs {
  /** Words in all, `<eos>` and `that` included; 1000 unless told. A third each of the others are nouns, verbs and modifiers. */
  readonly vocabularySize?: number;
  /** Words that may fill a slot, given the word before: its perplexity; 4 unless told. */
  readonly branching?: number;
  /** Features in which verbs agree with their nouns; 4 unless told, 1 for no agreement. */
  readonly features?: number;
  /** Expected modifiers in a clause (d above): how far verbs are from their nouns; 2 unless told, at most 100. */
  readonly modifiers?: number;
  /** Expected clauses nested directly in a clause (n above): 0.3 unless told, at most 0.9. */
  readonly nesting?: number;
}

interface WordClass {
  /** Number of its first word. */
  readonly first: number;
  readonly size: number;
}

const eos = 0;
const that = 1;

function classesOf(
  vocabularySize: number,
  features: number,
): Record<'nouns' | 'verbs', readonly WordClass[]> & { modifiers: WordClass } {
  const slots = Math.floor((vocabularySize - 2) / 3 / features);
  const block = (start: number) =>
    Array.from({ length: features }, (_, f) => ({ first: start + f * slots, size: slots }));
  const afterNouns = 2 + features * slots;
  const afterVerbs = afterNouns + features * slots;
  return {
    nouns: block(2),
    verbs: block(afterNouns),
    modifiers: { first: afterVerbs, size: vocabularySize - afterVerbs },
  };
}

function requireKnobs({ vocabularySize, branching, features, modifiers, nesting }: Required<GrammarKnobs>): void {
  const whole = (name: string, value: number, low: number, high: number): void => {
    if (!(Number.isInteger(value) && value >= low && value <= high)) {
      throw new UsageError(`grammar: ${name} must be a whole number from ${low} to ${high}, got ${value}`);
    }
  };
  whole('vocabulary size', vocabularySize, 5, 1_000_000);
  whole('features', features, 1, 1000);
  const slots = Math.floor((vocabularySize - 2) / 3 / features);
  if (slots < 1) {
    throw new UsageError(
      `grammar: ${features} features need a vocabulary of ${3 * features + 2} words or more, got ${vocabularySize}`,
    );
  }
  whole('branching', branching, 1, slots);
  if (!(modifiers >= 0 && modifiers <= 100)) {
    throw new UsageError(`grammar: modifiers must be from 0 to 100, got ${modifiers}`);
  }
  if (!(nesting >= 0 && nesting <= 0.9)) throw new UsageError(`grammar: nesting must be from 0 to 0.9, got ${nesting}`);
}

/** One grammar: its words, its entropy, texts drawn from it, and what each word of a text costs the best model there is. */
export class Grammar {
  readonly vocabulary: readonly string[];
  /** The best mean loss that any model can reach, in nats per token given the whole past. */
  readonly entropy: number;
  /** Expected words of a sentence, `<eos>` included. */
  readonly sentenceLength: number;
  readonly #knobs: Required<GrammarKnobs>;
  readonly #seed: number;
  readonly #classes: ReturnType<typeof classesOf>;
  /** Probabilities of a modifier, a nested clause, the verb. */
  readonly #choice: readonly [number, number, number];
  readonly #successors = new Map<number, Int32Array>();

  /** Throws UsageError for knobs out of their range. */
  constructor(knobs: GrammarKnobs & { readonly seed: number }) {
    const { seed, vocabularySize = 1000, branching = 4, features = 4, modifiers = 2, nesting = 0.3 } = knobs;
    this.#knobs = { vocabularySize, branching, features, modifiers, nesting };
    requireKnobs(this.#knobs);
    this.#seed = seed;
    this.#classes = classesOf(vocabularySize, features);
    const q = 1 / (1 + modifiers + nesting);
    this.#choice = [modifiers * q, nesting * q, q];
    const choiceEntropy = this.#choice.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
    const clause = Math.log(features) + (2 + modifiers) * Math.log(branching) + choiceEntropy / q;
    this.sentenceLength = (2 + modifiers + nesting) / (1 - nesting) + 1;
    this.entropy = clause / (1 - nesting) / this.sentenceLength;
    const names = (kind: string, { size }: WordClass) => Array.from({ length: size }, (_, i) => `${kind}.${i}`);
    this.vocabulary = [
      endOfSentence,
      'that',
      ...this.#classes.nouns.flatMap((c, f) => names(`noun${f}`, c)),
      ...this.#classes.verbs.flatMap((c, f) => names(`verb${f}`, c)),
      ...names('modifier', this.#classes.modifiers),
    ];
  }

  /** The words of a class that may follow a word: a uniform subset of it. */
  #allowed(previous: number, { first, size }: WordClass): Int32Array {
    const key = previous * this.#knobs.vocabularySize + first;
    const known = this.#successors.get(key);
    if (known) return known;
    const random = new RandomStream({ seed: this.#seed, purpose: 'grammar/successors', step: first, index: previous });
    const chosen = new Set<number>();
    // Floyd's sampling: `branching` draws, whatever the size of the class.
    for (let j = size - this.#knobs.branching; j < size; j++) {
      const i = random.integer(j + 1);
      chosen.add(first + (chosen.has(first + i) ? j : i));
    }
    const allowed = Int32Array.from(chosen).sort();
    this.#successors.set(key, allowed);
    return allowed;
  }

  /** The first `count` tokens of a split. A longer text begins with the shorter one; splits are independent draws. */
  text(split: ThreeSplit, count: number): Int32Array {
    if (!(Number.isSafeInteger(count) && count > 0 && count <= 2 ** 30)) {
      throw new UsageError(`grammar: count must be a positive whole number of tokens up to 2^30, got ${count}`);
    }
    const { nouns, verbs, modifiers } = this.#classes;
    const { branching, features } = this.#knobs;
    const [m, r] = this.#choice;
    const tokens = new Int32Array(count);
    let at = 0;
    let last = eos;
    for (let index = 0; at < count; index++) {
      const random = new RandomStream({ seed: this.#seed, purpose: `grammar/${split}`, index });
      const put = (token: number): void => {
        if (at < count) tokens[at++] = token;
        last = token;
      };
      const fill = (words: WordClass) => put(this.#allowed(last, words)[random.integer(branching)]!);
      const stack: number[] = [];
      const openClause = (): void => {
        const feature = random.integer(features);
        fill(nouns[feature]!);
        stack.push(feature);
      };
      openClause();
      while (stack.length > 0 && at < count) {
        const u = random.uniform();
        if (u < m) fill(modifiers);
        else if (u < m + r) {
          put(that);
          openClause();
        } else fill(verbs[stack.pop()!]!);
      }
      put(eos);
    }
    return tokens;
  }

  /**
   * -log p of each token given all before it, in nats, under the grammar itself, found by parsing; infinite where no sentence of the grammar goes
   * on like that (and from there on). The text must begin where a sentence does. No model does better than its mean on a long text.
   */
  surprisal(tokens: Int32Array): Float64Array {
    const { nouns, verbs, modifiers } = this.#classes;
    const { branching, features } = this.#knobs;
    const [m, r, q] = this.#choice;
    const out = new Float64Array(tokens.length);
    const within = (token: number, { first, size }: WordClass) => token >= first && token < first + size;
    const stack: number[] = [];
    /** What must come: a noun (at the beginning and after `that`), a continuation, or `<eos>`. */
    let state: 'noun' | 'continuation' | 'end' = 'noun';
    let last = eos;
    for (const [t, token] of tokens.entries()) {
      const slot = (words: WordClass) => (this.#allowed(last, words).includes(token) ? 1 / branching : 0);
      let p = 0;
      if (state === 'end') {
        p = token === eos ? 1 : 0;
        state = 'noun';
      } else if (state === 'noun') {
        const feature = nouns.findIndex((words) => within(token, words));
        if (feature >= 0) p = slot(nouns[feature]!) / features;
        stack.push(feature);
        state = 'continuation';
      } else if (token === that) {
        p = r;
        state = 'noun';
      } else if (within(token, modifiers)) p = m * slot(modifiers);
      else {
        p = q * slot(verbs[stack.pop()!]!);
        if (stack.length === 0) state = 'end';
      }
      if (p === 0) return out.fill(Number.POSITIVE_INFINITY, t);
      out[t] = -Math.log(p);
      last = token;
    }
    return out;
  }
}

/** How a text of the procedural grammar is made. */
export interface GrammarOptions extends GrammarKnobs {
  readonly seed: number;
  readonly split: ThreeSplit;
  /** Tokens. */
  readonly count: number;
}

/** A text of the grammar of this seed and these knobs, with its entropy. Throws UsageError for knobs out of their range. */
export function grammarDataset(options: GrammarOptions): TextDataset {
  const { split, count } = options;
  const grammar = new Grammar(options);
  const { vocabulary, entropy } = grammar;
  return { name: 'grammar', split, vocabulary, tokens: grammar.text(split, count), entropy };
}
