import { existsSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { version } from '../../base/version.ts';
import { writeFileAtomic } from '../../formats/index.ts';
import { reportOf, type Statement, type StudyReport } from '../../study/analysis/index.ts';
import { costsOfReport, type Link, type ReportCost } from '../../study/cost/index.ts';
import { measuredInFolder, readLinearErrors } from '../../study/index.ts';

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

interface PageOptions {
  /** What the page says it was made by. */
  readonly command?: string;
}

/** Such a report as a self-contained page. */
export async function pageOfStudyReport(
  report: StudyReport<ReportCost | null>,
  { command = 'the library' }: PageOptions = {},
): Promise<string> {
  const made = { ballast: version, date: new Date().toISOString() };
  const { batchCostSection, renderBatchReport } = await import('../../report/pages.ts');
  const cost = report.cost && batchCostSection(report.cost);
  return renderBatchReport(report, { command, made, ...(cost ? { cost } : {}) });
}

/** Writes such a report as a self-contained page. `command`: what the page says it was made by. */
export async function writeStudyReport(
  report: StudyReport<ReportCost>,
  file: string,
  options: PageOptions = {},
): Promise<void> {
  await writeFileAtomic(file, await pageOfStudyReport(report, options));
}

/**
 * Writes what the paper says on several studies together, as a self-contained page with links to the pages of the studies.
 * @param options.together The statements on all of them.
 * @param options.pages Where the page of each study would be; one that is not there is not linked.
 */
export async function writeStudiesReport(
  reports: readonly StudyReport<unknown>[],
  file: string,
  {
    command = 'the library',
    pages,
    together,
  }: PageOptions & { readonly pages: readonly string[]; readonly together: readonly Statement[] },
): Promise<void> {
  const made = { ballast: version, date: new Date().toISOString() };
  const { renderStudiesReport } = await import('../../report/pages.ts');
  const linked = pages.map((p) => (existsSync(p) ? relative(dirname(file), p).split(sep).join('/') : null));
  await writeFileAtomic(file, renderStudiesReport(reports, { command, made, together, pages: linked }));
}
