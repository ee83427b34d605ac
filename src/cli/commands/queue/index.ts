import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { addParts, type Parts } from '../../parts.ts';
import { commandSummaries } from '../../summaries.ts';
import { queueSummaries } from './summaries.ts';

type Name = keyof typeof queueSummaries;
type Actions = typeof import('../actions/queue.ts');

/** A command on the folder of a study. */
const onStudy = (name: Name): Command =>
  new Command(name).description(queueSummaries[name]).argument('<dir>', 'the study on disk');

const actions = () => import('../actions/queue.ts');

const parts: Parts<Name> = {
  status: async () =>
    onStudy('status')
      .option('--watch', 'show it anew every few seconds, until Ctrl-C')
      .option('--json', 'print one JSON object on standard output and nothing else there')
      .addHelpText('after', exampleText('ballast queue status study'))
      .action(async (...given: Parameters<Actions['status']>) => (await actions()).status(...given)),
  drain: async () =>
    onStudy('drain')
      .option('--off', 'give out trials again')
      .action(async (...given: Parameters<Actions['drain']>) => (await actions()).drain(...given)),
  retry: async () =>
    onStudy('retry')
      .argument('[trials...]', 'beginnings of the ids of failed trials (default: all of them)')
      .action(async (...given: Parameters<Actions['retry']>) => (await actions()).retry(...given)),
  cancel: async () =>
    onStudy('cancel').action(async (...given: Parameters<Actions['cancel']>) => (await actions()).cancel(...given)),
};

/** `word`: which of its commands is asked for; all are loaded where it is undefined. */
export const queueCommand = (word?: string): Promise<Command> =>
  addParts(new Command('queue').description(commandSummaries.queue.summary), queueSummaries, parts, word);
