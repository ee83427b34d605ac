import { Command, Option } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { addDeviceOptions } from '../../flags/options.ts';
import { addTrainingOptions, groupTrainingOptions } from '../../flags/training-options.ts';
import { folderName, number, wholeNumber } from '../../flags/values.ts';
import { addClusterOptions, batchList } from './options/cluster-options.ts';
import { ofRuns } from './options/plan-options.ts';
import { batchSummaries } from './summaries.ts';

export function batchPlanCommand(): Command {
  const command = new Command('plan').description(batchSummaries.plan);
  addTrainingOptions(command);
  for (const option of command.options) if (ofRuns.includes(option.attributeName())) option.makeOptionMandatory(false);
  command
    .option(
      '--steps <n>',
      'steps of the short run, the training with its schedule drawn together (default: a tenth of them, at least 200)',
      wholeNumber(16),
    )
    .option('--timing <seconds>', 'for timed steps; batch sizes beyond are modelled', number(0), 20)
    .option('--batch-sizes <list>', 'of the cost table (default: 8,16,...,8192 as far as the data go)', batchList)
    .option('--command <study>', 'plan for a program: the study file that has its command, instead of a model and data')
    .option('--workload <name>', 'with a command: which of the study file')
    .option('--parameters <n>', 'with a command: how many it trains, which several devices have to sum', wholeNumber(1))
    .option('--against <file>', 'compare with a study: what `ballast batch report --json` printed');
  addDeviceOptions(addClusterOptions(command))
    .option(
      '--out <dir>',
      'the plan: plan.json, report.html, run/, step-times/; the same command again goes on (required unless --dry-run)',
      folderName,
    )
    // What earlier versions asked for; the same command goes on without it.
    .addOption(new Option('--resume').hideHelp())
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast batch plan --model resnet8 --dataset shapes --steps 150 --out plan'))
    .action(async (...given: Parameters<typeof import('./actions/plan.ts').plan>) =>
      (await import('./actions/plan.ts')).plan(...given),
    );
  return groupTrainingOptions(command, 'The plan:');
}
