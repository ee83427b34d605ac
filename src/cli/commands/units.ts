import { Command } from 'commander';
import { addForeignOptions } from '../flags/network.ts';
import { commandSummaries } from '../summaries.ts';

export function unitsCommand(): Command {
  const command = new Command('units')
    .description(commandSummaries.units.summary)
    .argument('<model>', 'an ONNX file, or the name of a built-in model')
    .option('--json', 'print JSON on standard output');
  return addForeignOptions(command).action(async (...given: Parameters<typeof import('./actions/units.ts').run>) =>
    (await import('./actions/units.ts')).run(...given),
  );
}
