import { Command } from 'commander';
import { rhythmSettings } from '../../app/training/settings.ts';
import { exampleText } from '../flags/examples.ts';
import { addDeviceOptions } from '../flags/options.ts';
import { addSettingOptions } from '../flags/setting-options.ts';
import { addGrowthOptions, addTrainingOptions, groupTrainingOptions } from '../flags/training-options.ts';
import { folderName } from '../flags/values.ts';
import { commandSummaries } from '../summaries.ts';

export function trainCommand(): Command {
  const command = new Command('train').description(commandSummaries.train.summary);
  addSettingOptions(addGrowthOptions(addTrainingOptions(command)), rhythmSettings);
  // A run that is gone on with knows its model.
  for (const option of command.options) option.makeOptionMandatory(false);
  addDeviceOptions(command)
    .option(
      '--out <dir>',
      'the run: config.json, metrics.jsonl, checkpoint/, model.safetensors, report.html; the same command again goes on (required unless --dry-run)',
      folderName,
    )
    .option(
      '--resume',
      'go on with the run in --out, which knows its model, data set and settings; --max-steps and --epochs make it longer',
    )
    .option('--dry-run', 'say what would be done, and stop')
    .option('--json', 'print one JSON object on standard output and nothing else there')
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
