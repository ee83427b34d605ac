import { join } from 'node:path';
import { Command } from 'commander';
import { addParts, type Parts } from '../../parts.ts';
import { commandSummaries } from '../../summaries.ts';
import { batchSummaries } from './summaries.ts';

const parts: Parts<keyof typeof batchSummaries> = {
  init: async () => (await import('./init.ts')).initCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  run: async () => (await import('./run.ts')).runBatchCommand(),
  sync: async () => (await import('./sync.ts')).syncCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
  report: async () => (await import('./report.ts')).batchReportCommand(),
  linear: async () => (await import('./linear.ts')).batchLinearCommand(),
  plan: async () => (await import('./plan.ts')).batchPlanCommand(),
  branch: async () => {
    const [{ measurementCommand }, { branches }] = await Promise.all([
      import('../../measurement-command.ts'),
      import('../../../app/measurements/branches.ts'),
    ]);
    return measurementCommand(branches);
  },
  schedule: async () => (await import('./schedule.ts')).scheduleCommand(),
  stability: async () => {
    const [{ measurementCommand }, { studyStability }] = await Promise.all([
      import('../../measurement-command.ts'),
      import('../../../app/measurements/study-stability.ts'),
    ]);
    return measurementCommand(studyStability, ({ folder }) => join(String(folder), 'stability'));
  },
  export: async () => (await import('./export.ts')).exportCommand(),
  import: async () => (await import('./import.ts')).batchImportCommand(),
  schema: async () => (await import('./schema.ts')).schemaCommand(),
};

/** `word`: which of its commands is asked for; all are loaded where it is undefined. */
export const batchCommand = (word?: string): Promise<Command> =>
  addParts(new Command('batch').description(commandSummaries.batch.summary), batchSummaries, parts, word);
