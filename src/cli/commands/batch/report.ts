import { Command } from 'commander';
import { batchReportRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addRequestOptions, requestOf } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function batchReportCommand(): Command {
  const command = new Command('report').description(batchSummaries.report);
  return addRequestOptions(command, batchReportRequest)
    .option('--json', 'print one JSON object on standard output, and write no file unless --out says so')
    .addHelpText('after', exampleText('ballast batch report study --devices 1,2,4,8 --price 1.20'))
    .action(async () => {
      const { run } = await import('./actions/report.ts');
      const options = command.opts<{ json?: boolean }>();
      await run(requestOf(command, batchReportRequest), options);
    });
}
