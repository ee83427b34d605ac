import { UsageError } from '../errors.ts';
import type { ThreeSplit } from './dataset.ts';
import { type GrammarKnobs, grammarDataset } from './grammar.ts';
import { type CorpusName, type CorpusRequest, loadCorpus, type TextDataset } from './text.ts';

export interface TextRequest extends GrammarKnobs, Pick<CorpusRequest, 'vocabulary'> {
  readonly name: string;
  /** Where the files are; `grammar` needs none. */
  readonly dir?: string | undefined;
  readonly split: ThreeSplit;
  /** `grammar` only: the draw, and how many tokens of it (1,000,000 for training and 100,000 for the others unless told). */
  readonly seed?: number;
  readonly count?: number;
}

/** Names that `loadText` takes, and what they are. */
export const textNames: Readonly<Record<CorpusName | 'grammar', string>> = {
  ptb: 'Penn Treebank: ptb.train.txt, ptb.valid.txt, ptb.test.txt',
  wikitext2: 'WikiText-2: wiki.train.tokens, wiki.valid.tokens, wiki.test.tokens',
  text: 'plain text: train.txt, valid.txt, test.txt, or one file',
  grammar: 'procedural text of a stated grammar whose best reachable loss is known; needs no files',
};

const isName = (name: string): name is CorpusName | 'grammar' => Object.hasOwn(textNames, name);

/** The text of this name. Throws UsageError for an unknown name or a missing folder, FileError for files that are not as they should be. */
export async function loadText(request: TextRequest): Promise<TextDataset> {
  const { name, dir, split, seed = 0, count = split === 'train' ? 1_000_000 : 100_000 } = request;
  if (!isName(name)) throw new UsageError(`unknown text "${name}"; expected ${Object.keys(textNames).join(', ')}`);
  if (name === 'grammar') return grammarDataset({ ...request, seed, count });
  if (dir === undefined) {
    throw new UsageError(`text ${name} needs a folder or file (--data); expected ${textNames[name]}`);
  }
  return loadCorpus({ ...request, name, dir });
}
