import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { positive, positives, seeds, target } from './options/init-values.ts';
import { batchSummaries } from './summaries.ts';

export function initCommand(): Command {
  return new Command('init')
    .description(batchSummaries.init)
    .argument('<file.yaml>', 'the file to write')
    .argument('[command...]', 'behind --: the command as you would type it, such as python3 train.py --bs 64 --lr 0.1')
    .option('--name <name>', 'of the study (default: from the script)')
    .option('--model <name>', 'our own trainer: see ballast models')
    .option('--dataset <name>', 'our own trainer: see ballast datasets')
    .option('--logs <path>', 'finished runs: the folder of their logs')
    .option('--examples <n>', 'training examples of an epoch', positive)
    .option('--batch-sizes <list>', 'such as 16,32,64,128,256,512', positives)
    .option('--rates <list>', 'learning rates that are tried at each batch size', positives)
    .option('--seeds <list>', 'repeats (default: 0)', seeds)
    .option('--epochs <n>', 'budget of each trial', positive)
    .option('--steps <n>', 'or its steps', positive)
    .option(
      '--target <quantity=value>',
      'what training is to reach: valLoss=1.2, trainLoss=0.5 or valMetric=0.9',
      target,
    )
    .addHelpText('after', exampleText('ballast batch init study.yaml --model resnet8 --dataset cifar10'))
    .action(async (...given: Parameters<typeof import('./actions/init.ts').init>) =>
      (await import('./actions/init.ts')).init(...given),
    );
}
