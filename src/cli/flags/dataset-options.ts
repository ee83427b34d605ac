import type { Command } from 'commander';
import { dataSets } from '../../schema/index.ts';

/** Which images or texts. */
export function addDatasetOptions(command: Command): Command {
  return command
    .option(
      '--dataset <name>',
      `one of ${dataSets.names().join(', ')} (shapes and grammar are procedural and need no files)`,
      'cifar10',
    )
    .option('--data <dir>', 'where the data set lies; a picture (.png, .jpg) is taken for a folder of its own')
    .option(
      '--class-names <list|file>',
      "--dataset folder: the network's classes in the order of its outputs, e.g. ant,cat,dog, or a .json or .txt file of them; folders are matched by name",
    )
    .option('--download', 'fetch CIFAR from its official address into --data first, if it is not there');
}
