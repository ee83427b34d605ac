import { join } from 'node:path';
import { linkOf, studyReport, writeStudyReport } from '../../../../app/study/index.ts';
import { batchCostTable, batchTable, wantsColor } from '../../../../report/index.ts';
import { type BatchReportRequest, studyReportKind } from '../../../../schema/index.ts';
import { commandLine } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

export async function run(request: BatchReportRequest, { json = false }: { readonly json?: boolean }): Promise<void> {
  const { folder, out, devices, price } = request;
  const link = linkOf(request);
  const report = await studyReport(folder, { devices, link, price });
  const target = out ?? (json ? undefined : join(folder, 'report.html'));
  if (target !== undefined) await writeStudyReport(report, target, { command: commandLine() });
  if (json) {
    printDocument(studyReportKind, { folder, devices, link: link ?? null, price: price ?? null }, report);
    return;
  }
  const color = wantsColor(process.stdout);
  process.stdout.write(batchTable(report, { color }));
  process.stdout.write(`\n${batchCostTable(report.cost, { color })}`);
  process.stdout.write(`report: ${target}\n`);
}
