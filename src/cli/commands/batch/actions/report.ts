import { join } from 'node:path';
import {
  combinedStatements,
  linkOf,
  studyReport,
  writeStudiesReport,
  writeStudyReport,
} from '../../../../app/study/index.ts';
import { UsageError } from '../../../../base/errors.ts';
import { batchCostTable, batchTable, studiesTable, wantsColor } from '../../../../report/index.ts';
import { type BatchReportRequest, studiesReportKind, studyReportKind } from '../../../../schema/index.ts';
import { commandLine } from '../../../terminal/invocation.ts';
import { printDocument } from '../../../terminal/print-document.ts';

interface Options {
  readonly json?: boolean;
}

export async function run(request: BatchReportRequest, options: Options): Promise<void> {
  const [folder, another] = request.folders;
  if (another === undefined) await reportOne(folder!, request, options);
  else await reportTogether(request, options);
}

async function reportOne(folder: string, request: BatchReportRequest, { json = false }: Options): Promise<void> {
  const { out, devices, price } = request;
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

async function reportTogether(request: BatchReportRequest, { json = false }: Options): Promise<void> {
  const { folders, out, devices, price } = request;
  if (linkOf(request) !== undefined || price !== undefined || devices.some((n) => n !== 1))
    throw new UsageError(
      '--devices, --bandwidth, --latency and --price are about the cost of one study: expected one folder',
    );
  const reports = [];
  for (const folder of folders) reports.push(await studyReport(folder));
  const together = combinedStatements(reports);
  const pages = folders.map((folder) => join(folder, 'report.html'));
  if (out !== undefined) await writeStudiesReport(reports, out, { command: commandLine(), pages, together });
  if (json) {
    const studies = reports.map((r) => ({ study: r.study, statements: r.statements }));
    printDocument(studiesReportKind, { folders }, { studies, statements: together });
    return;
  }
  process.stdout.write(studiesTable(reports, together, { color: wantsColor(process.stdout) }));
  if (out !== undefined) process.stdout.write(`report: ${out}\n`);
}
