import { Command, Option } from 'commander';
import { owningFolder } from '../../../formats/index.ts';
import { formatCount } from '../../../report/index.ts';
import { exportedKind } from '../../../schema/index.ts';
import { type ExportFormat, exportFormats, exportStudy, readStudy } from '../../../study/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { folderName } from '../../flags/values.ts';
import { runningCommand } from '../../terminal/output-folder.ts';
import { printDocument } from '../../terminal/print-document.ts';
import { batchSummaries } from './summaries.ts';

interface ExportOptions {
  readonly format: ExportFormat;
  readonly to: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function exportCommand(): Command {
  return new Command('export')
    .description(batchSummaries.export)
    .argument('<dir>', 'the study on disk')
    .addOption(
      new Option(
        '--format <format>',
        'parquet or csv: one table; layout: dataset/model/optimizer/batch_size/trial with a CSV file a trial',
      )
        .choices(exportFormats)
        .makeOptionMandatory(),
    )
    .requiredOption('--to <path>', 'the file, or for layout the folder', folderName)
    .option('--all', 'also trials that are no longer in the grid')
    .option('--json', 'print one JSON object on standard output and nothing else there')
    .addHelpText('after', exampleText('ballast batch export study --format csv --to measurements.csv'))
    .action(async (dir: string, { format, to, all = false, json = false }: ExportOptions) => {
      const study = await readStudy(dir, { all });
      const write = () => exportStudy(study, format, to);
      // A file is exchanged whole; a folder is somebody's.
      await (format === 'layout' ? owningFolder(to, { doing: runningCommand(), sweepDepth: 6 }, write) : write());
      const measurements = study.trials.reduce((n, t) => n + t.measurements.length, 0);
      const found = { study: study.name, trials: study.trials.length, measurements, format, path: to };
      if (json) printDocument(exportedKind, { folder: dir, format, path: to, all }, found);
      else
        process.stdout.write(
          `${to}: ${formatCount(measurements)} measurements of ${formatCount(found.trials)} trials\n`,
        );
    });
}
