import { reportOf, type StudyReport } from '../../batch/analysis/index.ts';
import { costsOfReport, type ReportCost } from '../../batch/cost/index.ts';
import { measuredInFolder, readLinearErrors } from '../../batch/index.ts';
import { writeFileAtomic } from '../../formats/index.ts';
import { version } from '../../version.ts';
import { type ClusterOptions, linkOf } from './cluster-options.ts';

/** What was measured in a folder, analysed and with its costs. */
export async function studyReport(dir: string, options: ClusterOptions): Promise<StudyReport<ReportCost>> {
  const { devices, price } = options;
  const link = linkOf(options);
  const study = await measuredInFolder(dir);
  const report = reportOf(study, {
    cost: null,
    linearErrors: await readLinearErrors(dir),
  });
  return { ...report, cost: costsOfReport(study, report, { devices, link, price }) };
}

/** Writes a report as a page. */
export async function writeStudyReport(report: StudyReport<ReportCost>, file: string): Promise<void> {
  const command = `ballast ${process.argv.slice(2).join(' ')}`;
  const made = { ballast: version, date: new Date().toISOString() };
  const { batchCostSection, renderBatchReport } = await import('../../report/pages.ts');
  const cost = batchCostSection(report.cost);
  await writeFileAtomic(file, renderBatchReport(report, { command, made, ...(cost ? { cost } : {}) }));
}
