/** Studies of the batch size: computed, looked at, planned, imported and exported, without a terminal. */

export { combinedStatements } from '../../study/analysis/index.ts';
export { bundledStudy, StudyMistakes, statusOf, studyJsonSchema } from '../../study/index.ts';
export { compareWithReport } from '../../study/plan/index.ts';
export { checkStudy, type StudyCheckOptions } from './check-study.ts';
export {
  type ComputedStudy,
  computeStudy,
  type LayOut,
  layingOut,
  resumeStudy,
  type StudyOptions,
} from './compute-study.ts';
export { exportMeasurements } from './export-study.ts';
export { type ImportedMeasurements, importMeasured } from './import-study.ts';
export {
  type CommandDraft,
  draftCommand,
  nameFor,
  requireFreePath,
  type StudyDraft,
  studyText,
  writeLogMapping,
  writeStudyFile,
} from './init-study.ts';
export { studyLinearErrors } from './linear-errors.ts';
export { linkOf } from './link.ts';
export { type MissingOptions, missingOfStudy } from './missing.ts';
export {
  type MadePlan,
  type PlanOptions,
  type PlanSource,
  type PreparedPlan,
  preparePlan,
  requireFreeForPlan,
  type WantedPlan,
} from './plan.ts';
export { StudyProgress, type TrialNews } from './progress.ts';
export { type BatchReproduction, type BatchReproductionRequest, reproduceBatch } from './reproduce-batch.ts';
export { type ScheduledTraining, scheduledTraining } from './schedule.ts';
export {
  type StudyReportOptions,
  studyReport,
  writeStudiesReport,
  writeStudyReport,
} from './study-report.ts';
