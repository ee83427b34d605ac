import { InputError, UsageError } from '../base/errors.ts';
import type { ThreeSplit } from './dataset.ts';
import { namesOf, textFacts } from './facts.ts';
import { type GrammarKnobs, grammarDataset } from './sets/grammar.ts';
import { type CorpusRequest, loadCorpus, type TextDataset } from './sets/text.ts';

/** Which text: a name, a split, and where it lies. */
export interface TextRequest extends GrammarKnobs, Pick<CorpusRequest, 'vocabulary' | 'tokenizer'> {
  readonly name: string;
  /** Where the files are; `grammar` needs none. */
  readonly dir?: string | undefined;
  readonly split: ThreeSplit;
  /** `grammar` only: the draw, and how many tokens of it (1,000,000 for training and 100,000 for the others unless told). */
  readonly seed?: number;
  readonly count?: number;
}

type TextName = keyof typeof textFacts;
const isName = (name: string): name is TextName => Object.hasOwn(textFacts, name);

/** Names that `loadText` takes, and what they are. */
export const textNames = namesOf(textFacts);

/** The text of this name. Throws UsageError for an unknown name or a missing folder, FileError for files that are not as they should be. */
export async function loadText(request: TextRequest): Promise<TextDataset> {
  const { name, dir, split, seed = 0 } = request;
  if (!isName(name)) throw new UsageError(`unknown text "${name}"; expected ${Object.keys(textNames).join(', ')}`);
  if (name === 'grammar') {
    if (request.tokenizer !== undefined) throw new InputError('tokenizer', 'goes with a text; grammar has none');
    return grammarDataset({ ...request, seed, count: request.count ?? textFacts.grammar.counts[split] });
  }
  if (dir === undefined) {
    throw new InputError('data', `text ${name} needs a folder or file; expected ${textNames[name]}`);
  }
  return loadCorpus({ ...request, name, dir });
}
