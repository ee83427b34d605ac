import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { batchSummaries } from './summaries.ts';

export function statusCommand(): Command {
  return new Command('status')
    .description(batchSummaries.status)
    .argument('<dir>', 'the study on disk')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast batch status study'))
    .action(async (...given: Parameters<typeof import('./actions/status.ts').status>) =>
      (await import('./actions/status.ts')).status(...given),
    );
}
