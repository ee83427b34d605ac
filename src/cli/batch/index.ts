import { Command } from 'commander';
import { batchPlanCommand } from './plan.ts';

/** `ballast batch`: studies of the batch size. */
export function batchCommand(): Command {
  const command = new Command('batch').description(
    'What larger batches are worth: studies, their analysis, and a plan',
  );
  for (const sub of [batchPlanCommand()]) command.addCommand(sub.exitOverride());
  return command;
}
