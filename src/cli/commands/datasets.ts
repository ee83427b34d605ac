import { Command } from 'commander';
import { datasetsRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addJson } from '../flags/output-options.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function datasetsCommand(): Command {
  const command = new Command('datasets').description(commandSummaries.datasets.summary);
  return addJson(addRequestOptions(command, datasetsRequest))
    .addHelpText('after', exampleText('ballast datasets folder --data pictures'))
    .action(async () => {
      const { run } = await import('./actions/datasets.ts');
      const options = command.opts<{ json?: boolean }>();
      await run(requestOf(command, datasetsRequest), options);
    });
}
