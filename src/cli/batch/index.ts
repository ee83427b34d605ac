import { Command } from 'commander';
import { checkCommand } from './check.ts';
import { exportCommand } from './export.ts';
import { batchImportCommand } from './import.ts';
import { initCommand } from './init.ts';
import { batchLinearCommand } from './linear.ts';
import { batchPlanCommand } from './plan.ts';
import { batchReportCommand } from './report.ts';
import { runBatchCommand } from './run.ts';
import { schemaCommand } from './schema.ts';
import { batchStabilityCommand } from './stability.ts';
import { statusCommand } from './status.ts';

export function batchCommand(): Command {
  const command = new Command('batch').description('Studies of the batch size: what a larger one costs and saves');
  const parts = [
    initCommand(),
    checkCommand(),
    runBatchCommand(),
    statusCommand(),
    batchReportCommand(),
    batchLinearCommand(),
    batchPlanCommand(),
    batchStabilityCommand(),
    exportCommand(),
    batchImportCommand(),
    schemaCommand(),
  ];
  for (const part of parts) command.addCommand(part.exitOverride());
  return command;
}
