import { Command } from 'commander';
import { rhythmSettings } from '../../app/training/settings.ts';
import { exampleText } from '../flags/examples.ts';
import { addDeviceOptions } from '../flags/options.ts';
import { addDryRun, addJson, addOut } from '../flags/output-options.ts';
import { addSettingOptions } from '../flags/setting-options.ts';
import { addGrowthOptions, addTrainingOptions, groupTrainingOptions } from '../flags/training-options.ts';
import { commandSummaries } from '../summaries.ts';

export function trainCommand(): Command {
  const command = new Command('train').description(commandSummaries.train.summary);
  addSettingOptions(addGrowthOptions(addTrainingOptions(command)), rhythmSettings);
  // A run that is gone on with knows its model.
  for (const option of command.options) option.makeOptionMandatory(false);
  addOut(
    addDeviceOptions(command),
    'the run: config.json, metrics.jsonl, checkpoint/, model.safetensors, report.html; the same command again goes on (required unless --dry-run)',
  ).option(
    '--resume',
    'go on with the run in --out, which knows its model, data set and settings; --max-steps and --epochs make it longer',
  );
  addJson(addDryRun(command))
    .addHelpText(
      'after',
      exampleText(
        'ballast train --model resnet8 --dataset shapes --max-steps 200 --out run',
        'ballast train --resume --max-steps 400 --out run',
      ),
    )
    .action(async (...given: Parameters<typeof import('./actions/train.ts').run>) =>
      (await import('./actions/train.ts')).run(...given),
    );
  return groupTrainingOptions(command, 'The run:');
}
