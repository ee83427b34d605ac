import { Command } from 'commander';
import { checkRequest, serveRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addRequestOptions, requestFrom } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function serveCommand(): Command {
  const command = new Command('serve').description(commandSummaries.serve.summary);
  return addRequestOptions(command, serveRequest)
    .addHelpText('after', exampleText('ballast serve out/demo'))
    .action(async () => {
      const { serve } = await import('./actions/serve.ts');
      await serve(checkRequest(serveRequest, requestFrom(serveRequest, command.opts(), command.processedArgs)));
    });
}
