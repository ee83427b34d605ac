import { Command } from 'commander';
import { checkRequest, demoRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addRequestOptions, requestFrom } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function demoCommand(): Command {
  const command = new Command('demo').description(commandSummaries.demo.summary);
  return addRequestOptions(command, demoRequest)
    .addHelpText('after', exampleText('ballast demo --out demo'))
    .action(async () => {
      const { demo } = await import('./actions/demo.ts');
      await demo(checkRequest(demoRequest, requestFrom(demoRequest, command.opts(), command.processedArgs)));
    });
}
