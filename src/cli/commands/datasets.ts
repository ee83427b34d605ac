import { Command, Option } from 'commander';
import { exampleText } from '../flags/examples.ts';
import { allSplits } from '../flags/splits.ts';
import { commandSummaries } from '../summaries.ts';

export function datasetsCommand(): Command {
  return new Command('datasets')
    .description(commandSummaries.datasets.summary)
    .argument('[name]', 'the one to describe')
    .option('--data <dir>', 'read the named data set from here (procedural ones are made without)')
    .addOption(new Option('--split <name>', 'read this split alone (default: all)').choices(allSplits))
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast datasets folder --data pictures'))
    .action(async (...given: Parameters<typeof import('./actions/datasets.ts').run>) =>
      (await import('./actions/datasets.ts')).run(...given),
    );
}
