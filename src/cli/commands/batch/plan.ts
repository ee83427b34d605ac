import { Command, Option } from 'commander';
import { z } from 'zod';
import { planKeys } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addDeviceOptions } from '../../flags/options.ts';
import { addDryRun, addJson, addOut } from '../../flags/output-options.ts';
import { addRequestOptions } from '../../flags/request-options.ts';
import { addTrainingOptions, groupTrainingOptions } from '../../flags/training-options.ts';
import { ofRuns } from './options/plan-options.ts';
import { batchSummaries } from './summaries.ts';

export function batchPlanCommand(): Command {
  const command = new Command('plan').description(batchSummaries.plan);
  addTrainingOptions(command);
  for (const option of command.options) if (ofRuns.includes(option.attributeName())) option.makeOptionMandatory(false);
  addDeviceOptions(addRequestOptions(command, z.object(planKeys)));
  addOut(
    command,
    'the plan: plan.json, report.html, run/, step-times/; the same command again goes on (required unless --dry-run)',
  );
  addJson(addDryRun(command))
    // What earlier versions asked for; the same command goes on without it.
    .addOption(new Option('--resume').hideHelp())
    .addHelpText('after', exampleText('ballast batch plan --model resnet8 --dataset shapes --steps 150 --out plan'))
    .action(async (...given: Parameters<typeof import('./actions/plan.ts').plan>) =>
      (await import('./actions/plan.ts')).plan(...given),
    );
  return groupTrainingOptions(command, 'The plan:');
}
