import { Command, Option } from 'commander';
import { exportFormatNames } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { folderName } from '../../flags/values.ts';
import { batchSummaries } from './summaries.ts';

export function exportCommand(): Command {
  return new Command('export')
    .description(batchSummaries.export)
    .argument('<dir>', 'the study on disk')
    .addOption(
      new Option(
        '--format <format>',
        'parquet or csv: one table; layout: dataset/model/optimizer/batch_size/trial with a CSV file a trial',
      )
        .choices(exportFormatNames)
        .makeOptionMandatory(),
    )
    .requiredOption('--to <path>', 'the file, or for layout the folder', folderName)
    .option('--all', 'also trials that are no longer in the grid')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast batch export study --format csv --to measurements.csv'))
    .action(async (...given: Parameters<typeof import('./actions/export.ts').exportAs>) =>
      (await import('./actions/export.ts')).exportAs(...given),
    );
}
