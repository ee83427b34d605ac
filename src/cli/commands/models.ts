import { Command } from 'commander';
import { exampleText } from '../flags/examples.ts';
import { commandSummaries } from '../summaries.ts';

export function modelsCommand(): Command {
  return new Command('models')
    .description(commandSummaries.models.summary)
    .argument('[name]', 'any member of a family, e.g. resnet110, unet32, lstm1x650')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast models resnet20'))
    .action(async (...given: Parameters<typeof import('./actions/models.ts').run>) =>
      (await import('./actions/models.ts')).run(...given),
    );
}
