import { Command } from 'commander';
import { batchImportCommand } from './import.ts';
import { batchReportCommand } from './report.ts';

export function batchCommand(): Command {
  const command = new Command('batch').description('Studies of the batch size: what a larger one costs and saves');
  for (const part of [batchReportCommand(), batchImportCommand()]) command.addCommand(part.exitOverride());
  return command;
}
