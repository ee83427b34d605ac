import { Command } from 'commander';
import { demoRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function demoCommand(): Command {
  const command = new Command('demo').description(commandSummaries.demo.summary);
  return addRequestOptions(command, demoRequest)
    .addHelpText('after', exampleText('ballast demo --out demo'))
    .action(async () => {
      const { demo } = await import('./actions/demo.ts');
      await demo(requestOf(command, demoRequest));
    });
}
