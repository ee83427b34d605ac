/** What Ballast can be asked to do, without a terminal: commands and servers are thin over it. */

export {
  type MeasurementName,
  type MeasurementPlan,
  type MeasureOptions,
  measure,
  type Outcome,
  prepare,
  type Underway,
} from './measure.ts';
export { type OutputFolder, type OutputRequest, openOutput, requireFree } from './output-folder.ts';
export { type ComputedStudy, computeStudy, type LayOut, layingOut, type StudyOptions } from './study/compute-study.ts';
export {
  type CommandDraft,
  draftCommand,
  nameFor,
  requireFreePath,
  type StudyDraft,
  studyText,
  writeLogMapping,
  writeStudyFile,
} from './study/init-study.ts';
export { type BatchReproduction, type BatchReproductionRequest, reproduceBatch } from './study/reproduce-batch.ts';
export { type StudyReportOptions, studyReport, writeStudyReport } from './study/study-report.ts';
export { outlineTraining, type TrainRun, type TrainRunRequest, trainingPage, trainRun } from './training/train-run.ts';
