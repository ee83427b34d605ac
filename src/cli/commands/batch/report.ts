import { Command } from 'commander';
import { exampleText } from '../../flags/examples.ts';
import { addClusterOptions } from './options/cluster-options.ts';
import { batchSummaries } from './summaries.ts';

export function batchReportCommand(): Command {
  const command = new Command('report')
    .description(batchSummaries.report)
    .argument('<dir>', 'folder of a study, or of an import')
    .option('--out <file>', 'where the HTML report goes (default: report.html in the folder)')
    .option('--json', 'print one JSON object on standard output, and write no file unless --out says so');
  return addClusterOptions(command)
    .addHelpText('after', exampleText('ballast batch report study --devices 1,2,4,8 --price 1.20'))
    .action(async (...given: Parameters<typeof import('./actions/report.ts').run>) =>
      (await import('./actions/report.ts')).run(...given),
    );
}
