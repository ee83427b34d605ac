import { Command } from 'commander';
import { exampleText } from '../flags/examples.ts';
import { commandSummaries } from '../summaries.ts';

export function reportCommand(): Command {
  return new Command('report')
    .description(commandSummaries.report.summary)
    .argument('<path...>', 'results: files such as result.json, or folders with some')
    .option('--out <dir>', 'write the page of each there (NAME.html, report.html where there is one result)')
    .option('--figures <dir>', 'write each figure there as SVG, and what it shows as CSV')
    .option('--csv', 'print the result as comma-separated values, a row for each value of a spectrum')
    .option('--json', 'print the results in the form of today, a line each')
    .addHelpText('after', exampleText('ballast report out/spectrum --out pages --figures figures'))
    .action(async (...given: Parameters<typeof import('./actions/report.ts').run>) =>
      (await import('./actions/report.ts')).run(...given),
    );
}
