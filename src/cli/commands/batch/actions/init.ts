import { createInterface } from 'node:readline/promises';
import { InvalidArgumentError } from 'commander';
import {
  nameFor,
  requireFreePath,
  type StudyDraft,
  writeLogMapping,
  writeStudyFile,
} from '../../../../app/study/index.ts';
import { UsageError } from '../../../../base/errors.ts';
import { positive, positives, target } from '../options/init-values.ts';

interface InitOptions {
  readonly name?: string;
  readonly model?: string;
  readonly dataset?: string;
  readonly logs?: string;
  readonly examples?: number;
  readonly batchSizes?: readonly number[];
  readonly rates?: readonly number[];
  readonly seeds?: readonly number[];
  readonly epochs?: number;
  readonly steps?: number;
  readonly target?: NonNullable<StudyDraft['target']>;
}

export async function init(path: string, words: readonly string[], options: InitOptions): Promise<void> {
  requireFreePath(path);
  if (options.logs !== undefined) {
    await writeLogMapping(path, { examples: options.examples });
    say([`${path}: written`, `next: ballast batch import ${options.logs} --mapping ${path} --dry-run`]);
    return;
  }
  const ask = process.stdin.isTTY && process.stderr.isTTY ? asking() : undefined;
  try {
    const draft = await draftOf(path, words, options, ask?.question ?? missing);
    const replaced = await writeStudyFile(path, draft);
    say([
      `${path}: written`,
      ...replaced.map((what) => `  ${what}`),
      draft.trained.kind === 'command'
        ? `next: ballast batch check ${path}`
        : `next: ballast batch run ${path} --dry-run`,
    ]);
  } finally {
    ask?.close();
  }
}

const say = (lines: readonly string[]) => process.stdout.write(`${lines.join('\n')}\n`);

/** Asks until the answer can be read. */
type Question = <T>(option: string, words: string, read: (text: string) => T) => Promise<T>;

function asking(): { question: Question; close: () => void } {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  return {
    close: () => terminal.close(),
    question: async (_, words, read) => {
      for (;;) {
        const answer = (await terminal.question(`${words}: `)).trim();
        try {
          return read(answer);
        } catch (cause) {
          process.stderr.write(`${(cause as Error).message}\n`);
        }
      }
    },
  };
}

const missing: Question = (option, words) => {
  throw new UsageError(`${option}: missing (${words}); there is no terminal to ask on`);
};

async function draftOf(
  path: string,
  words: readonly string[],
  options: InitOptions,
  ask: Question,
): Promise<StudyDraft> {
  if ((options.model === undefined) !== (options.dataset === undefined))
    throw new UsageError('--model and --dataset go together');
  if (options.model !== undefined && words.length > 0)
    throw new UsageError('expected either a command or --model and --dataset, got both');
  const own = options.model !== undefined;
  const command =
    own || words.length > 0
      ? words
      : await ask('command', 'command that trains, as you would type it (no quotes)', split);
  const examples = own ? 0 : (options.examples ?? (await ask('--examples', 'training examples of an epoch', positive)));
  const batchSizes = options.batchSizes ?? (await ask('--batch-sizes', 'batch sizes, such as 16,32,64,128', positives));
  const rates = options.rates ?? (await ask('--rates', 'learning rates to try, such as 0.05,0.1,0.2', positives));
  const budget =
    options.steps !== undefined
      ? { steps: options.steps }
      : { epochs: options.epochs ?? (await ask('--epochs', 'epochs that each trial may take', positive)) };
  const goal =
    options.target ?? (ask === missing ? undefined : await ask('--target', 'target, such as valLoss=1.2', target));
  const sorted = [...new Set(batchSizes)].sort((a, b) => a - b);
  return {
    name: options.name ?? (own ? options.model! : nameFor(command, path)),
    trained: own
      ? { kind: 'own', model: options.model!, dataset: options.dataset! }
      : { kind: 'command', command, examples },
    batchSizes: sorted,
    rates,
    seeds: options.seeds ?? [0],
    budget,
    target: goal,
  };
}

function split(text: string): string[] {
  if (text === '') throw new InvalidArgumentError('expected a command such as python3 train.py --bs 64 --lr 0.1.');
  if (/["'`|;&<>]/.test(text))
    throw new InvalidArgumentError('no shell reads it; write the entries that have such signs into the file later.');
  return text.split(/\s+/);
}
