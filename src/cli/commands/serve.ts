import { Command } from 'commander';
import { exampleText } from '../flags/examples.ts';
import { folderName, wholeNumber } from '../flags/values.ts';
import { commandSummaries } from '../summaries.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description(commandSummaries.serve.summary)
    .argument('[dir]', 'the folder: its studies, results and runs', folderName, '.')
    .option('--port <n>', 'where it listens', wholeNumber(0, 65_535), 4747)
    .option('--host <address>', 'who can reach it; elsewhere than on this machine a token is needed', '127.0.0.1')
    .option('--openapi', 'print the OpenAPI document of what it answers, and stop')
    .addHelpText('after', exampleText('ballast serve out/demo'))
    .action(async (...given: Parameters<typeof import('./actions/serve.ts').serve>) =>
      (await import('./actions/serve.ts')).serve(...given),
    );
}
