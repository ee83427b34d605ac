/** The statements of Golmant et al. (arXiv 1811.12941), on the studies that Ballast brings along. */
import { join } from 'node:path';
import { parseDevice } from '../../runtime/index.ts';
import { combinedStatements, type StudyReport } from '../../study/analysis/index.ts';
import type { ReportCost } from '../../study/cost/index.ts';
import {
  type BundledStudy,
  bundledStudies,
  bundledStudy,
  measureLinearErrors,
  type StudyCounts,
} from '../../study/index.ts';
import { computeStudy, layingOut, type StudyOptions } from './compute-study.ts';
import { studyReport, writeStudiesReport, writeStudyReport } from './study-report.ts';

/** What the reproduction takes. `out` has a folder for each study, and `index.html` over all of them. */
export interface BatchReproductionRequest extends StudyOptions {
  /** Which of them; all unless told. Only `shapes` needs no data. */
  readonly studies?: readonly BundledStudy[] | undefined;
  /** Where the data lies. */
  readonly data?: string | undefined;
  /** What the pages say they were made by. */
  readonly command?: string | undefined;
  /** Told when all trials of a study were computed that could be. */
  readonly onStudy?: ((study: BundledStudy, counts: StudyCounts) => void) | undefined;
  /** Told how far the linear approximation of a study is, as a share of it. */
  readonly onLinear?: ((study: BundledStudy, share: number, detail: string) => void) | undefined;
  /** Told when it is done, or was stopped. */
  readonly onLinearEnd?: (() => void) | undefined;
}

/** What it has come to. */
export interface BatchReproduction {
  readonly status: 'complete' | 'interrupted';
  /** Trials that failed. */
  readonly failed: number;
  readonly reports: readonly StudyReport<ReportCost>[];
  /** Path of the page over all of them; none where it was interrupted. */
  readonly page?: string;
}

/**
 * Computes what is missing of the studies, then of their linear approximation, and writes a report of each and a page over all of them. It can be interrupted
 * and goes on. Throws as `computeStudy` does, and UsageError and FileError for data that are not there.
 */
export async function reproduceBatch(request: BatchReproductionRequest): Promise<BatchReproduction> {
  const { out, studies = bundledStudies, data, device = 'cpu', threads, signal, command = 'the library' } = request;
  const reports: StudyReport<ReportCost>[] = [];
  let failed = 0;
  for (const name of studies) {
    const folder = join(out, name);
    const layOut = await layingOut(bundledStudy(name), { data });
    const { status, counts } = await computeStudy(layOut, { ...request, out: folder });
    request.onStudy?.(name, counts);
    failed += counts.failed;
    if (status === 'interrupted') return { status, failed, reports };
    await measureLinearErrors({
      ...{ folder, data },
      ...(signal && { signal }),
      runtime: { device: parseDevice(device), ...(threads === undefined ? {} : { threads }) },
      onProgress: (share, detail) => request.onLinear?.(name, share, detail),
    }).finally(() => request.onLinearEnd?.());
    const report = await studyReport(folder);
    await writeStudyReport(report, join(folder, 'report.html'), { command });
    reports.push(report);
  }
  const page = join(out, 'index.html');
  const pages = studies.map((name) => join(out, name, 'report.html'));
  await writeStudiesReport(reports, page, { command, pages, together: combinedStatements(reports) });
  return { status: 'complete', failed, reports, page };
}
