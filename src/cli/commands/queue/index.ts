import { Command } from 'commander';
import type { z } from 'zod';
import { drainRequest, retryRequest, studyFolderRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addJson } from '../../flags/output-options.ts';
import { addRequestOptions } from '../../flags/request-options.ts';
import { addParts, type Parts } from '../../parts.ts';
import { commandSummaries } from '../../summaries.ts';
import { queueSummaries } from './summaries.ts';

type Name = keyof typeof queueSummaries;
type Actions = typeof import('../actions/queue.ts');

/** A command on the folder of a study. */
const onStudy = (name: Name, request: z.ZodObject = studyFolderRequest): Command =>
  addRequestOptions(new Command(name).description(queueSummaries[name]), request);

const actions = () => import('../actions/queue.ts');

const parts: Parts<Name> = {
  status: async () =>
    addJson(onStudy('status'))
      .option('--watch', 'show it anew every few seconds, until Ctrl-C')
      .addHelpText('after', exampleText('ballast queue status study'))
      .action(async (...given: Parameters<Actions['status']>) => (await actions()).status(...given)),
  drain: async () =>
    onStudy('drain', drainRequest)
      .addHelpText('after', exampleText('ballast queue drain study'))
      .action(async (...given: Parameters<Actions['drain']>) => (await actions()).drain(...given)),
  retry: async () =>
    onStudy('retry', retryRequest)
      .addHelpText('after', exampleText('ballast queue retry study'))
      .action(async (...given: Parameters<Actions['retry']>) => (await actions()).retry(...given)),
  cancel: async () =>
    onStudy('cancel')
      .addHelpText('after', exampleText('ballast queue cancel study'))
      .action(async (...given: Parameters<Actions['cancel']>) => (await actions()).cancel(...given)),
};

/** `word`: which of its commands is asked for; all are loaded where it is undefined. */
export const queueCommand = (word?: string): Promise<Command> =>
  addParts(new Command('queue').description(commandSummaries.queue.summary), queueSummaries, parts, word);
