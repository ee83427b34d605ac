import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, UsageError } from '../../base/errors.ts';
import { readBytes } from '../../formats/index.ts';
import type { ImageDataset, ThreeSplit } from '../dataset.ts';
import { tokenize } from './tokenizer.ts';
import { buildVocabulary, endOfSentence, unknownWord, words } from './vocabulary.ts';

/** A text as the numbers of its words. */
export interface TextDataset {
  readonly name: string;
  readonly split: ThreeSplit;
  /** The words by number, `<eos>` among them. */
  readonly vocabulary: readonly string[];
  /** The text: numbers of words, with `<eos>` after each line. */
  readonly tokens: Int32Array;
  /** The best mean loss that any model can reach, in nats per token given the whole past; only where the source is known. */
  readonly entropy?: number;
  /** The file of the tokenizer, where it was not split at blanks. A model may then have room for more tokens than there are. */
  readonly tokenizer?: string;
}

/** Whether data is text; images otherwise. */
export function isText(data: ImageDataset | TextDataset): data is TextDataset {
  return 'tokens' in data;
}

/** The texts whose official files are known. */
export type CorpusName = 'ptb' | 'wikitext2' | 'text';

export interface CorpusRequest {
  readonly name: CorpusName;
  /** The folder with the files of the three splits, its parent, or for `text` one file. */
  readonly dir: string;
  readonly split: ThreeSplit;
  /** Keep the most frequent words of the training split up to so many in all (`<eos>` and `<unk>` included), the others are `<unk>`; all unless told. */
  readonly vocabularySize?: number;
  /** Number the words as this list does, e.g. the one that a model was trained with, and leave the training split unread. */
  readonly vocabulary?: readonly string[];
  /** Split by this `tokenizer.json` in place of blanks; a single file is then taken as a whole, whatever the split. */
  readonly tokenizer?: string | undefined;
}

interface Corpus {
  readonly folder: string;
  readonly file: (split: ThreeSplit) => string;
}

/** Where the files of the splits are: in the folder itself or in this one below it. */
export const corpora: Readonly<Record<CorpusName, Corpus>> = {
  ptb: { folder: 'ptb', file: (split) => `ptb.${split}.txt` },
  wikitext2: { folder: 'wikitext-2', file: (split) => `wiki.${split}.tokens` },
  text: { folder: 'text', file: (split) => `${split}.txt` },
};

/** Characters of the longest text that a JavaScript string can hold. */
const maxCharacters = 2 ** 29 - 24;

async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path, 'a UTF-8 text');
  if (bytes.length > maxCharacters)
    throw new FileError(path, `has ${bytes.length} bytes, expected at most ${maxCharacters}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new FileError(path, 'is not UTF-8 text', { cause });
  }
  if (text.trim() === '') throw new FileError(path, 'has no words; expected text');
  return text;
}

const kindOf = (path: string) =>
  stat(path).then(
    (s) => (s.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  );

/** The share of its lines that each split gets of a single file, as 0.9, 0.05 and 0.05 of it in order. */
function cutLines(path: string, text: string, split: ThreeSplit): string {
  const lines = text.replace(/\n$/, '').split('\n');
  if (lines.length < 20) {
    throw new FileError(
      path,
      `has ${lines.length} lines, expected 20 or more to be divided into train, valid and test`,
    );
  }
  const [valid, test] = [Math.floor(0.9 * lines.length), Math.floor(0.95 * lines.length)];
  const [from, to] = { train: [0, valid], valid: [valid, test], test: [test, lines.length] }[split] as [number, number];
  return lines.slice(from, to).join('\n');
}

interface Part {
  /** For messages. */
  readonly path: string;
  readonly text: string;
}

/** Finds the corpus and gives a reader of its splits. */
async function locate({ name, dir, tokenizer }: CorpusRequest): Promise<(split: ThreeSplit) => Promise<Part>> {
  const { folder, file } = corpora[name];
  if (name === 'text' && (await kindOf(dir)) === 'file') {
    const text = await readText(dir);
    return async (split) => ({ path: dir, text: tokenizer === undefined ? cutLines(dir, text, split) : text });
  }
  const inner = join(dir, folder);
  const root =
    (await kindOf(join(dir, file('train')))) === undefined && (await kindOf(inner)) === 'folder' ? inner : dir;
  return async (split) => {
    const path = join(root, file(split));
    if ((await kindOf(path)) === undefined) {
      const expected = (['train', 'valid', 'test'] as const).map(file).join(', ');
      throw new FileError(dir, `has no ${file(split)}; expected ${expected} here or in ${folder}/`);
    }
    return { path, text: await readText(path) };
  };
}

/**
 * The Penn Treebank (`ptb.train.txt`, ...), WikiText-2 (`wiki.train.tokens`, ...) or plain text (`train.txt`, `valid.txt`, `test.txt`; or one
 * file, of which the first 90 % of the lines are for training and 5 % each for the others). Words are what blanks separate, numbered in the
 * order in which the training split first has them. A word that it does not have is `<unk>`; plain text gets one where it has none. With a
 * tokenizer the text is split and numbered by that.
 *
 * @throws FileError for files that are missing or no text, and for an unseen word where there is no `<unk>`.
 */
export async function loadCorpus(request: CorpusRequest): Promise<TextDataset> {
  const { name, split, vocabularySize } = request;
  const read = await locate(request);
  const { path, text } = await read(split);
  if (request.tokenizer !== undefined)
    return { name, split, ...(await tokenize(request.tokenizer, text)), tokenizer: request.tokenizer };
  const training = request.vocabulary ? undefined : split === 'train' ? text : (await read('train')).text;
  const vocabulary =
    request.vocabulary ?? buildVocabulary(training!, { withUnknown: name === 'text', size: vocabularySize });
  const numbers = new Map(vocabulary.map((word, i) => [word, i]));
  const eos = numbers.get(endOfSentence);
  if (eos === undefined) throw new UsageError(`the vocabulary given for ${name} has no ${endOfSentence}`);
  const unknown = numbers.get(unknownWord);
  const tokens: number[] = [];
  for (const word of words(text)) {
    const number = numbers.get(word) ?? unknown;
    if (number === undefined) {
      throw new FileError(
        path,
        `has the word ${JSON.stringify(word.slice(0, 80))}, which the vocabulary lacks, and there is no ${unknownWord} to stand for it`,
      );
    }
    tokens.push(number);
  }
  return { name, split, vocabulary, tokens: Int32Array.from(tokens) };
}
