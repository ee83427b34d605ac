import { Command } from 'commander';
import { storedReportRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function reportCommand(): Command {
  const command = new Command('report').description(commandSummaries.report.summary);
  return addRequestOptions(command, storedReportRequest)
    .option('--json', 'print the results in the form of today, a line each')
    .addHelpText('after', exampleText('ballast report out/spectrum --out pages --figures figures'))
    .action(async () => {
      const { run } = await import('./actions/report.ts');
      const options = command.opts<{ json?: boolean }>();
      await run(requestOf(command, storedReportRequest), options);
    });
}
