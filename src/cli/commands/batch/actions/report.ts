import { join } from 'node:path';
import { studyReport, writeStudyReport } from '../../../../app/study/index.ts';
import { batchCostTable, batchTable, wantsColor } from '../../../../report/index.ts';
import { type ClusterOptions, studyReportKind } from '../../../../schema/index.ts';
import { commandLine } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';
import { clusterFrom } from '../options/cluster-options.ts';

interface ReportOptions extends ClusterOptions {
  readonly out?: string;
  readonly json?: boolean;
}

export async function run(dir: string, options: ReportOptions): Promise<void> {
  const { out, json = false } = options;
  const { devices, link, price } = clusterFrom(options);
  const report = await studyReport(dir, { devices, link, price });
  const target = out ?? (json ? undefined : join(dir, 'report.html'));
  if (target !== undefined) await writeStudyReport(report, target, { command: commandLine() });
  if (json) {
    printDocument(studyReportKind, { folder: dir, devices, link: link ?? null, price: price ?? null }, report);
    return;
  }
  const color = wantsColor(process.stdout);
  process.stdout.write(batchTable(report, { color }));
  process.stdout.write(`\n${batchCostTable(report.cost, { color })}`);
  process.stdout.write(`report: ${target}\n`);
}
