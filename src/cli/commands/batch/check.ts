import { Command } from 'commander';
import { studyCheckRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addJson } from '../../flags/output-options.ts';
import { addRequestOptions, requestFrom } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function checkCommand(): Command {
  const command = new Command('check').description(batchSummaries.check);
  return addJson(addRequestOptions(command, studyCheckRequest))
    .addHelpText('after', exampleText('ballast batch check study.yaml'))
    .action(async () => {
      const { check } = await import('./actions/check.ts');
      await check(requestFrom(studyCheckRequest, command.opts(), command.processedArgs), command.opts());
    });
}
