import { Command } from 'commander';
import { bundledStudiesRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addOut } from '../../flags/output-options.ts';
import { addRequestOptions } from '../../flags/request-options.ts';
import { addRunOptions } from '../batch/run.ts';
import { reproduceSummaries } from './summaries.ts';

export function reproduceBatchCommand(): Command {
  const command = new Command('batch').description(reproduceSummaries.batch);
  addRequestOptions(command, bundledStudiesRequest);
  addOut(command, 'a folder for each study, and index.html over all of them (required unless --dry-run)');
  return addRunOptions(command)
    .addHelpText('after', exampleText('ballast reproduce batch --data data --out out/batch'))
    .action(async (...given: Parameters<typeof import('./actions/batch.ts').run>) =>
      (await import('./actions/batch.ts')).run(...given),
    );
}
