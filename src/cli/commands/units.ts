import { Command } from 'commander';
import { exampleText } from '../flags/examples.ts';
import { addForeignOptions } from '../flags/network.ts';
import { commandSummaries } from '../summaries.ts';

export function unitsCommand(): Command {
  const command = new Command('units')
    .description(commandSummaries.units.summary)
    .argument('<model>', 'an ONNX file, or the name of a built-in model')
    .option('--json', 'print JSON on standard output');
  return addForeignOptions(command)
    .addHelpText('after', exampleText('ballast units resnet20'))
    .action(async (...given: Parameters<typeof import('./actions/units.ts').run>) =>
      (await import('./actions/units.ts')).run(...given),
    );
}
