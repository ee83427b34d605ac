import { Command } from 'commander';
import { importRequest } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { requiredOut } from '../../flags/options.ts';
import { addDryRun, addJson, addOut } from '../../flags/output-options.ts';
import { addRequestOptions, requestOf } from '../../flags/request-options.ts';
import { batchSummaries } from './summaries.ts';

export function batchImportCommand(): Command {
  const command = addRequestOptions(new Command('import').description(batchSummaries.import), importRequest);
  addOut(command, 'folder of the imported study (required unless --dry-run)');
  return addJson(addDryRun(command, 'say what was found, and write nothing'))
    .addHelpText(
      'after',
      exampleText(
        'ballast batch import runs.csv --map trainLoss=loss --set batchSize=64 --out study',
        'ballast batch report study',
      ),
    )
    .action(async () => {
      const options = command.opts<{ out?: string; dryRun?: boolean; json?: boolean }>();
      const out = requiredOut(options, command);
      const { run } = await import('./actions/import.ts');
      await run(requestOf(command, importRequest), {
        ...options,
        out: options.dryRun ? undefined : out,
      });
    });
}
