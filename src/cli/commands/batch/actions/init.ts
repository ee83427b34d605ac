import { createInterface } from 'node:readline/promises';
import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import {
  nameFor,
  requireFreePath,
  type StudyDraft,
  writeLogMapping,
  writeStudyFile,
} from '../../../../app/study/index.ts';
import { UsageError } from '../../../../base/errors.ts';
import { type InitRequest, initRequest, targetIn } from '../../../../schema/index.ts';
import { valueTyped } from '../../../flags/request-options.ts';

export async function init(request: InitRequest): Promise<void> {
  const { file: path, logs, examples } = request;
  requireFreePath(path);
  if (logs !== undefined) {
    await writeLogMapping(path, { examples });
    say([`${path}: written`, `next: ballast batch import ${logs} --mapping ${path} --dry-run`]);
    return;
  }
  const ask = process.stdin.isTTY && process.stderr.isTTY ? asking() : undefined;
  try {
    const draft = await draftOf(request, ask?.question ?? missing);
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

async function draftOf(request: InitRequest, ask: Question): Promise<StudyDraft> {
  const { file, command: words, model, dataset, name } = request;
  if ((model === undefined) !== (dataset === undefined)) throw new UsageError('--model and --dataset go together');
  if (model !== undefined && words.length > 0)
    throw new UsageError('expected either a command or --model and --dataset, got both');
  const { shape } = initRequest;
  const typed =
    <Key extends 'examples' | 'batchSizes' | 'rates' | 'epochs' | 'target'>(key: Key) =>
    (text: string) =>
      valueTyped<InitRequest[Key]>(shape[key] as z.ZodType<InitRequest[Key]>, text);
  const own = model !== undefined;
  const command =
    own || words.length > 0
      ? words
      : await ask('command', 'command that trains, as you would type it (no quotes)', split);
  const examples = own
    ? 0
    : (request.examples ?? (await ask('--examples', 'training examples of an epoch', typed('examples'))));
  const batchSizes =
    request.batchSizes ?? (await ask('--batch-sizes', 'batch sizes, such as 16,32,64,128', typed('batchSizes')));
  const rates = request.rates ?? (await ask('--rates', 'learning rates to try, such as 0.05,0.1,0.2', typed('rates')));
  const budget =
    request.steps !== undefined
      ? { steps: request.steps }
      : { epochs: request.epochs ?? (await ask('--epochs', 'epochs that each trial may take', typed('epochs'))) };
  const target =
    request.target ??
    (ask === missing ? undefined : await ask('--target', 'target, such as valLoss=1.2', typed('target')));
  return {
    name: name ?? model ?? nameFor(command, file),
    trained: own ? { kind: 'own', model, dataset: dataset! } : { kind: 'command', command, examples },
    batchSizes: [...new Set(batchSizes)].sort((a, b) => a - b),
    rates,
    seeds: request.seeds,
    budget,
    target: target === undefined ? undefined : targetIn(target),
  };
}

function split(text: string): string[] {
  if (text === '') throw new InvalidArgumentError('expected a command such as python3 train.py --bs 64 --lr 0.1.');
  if (/["'`|;&<>]/.test(text))
    throw new InvalidArgumentError('no shell reads it; write the entries that have such signs into the file later.');
  return text.split(/\s+/);
}
