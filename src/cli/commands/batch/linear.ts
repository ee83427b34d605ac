import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { addDeviceOptions } from '../../flags/options.ts';
import { batchSummaries } from './summaries.ts';

export function batchLinearCommand(): Command {
  const command = new Command('linear')
    .description(batchSummaries.linear)
    .argument('<dir>', 'folder of a study of `ballast batch run`');
  return addDeviceOptions(command)
    .option('--data <dir>', 'folder of the data (default: where the study found it)')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast batch linear study'))
    .action(async (...given: Parameters<typeof import('./actions/linear.ts').run>) =>
      (await import('./actions/linear.ts')).run(...given),
    );
}
