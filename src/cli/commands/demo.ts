import { Command } from 'commander';
import { exampleText } from '../flags/examples.ts';
import { folderName, wholeNumber } from '../flags/values.ts';
import { commandSummaries } from '../summaries.ts';

export function demoCommand(): Command {
  return new Command('demo')
    .description(commandSummaries.demo.summary)
    .option('--out <dir>', 'where the run and the report go; the same command again goes on', folderName, 'out/demo')
    .option('--seed <n>', 'seed of the weights and of the images', wholeNumber(0), 0)
    .addHelpText('after', exampleText('ballast demo --out demo'))
    .action(async (...given: Parameters<typeof import('./actions/demo.ts').demo>) =>
      (await import('./actions/demo.ts')).demo(...given),
    );
}
