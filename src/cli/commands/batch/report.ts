import { join } from 'node:path';
import { Command } from 'commander';
import { studyReport, writeStudyReport } from '../../../app/index.ts';
import { batchCostTable, batchTable, wantsColor } from '../../../report/index.ts';
import { studyReportKind } from '../../../schema/index.ts';
import { exampleText } from '../../flags/examples.ts';
import { commandLine } from '../../terminal/invocation.ts';
import { printDocument } from '../../terminal/print-document.ts';
import { addClusterOptions, type ClusterOptions, linkOf } from './cluster-options.ts';
import { batchSummaries } from './summaries.ts';

interface ReportOptions extends ClusterOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export function batchReportCommand(): Command {
  const command = new Command('report')
    .description(batchSummaries.report)
    .argument('<dir>', 'folder of a study, or of an import')
    .option('--out <file>', 'where the HTML report goes (default: report.html in the folder)')
    .option('--json', 'print one JSON object on standard output, and write no file unless --out says so');
  return addClusterOptions(command)
    .addHelpText('after', exampleText('ballast batch report study --devices 1,2,4,8 --price 1.20'))
    .action(run);
}

async function run(dir: string, options: ReportOptions): Promise<void> {
  const { out, json = false } = options;
  const report = await studyReport(dir, { ...options, link: linkOf(options) });
  const target = out ?? (json ? undefined : join(dir, 'report.html'));
  if (target !== undefined) await writeStudyReport(report, target, { command: commandLine() });
  if (json) {
    const { devices = [1], price = null } = options;
    printDocument(studyReportKind, { folder: dir, devices, link: linkOf(options) ?? null, price }, report);
    return;
  }
  const color = wantsColor(process.stdout);
  process.stdout.write(batchTable(report, { color }));
  process.stdout.write(`\n${batchCostTable(report.cost, { color })}`);
  process.stdout.write(`report: ${target}\n`);
}
