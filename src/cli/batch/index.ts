import { join } from 'node:path';
import { Command } from 'commander';
import { studyStability } from '../../app/measurements/study-stability.ts';
import { measurementCommand } from '../measurement-command.ts';
import { commandSummaries } from '../summaries.ts';
import { exportCommand } from './export.ts';
import { batchImportCommand } from './import.ts';
import { batchLinearCommand } from './linear.ts';
import { batchPlanCommand } from './plan.ts';
import { batchReportCommand } from './report.ts';
import { runBatchCommand } from './run.ts';
import { schemaCommand } from './schema.ts';
import { statusCommand } from './status.ts';

export function batchCommand(): Command {
  const command = new Command('batch').description(commandSummaries.batch.summary);
  const parts = [
    runBatchCommand(),
    statusCommand(),
    batchReportCommand(),
    batchLinearCommand(),
    batchPlanCommand(),
    measurementCommand(studyStability, ({ folder }) => join(String(folder), 'stability')),
    exportCommand(),
    batchImportCommand(),
    schemaCommand(),
  ];
  for (const part of parts) command.addCommand(part.exitOverride());
  return command;
}
