import { Command } from 'commander';
import { unitsKind } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addJson } from '../flags/output-options.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function unitsCommand(): Command {
  const { request } = unitsKind;
  const command = new Command('units').description(commandSummaries.units.summary);
  return addJson(addRequestOptions(command, request))
    .addHelpText('after', exampleText('ballast units resnet20'))
    .action(async () => {
      const { run } = await import('./actions/units.ts');
      const options = command.opts<{ json?: boolean }>();
      await run(requestOf(command, request), options);
    });
}
