import { Command } from 'commander';
import { exportCommand } from './export.ts';
import { runBatchCommand } from './run.ts';
import { schemaCommand } from './schema.ts';
import { statusCommand } from './status.ts';

export function batchCommand(): Command {
  const command = new Command('batch').description('Studies of the batch size: what a larger one costs and saves');
  for (const part of [runBatchCommand(), statusCommand(), exportCommand(), schemaCommand()])
    command.addCommand(part.exitOverride());
  return command;
}
