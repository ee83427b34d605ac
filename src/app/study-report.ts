import { version } from '../base/version.ts';
import { writeFileAtomic } from '../formats/index.ts';
import { reportOf, type StudyReport } from '../study/analysis/index.ts';
import { costsOfReport, type Link, type ReportCost } from '../study/cost/index.ts';
import { measuredInFolder, readLinearErrors } from '../study/index.ts';

/** How many devices there may be, what lies between them and what they cost. */
export interface StudyReportOptions {
  /** Numbers of devices; 1 unless told. */
  readonly devices?: readonly number[] | undefined;
  /** Between devices; nothing is said of several without. */
  readonly link?: Link | undefined;
  /** Of an hour of one device, in any currency. */
  readonly price?: number | undefined;
}

/** What was measured in the folder of a study or of an import, analysed and with its costs. Throws FileError and UsageError for a folder that is none. */
export async function studyReport(
  folder: string,
  { devices = [1], link, price }: StudyReportOptions = {},
): Promise<StudyReport<ReportCost>> {
  const study = await measuredInFolder(folder);
  const report = reportOf(study, { cost: null, linearErrors: await readLinearErrors(folder) });
  return { ...report, cost: costsOfReport(study, report, { devices, link, price }) };
}

/** Writes such a report as a self-contained page. `command`: what the page says it was made by. */
export async function writeStudyReport(
  report: StudyReport<ReportCost>,
  file: string,
  { command = 'the library' }: { readonly command?: string } = {},
): Promise<void> {
  const made = { ballast: version, date: new Date().toISOString() };
  const { batchCostSection, renderBatchReport } = await import('../report/pages.ts');
  const cost = batchCostSection(report.cost);
  await writeFileAtomic(file, renderBatchReport(report, { command, made, ...(cost ? { cost } : {}) }));
}
