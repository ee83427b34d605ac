import { Command } from 'commander';
import { linearErrorsKind } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addJson } from '../../flags/output-options.ts';
import { addRequestOptions, requestFrom } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function batchLinearCommand(): Command {
  const { request } = linearErrorsKind;
  const command = new Command('linear').description(batchSummaries.linear);
  return addJson(addRequestOptions(command, request))
    .addHelpText('after', exampleText('ballast batch linear study'))
    .action(async () => {
      const { run } = await import('./actions/linear.ts');
      await run(requestFrom(request, command.opts(), command.processedArgs), command.opts());
    });
}
