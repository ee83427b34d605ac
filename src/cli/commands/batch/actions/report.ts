import { join } from 'node:path';
import { studyReport, writeStudyReport } from '../../../../app/study/index.ts';
import { batchCostTable, batchTable, wantsColor } from '../../../../report/index.ts';
import { studyReportKind } from '../../../../schema/index.ts';
import { commandLine } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import { type ClusterOptions, linkOf } from '../options/cluster-options.ts';

interface ReportOptions extends ClusterOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export async function run(dir: string, options: ReportOptions): Promise<void> {
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
