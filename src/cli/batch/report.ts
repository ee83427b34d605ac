import { join } from 'node:path';
import { Command } from 'commander';
import { reportOf } from '../../batch/analysis/index.ts';
import { measuredInFolder } from '../../batch/index.ts';
import { writeFileAtomic } from '../../formats/index.ts';
import { batchTable, renderBatchReport, wantsColor } from '../../report/index.ts';
import { version } from '../../version.ts';
import { wholeNumber } from '../options.ts';

interface ReportOptions {
  readonly out?: string;
  readonly draws: number;
  readonly json?: boolean;
}

export function batchReportCommand(): Command {
  return new Command('report')
    .description(
      'What a batch study says: steps to targets, speed-up, critical batch, and the paper’s statements on it',
    )
    .argument('<dir>', 'folder of a study, or of an import')
    .option('--out <file>', 'where the HTML report goes (default: report.html in the folder)')
    .option('--draws <n>', 'draws of the bootstrap behind the intervals', wholeNumber(20), 1000)
    .option('--json', 'print one JSON object on standard output, and write no file unless --out says so')
    .action(run);
}

async function run(dir: string, { out, draws, json = false }: ReportOptions): Promise<void> {
  const report = reportOf(await measuredInFolder(dir), { cost: null, bootstrap: { draws } });
  const target = out ?? (json ? undefined : join(dir, 'report.html'));
  if (target !== undefined) {
    const command = `ballast ${process.argv.slice(2).join(' ')}`;
    const made = { ballast: version, date: new Date().toISOString() };
    await writeFileAtomic(target, renderBatchReport(report, { command, made }));
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  process.stdout.write(batchTable(report, { color: wantsColor(process.stdout) }));
  process.stdout.write(`\nreport: ${target}\n`);
}
