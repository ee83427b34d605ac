import { Command } from 'commander';
import { modelsRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addJson } from '../flags/output-options.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function modelsCommand(): Command {
  const command = new Command('models').description(commandSummaries.models.summary);
  return addJson(addRequestOptions(command, modelsRequest))
    .addHelpText('after', exampleText('ballast models resnet20'))
    .action(async () => {
      const { run } = await import('./actions/models.ts');
      const { name } = requestOf(command, modelsRequest);
      run(name, command.opts());
    });
}
