import { Command } from 'commander';
import { workerRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function workerCommand(): Command {
  const command = new Command('worker').description(commandSummaries.worker.summary);
  return addRequestOptions(command, workerRequest)
    .addHelpText(
      'after',
      exampleText(
        'ballast worker --queue /shared/study --until-idle',
        'ballast worker --queue rediss://queue.example.org:6379 --namespace lab --data /data --shared /shared',
        'ballast worker --queue rediss://queue.example.org:6379 --data /data --bucket s3://lab/studies',
      ),
    )
    .action(async () => {
      const { worker } = await import('./actions/worker.ts');
      await worker(requestOf(command, workerRequest));
    });
}
