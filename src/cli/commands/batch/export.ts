import { Command } from 'commander';
import { exportRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addJson } from '../../flags/output-options.ts';
import { addRequestOptions, requestFrom } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function exportCommand(): Command {
  const command = new Command('export').description(batchSummaries.export);
  return addJson(addRequestOptions(command, exportRequest))
    .addHelpText('after', exampleText('ballast batch export study --format csv --to measurements.csv'))
    .action(async () => {
      const { exportAs } = await import('./actions/export.ts');
      await exportAs(requestFrom(exportRequest, command.opts(), command.processedArgs), command.opts());
    });
}
