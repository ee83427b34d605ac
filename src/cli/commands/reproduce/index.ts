import { Command } from 'commander';
import { addParts, type Parts } from '../../parts.ts';
import { commandSummaries } from '../../summaries.ts';
import { reproduceSummaries } from './summaries.ts';

const parts: Parts<keyof typeof reproduceSummaries> = {
  stability: async () => {
    const [{ measurementCommand }, { reproduceStability }] = await Promise.all([
      import('../../measurement-command.ts'),
      import('../../../app/measurements/reproduce-stability.ts'),
    ]);
    return measurementCommand(reproduceStability);
  },
  batch: async () => (await import('./batch.ts')).reproduceBatchCommand(),
};

/** `word`: which of its commands is asked for; all are loaded where it is undefined. */
export const reproduceCommand = (word?: string): Promise<Command> =>
  addParts(new Command('reproduce').description(commandSummaries.reproduce.summary), reproduceSummaries, parts, word);
