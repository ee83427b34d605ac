import { Command } from 'commander';
import { serveRequest } from '../../schema/index.ts';
import { exampleText } from '../flags/examples.ts';
import { addRequestOptions, requestOf } from '../flags/request-options.ts';
import { commandSummaries } from '../summaries.ts';

export function serveCommand(): Command {
  const command = new Command('serve').description(commandSummaries.serve.summary);
  return addRequestOptions(command, serveRequest)
    .addHelpText('after', exampleText('ballast serve out/demo'))
    .action(async () => {
      const { serve } = await import('./actions/serve.ts');
      await serve(requestOf(command, serveRequest));
    });
}
