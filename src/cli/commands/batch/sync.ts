import { Command } from 'commander';
import { studyFolderRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addRequestOptions } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function syncCommand(): Command {
  return addRequestOptions(new Command('sync').description(batchSummaries.sync), studyFolderRequest)
    .addHelpText('after', exampleText('ballast batch sync study'))
    .action(async (...given: Parameters<typeof import('./actions/sync.ts').sync>) =>
      (await import('./actions/sync.ts')).sync(...given),
    );
}
