import { Command } from 'commander';
import { studyStatusKind } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addJson } from '../../flags/output-options.ts';
import { addRequestOptions } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function statusCommand(): Command {
  const command = new Command('status').description(batchSummaries.status);
  return addJson(addRequestOptions(command, studyStatusKind.request))
    .addHelpText('after', exampleText('ballast batch status study'))
    .action(async (...given: Parameters<typeof import('./actions/status.ts').status>) =>
      (await import('./actions/status.ts')).status(...given),
    );
}
