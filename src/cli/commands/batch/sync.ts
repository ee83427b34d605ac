import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { batchSummaries } from './summaries.ts';

export function syncCommand(): Command {
  return new Command('sync')
    .description(batchSummaries.sync)
    .argument('<dir>', 'the study on disk')
    .addHelpText('after', exampleText('ballast batch sync study'))
    .action(async (...given: Parameters<typeof import('./actions/sync.ts').sync>) =>
      (await import('./actions/sync.ts')).sync(...given),
    );
}
