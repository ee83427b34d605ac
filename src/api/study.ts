/**
 * Which batch size is worth training at (arXiv 1811.12941): studies declared as grids, computed trial by trial, analysed, with what they cost; plans from one
 * short run; the measurements of others.
 *
 * ```ts
 * import { computeStudy, layingOut, studyReport, writeStudyReport } from 'ballast/study';
 *
 * await computeStudy(await layingOut('study.yaml'), { out: 'runs/study' });
 * const report = await studyReport('runs/study');
 * console.log(report.statements.map(({ statement, verdict }) => `${statement}: ${verdict}`));
 * await writeStudyReport(report, 'runs/study/report.html');
 * ```
 */
export {
  type BatchReproduction,
  type BatchReproductionRequest,
  type ComputedStudy,
  computeStudy,
  type LayOut,
  layingOut,
  reproduceBatch,
  type StudyOptions,
  type StudyReportOptions,
  studyReport,
  writeStudyReport,
} from '../app/index.ts';
export {
  type CriticalBatch,
  fitTradeoff,
  overheadBatch,
  performanceProfiles,
  reportOf,
  type Statement,
  type StudyReport,
} from '../study/analysis/index.ts';
export {
  type Cluster,
  fitStepTime,
  type Link,
  measureStepTimes,
  paretoFront,
  type ReportCost,
  type StepTimeFit,
  type StudyCost,
  studyCost,
  type TrainingCost,
  trainingCost,
} from '../study/cost/index.ts';
export { importStudy, type LogMapping, parseMapping, readImported } from '../study/import/index.ts';
export {
  type BundledStudy,
  bundledStudies,
  bundledStudy,
  type Edge,
  type ExportFormat,
  exportFormats,
  exportStudy,
  type MeasuredStudy,
  type MeasuredTrial,
  type MeasuredWorkload,
  type Mistake,
  measuredInFolder,
  type ParsedStudy,
  parseStudyFile,
  readStudy,
  readStudyFile,
  registerStrategy,
  type Strategy,
  type StrategyDescription,
  type StudyCounts,
  type StudyLayout,
  StudyMistakes,
  statusOf,
  studyJsonSchema,
} from '../study/index.ts';
export {
  type BatchPlanResult,
  type PlanRequest,
  planBatch,
  type Recommendation,
} from '../study/plan/index.ts';
