import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { wholeNumber } from '../../flags/values.ts';
import { gpuList } from './options/gpus.ts';
import { batchSummaries } from './summaries.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description(batchSummaries.check)
    .argument('<study.yaml>', 'the study: docs/studies-of-commands.md')
    .option('--data <dir>', 'where the data lies, for workloads that Ballast trains itself')
    .option('--seconds <n>', 'a run ends after so many', wholeNumber(1), 60)
    .option('--rows <n>', 'or when it has logged so many steps with a loss', wholeNumber(1), 3)
    .option('--gpus <list>', 'graphics processors for commands, such as 0,1', gpuList)
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast batch check study.yaml'))
    .action(async (...given: Parameters<typeof import('./actions/check.ts').check>) =>
      (await import('./actions/check.ts')).check(...given),
    );
}
