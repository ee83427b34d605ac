import { Command } from 'commander';
import { batchPlanCommand } from './plan.ts';

export function batchCommand(): Command {
  const command = new Command('batch').description('Studies of the batch size: what a larger one costs and saves');
  for (const part of [batchPlanCommand()]) command.addCommand(part.exitOverride());
  return command;
}
