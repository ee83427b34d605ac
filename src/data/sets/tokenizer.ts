import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { FileError, reasonOf } from '../../base/errors.ts';
import { readBytes } from '../../formats/index.ts';

/** A text as the tokens of a language model. */
export interface Tokenized {
  /** The tokens by number; a number that is nobody's is `<number>`. */
  readonly vocabulary: readonly string[];
  /** Numbers of the tokens of the text, without any for its beginning and end. */
  readonly tokens: Int32Array;
}

const expected = 'tokenizer.json as the tokenizers library of Hugging Face writes it';
const mostBytes = 2 ** 26;
const mostCharacters = 2 ** 25;
const mostTokens = 2 ** 22;

/** A megabyte takes some seconds; a slow machine gets ten times that. */
const secondsFor = (characters: number) => 30 + characters / 20_000;

/**
 * In a thread of its own: a tokenizer brings regular expressions, which may never come to an end, and replacements, which may fill any memory.
 * CommonJS, since it is given as text: so it needs no file beside it.
 */
const work = `
const { parentPort, workerData } = require('node:worker_threads');
const { Tokenizer } = require(workerData.library);
try {
  const tokenizer = new Tokenizer(JSON.parse(workerData.description), {});
  const { ids } = tokenizer.encode(workerData.text, { add_special_tokens: false });
  parentPort.postMessage({ vocabulary: [...tokenizer.get_vocab(true)].filter(([token]) => token !== undefined), ids });
} catch (error) {
  parentPort.postMessage({ problem: String(error?.message ?? error) });
}`;

const answer = z.union([
  z.object({ problem: z.string() }),
  z.object({
    vocabulary: z.array(z.tuple([z.string(), z.int().min(0).max(mostTokens)])).min(1),
    ids: z.array(z.int().min(0).max(mostTokens)),
  }),
]);

/** What the thread says, or what became of it. */
async function outcome(description: string, text: string, seconds: number): Promise<z.infer<typeof answer>> {
  const library = createRequire(import.meta.url).resolve('@huggingface/tokenizers');
  const worker = new Worker(work, {
    eval: true,
    workerData: { library, description, text },
    resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 64 },
    execArgv: [],
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    const said = await new Promise<unknown>((resolve, reject) => {
      timer = setTimeout(() => resolve({ problem: `takes more than ${Math.round(seconds)} s` }), 1000 * seconds);
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    return answer.safeParse(said).data ?? { problem: 'gives tokens that have no number' };
  } catch (error) {
    return { problem: reasonOf(error) };
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

/**
 * The tokens of `text` by the tokenizer in the file at `path`. Up to 32 million characters; throws FileError for more, for a file that is no
 * tokenizer, and for one that does not come to an end within `seconds` or half a gigabyte.
 */
export async function tokenize(
  path: string,
  text: string,
  seconds: number = secondsFor(text.length),
): Promise<Tokenized> {
  const bytes = await readBytes(path, expected);
  const wrong = (problem: string) =>
    new FileError(path, `${problem.split('\n')[0]!.slice(0, 200)}; expected ${expected}`);
  if (bytes.length > mostBytes) throw wrong(`has ${bytes.length} bytes, more than ${mostBytes}`);
  if (text.length > mostCharacters)
    throw new FileError(path, `was given ${text.length} characters; expected at most ${mostCharacters} at once`);
  const found = await outcome(Buffer.from(bytes).toString('utf8'), text, seconds);
  if ('problem' in found) throw wrong(found.problem);
  const last = found.vocabulary.reduce((most, [, n]) => Math.max(most, n), 0);
  const vocabulary = Array.from({ length: last + 1 }, (_, n) => `<${n}>`);
  for (const [token, n] of found.vocabulary) vocabulary[n] = token;
  return { vocabulary, tokens: Int32Array.from(found.ids) };
}
