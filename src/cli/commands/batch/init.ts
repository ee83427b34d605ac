import { Command } from 'commander';
import { initRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { addRequestOptions, requestOf } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function initCommand(): Command {
  const command = new Command('init').description(batchSummaries.init);
  return addRequestOptions(command, initRequest)
    .addHelpText('after', exampleText('ballast batch init study.yaml --model resnet8 --dataset cifar10'))
    .action(async () => {
      const { init } = await import('./actions/init.ts');
      await init(requestOf(command, initRequest));
    });
}
