import { Command } from 'commander';
import { scheduleRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addRequestOptions, requestFrom } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function scheduleCommand(): Command {
  const command = new Command('schedule').description(batchSummaries.schedule);
  return addRequestOptions(command, scheduleRequest)
    .addHelpText('after', exampleText('ballast batch schedule warm-up --branches out/branches --format yaml'))
    .action(async () => {
      const { run } = await import('./actions/schedule.ts');
      await run(requestFrom(scheduleRequest, command.opts(), command.processedArgs));
    });
}
