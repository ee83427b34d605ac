import { join } from 'node:path';
import { Command } from 'commander';
import { batchTable, wantsColor } from '../../report/index.ts';
import { wholeNumber } from '../values.ts';
import { addClusterOptions, type ClusterOptions } from './cluster-options.ts';
import { studyReport, writeStudyReport } from './study-report.ts';

interface ReportOptions extends ClusterOptions {
  readonly out?: string;
  readonly draws: number;
  readonly json?: boolean;
}

export function batchReportCommand(): Command {
  const command = new Command('report')
    .description(
      'What a batch study says: steps to targets, speed-up, critical batch, cost, and the paper’s statements on it',
    )
    .argument('<dir>', 'folder of a study, or of an import')
    .option('--out <file>', 'where the HTML report goes (default: report.html in the folder)')
    .option('--draws <n>', 'draws of the bootstrap behind the intervals', wholeNumber(20), 1000)
    .option('--json', 'print one JSON object on standard output, and write no file unless --out says so');
  return addClusterOptions(command).action(run);
}

async function run(dir: string, options: ReportOptions): Promise<void> {
  const { out, json = false } = options;
  const report = await studyReport(dir, options);
  const target = out ?? (json ? undefined : join(dir, 'report.html'));
  if (target !== undefined) await writeStudyReport(report, target);
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  process.stdout.write(batchTable(report, { color: wantsColor(process.stdout) }));
  process.stdout.write(`\nreport: ${target}\n`);
}
